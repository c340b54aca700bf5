// SPDX-License-Identifier: MIT
/* Photo -> network input: resample, place, subtract the mean, in one pass over each row of the output.
 *
 * The triangle filter is separable. A row of the output is a weighted sum of a few rows of the photo (contiguous bytes, the
 * form that vectorises) and then, along that one row of floats, weighted sums of neighbouring pixels. Vertical first means
 * that the second, strided step runs once a row of the output instead of once a row of the photo, and that rows depend on
 * nothing but the photo: any thread may compute any row, so results cannot depend on how many there are. */
#include "media/media.h"

#include "base/alloc.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum {
    BAND_ROWS = 8, /* of the output, the work of one chunk */
    BLOCK = 16,    /* samples summed at once in the vertical step */
    MAX_PIXEL = 4, /* bytes */
    PACKED = 3,    /* floats of a pixel whose neighbour follows at once */
    ALIGNMENT = 64,
};

typedef float lanes __attribute__((vector_size(16)));

/* Output i of an axis is the sum over k < count[i] of weight[i * stride + k] * input[start[i] + k]. */
typedef struct axis {
    int   *start, *count;
    float *weight;
    int    stride;
} axis;

typedef struct work {
    const fov_letterbox *box;
    const fov_image     *image;
    float               *out;
    ptrdiff_t            ld;
    bool                 same_size;
    bool                 reversed; /* the network's channels are the photo's, last first */
    axis                 x, y;
    float               *row; /* row_floats for each thread */
    size_t               row_floats;
    fov_letterbox_sink  *sink; /* takes rows; NULL: they go to `out` */
    void                *sink_context;
    float               *sunk; /* sunk_floats for each thread */
    size_t               sunk_floats;
} work;

/* ---------------------------------------------------------------- weights */

static double radius(int in, int out)
{
    return in > out ? (double)in / out : 1.0;
}

static int max_taps(int in, int out)
{
    double taps = 2 * ceil(radius(in, out)) + 1;
    return taps < in ? (int)taps : in;
}

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t axis_bytes(int in, int out)
{
    size_t n = (size_t)out;
    return 2 * rounded(n * sizeof(int)) + rounded(n * (size_t)max_taps(in, out) * sizeof(float));
}

static unsigned char *axis_place(axis *a, int in, int out, unsigned char *memory)
{
    const size_t ints = rounded((size_t)out * sizeof(int));
    a->start = (int *)(void *)memory;
    a->count = (int *)(void *)(memory + ints);
    a->weight = (float *)(void *)(memory + 2 * ints);
    a->stride = max_taps(in, out);
    return memory + axis_bytes(in, out);
}

/* Pillow's taps: output i is centred at (i + 0.5) * in / out of the input, pixel k of the input at k + 0.5; the triangle is
 * `reach` wide to either side and cut off at the picture's edge, which is why its sum is divided out. */
static void axis_fill(axis *a, int in, int out)
{
    const double ratio = (double)in / out, reach = radius(in, out);
    for (int i = 0; i < out; i++) {
        float       *weight = a->weight + (size_t)i * (size_t)a->stride;
        const double centre = (i + 0.5) * ratio;
        int          first = (int)ceil(centre - reach - 0.5), count = 0;
        double       sum = 0;
        if (first < 0) first = 0;
        while (first < in - 1 && reach - fabs(first + 0.5 - centre) <= 0) first++;
        for (int k = first; k < in && count < a->stride; k++) {
            double w = 1 - fabs(k + 0.5 - centre) / reach;
            if (w <= 0) break;
            weight[count++] = (float)w;
            sum += w;
        }
        for (int k = 0; k < count; k++) weight[k] = (float)(weight[k] / sum);
        a->start[i] = first;
        a->count[i] = count;
    }
}

/* ---------------------------------------------------------------- one row */

/* out[i] = sum over k of weight[k] * (row k of `in`)[i]; the block's sums stay in registers while the taps pass by. */
static void blend_rows(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, size_t n)
{
    size_t i = 0;
    for (; i + BLOCK <= n; i += BLOCK) {
        float sum[BLOCK] = {0};
        for (int k = 0; k < taps; k++) {
            const uint8_t *p = in + k * pitch + i;
            for (int j = 0; j < BLOCK; j++) sum[j] += weight[k] * (float)p[j];
        }
        memcpy(out + i, sum, sizeof sum);
    }
    for (; i < n; i++) {
        float sum = 0;
        for (int k = 0; k < taps; k++) sum += weight[k] * (float)in[k * pitch + (ptrdiff_t)i];
        out[i] = sum;
    }
}

static inline float normalise(const fov_letterbox *box, int c, float value)
{
    return (value - box->mean[c]) * box->scale[c];
}

/* Four floats are loaded for every tap, whatever the pixel's size: the ones too many are not used, the row is padded. */
static inline void resample(const work *w, const float *row, ptrdiff_t pixel, int c0, int c1, int c2, float *out)
{
    const fov_letterbox *box = w->box;
    const ptrdiff_t      ld = w->ld;
    for (int x = 0; x < box->scaled_w; x++, out += ld) {
        const float *weight = w->x.weight + (size_t)x * (size_t)w->x.stride;
        const float *in = row + w->x.start[x] * pixel;
        lanes        sum = {0};
        for (int k = 0; k < w->x.count[x]; k++) {
            lanes value;
            memcpy(&value, in + k * pixel, sizeof value);
            sum += value * weight[k];
        }
        out[0] = normalise(box, 0, sum[c0]);
        out[1] = normalise(box, 1, sum[c1]);
        out[2] = normalise(box, 2, sum[c2]);
    }
}

static inline void convert(const work *w, const uint8_t *in, ptrdiff_t pixel, int c0, int c1, int c2, float *out)
{
    const fov_letterbox *box = w->box;
    const ptrdiff_t      ld = w->ld;
    for (int x = 0; x < box->scaled_w; x++, in += pixel, out += ld) {
        out[0] = normalise(box, 0, in[c0]);
        out[1] = normalise(box, 1, in[c1]);
        out[2] = normalise(box, 2, in[c2]);
    }
}

/* The pixel's layout as constants, so that each is a loop of its own to the compiler. */
#define FOR_LAYOUT(w, step, in, out)                                                                                               \
    switch (fov_pixel_bytes((w)->image->format)) {                                                                                 \
    case 1:                                                                                                                        \
        step(w, in, 1, 0, 0, 0, out);                                                                                              \
        break;                                                                                                                     \
    case 4:                                                                                                                        \
        if ((w)->reversed) step(w, in, 4, 2, 1, 0, out);                                                                           \
        else step(w, in, 4, 0, 1, 2, out);                                                                                         \
        break;                                                                                                                     \
    default:                                                                                                                       \
        if ((w)->reversed) step(w, in, 3, 2, 1, 0, out);                                                                           \
        else step(w, in, 3, 0, 1, 2, out);                                                                                         \
    }

static void picture_row(const work *w, int y, float *row, float *out)
{
    const fov_image *image = w->image;
    if (w->same_size) {
        const uint8_t *in = image->data + y * image->pitch;
        FOR_LAYOUT(w, convert, in, out)
        return;
    }
    const uint8_t *in = image->data + w->y.start[y] * image->pitch;
    const size_t   samples = (size_t)image->width * (size_t)fov_pixel_bytes(image->format);
    blend_rows(row, in, image->pitch, w->y.weight + (size_t)y * (size_t)w->y.stride, w->y.count[y], samples);
    FOR_LAYOUT(w, resample, row, out)
}

static void fill(const work *w, float *out, int count)
{
    const fov_letterbox *box = w->box;
    const float value[3] = {normalise(box, 0, box->fill[0]), normalise(box, 1, box->fill[1]), normalise(box, 2, box->fill[2])};
    for (int x = 0; x < count; x++) memcpy(out + x * w->ld, value, sizeof value);
}

static void output_row(const work *w, int y, size_t thread, float *out)
{
    const fov_letterbox *box = w->box;
    const int            right = box->left + box->scaled_w;
    if (y < box->top || y >= box->top + box->scaled_h) {
        fill(w, out, box->out_w);
        return;
    }
    fill(w, out, box->left);
    picture_row(w, y - box->top, w->row ? w->row + w->row_floats * thread : NULL, out + box->left * w->ld);
    fill(w, out + right * w->ld, box->out_w - right);
}

static void run_band(void *context, size_t index, size_t thread)
{
    const work *w = context;
    const int   first = (int)index * BAND_ROWS, rest = w->box->out_h - first;
    for (int y = first; y < first + (rest < BAND_ROWS ? rest : BAND_ROWS); y++) {
        float *out = w->sink ? w->sunk + w->sunk_floats * thread : w->out + (ptrdiff_t)y * w->box->out_w * w->ld;
        output_row(w, y, thread, out);
        if (w->sink) w->sink(w->sink_context, y, out);
    }
}

/* ---------------------------------------------------------------- all of it */

static size_t floats_per_row(int image_width)
{
    return rounded(((size_t)image_width * MAX_PIXEL + sizeof(lanes) / sizeof(float)) * sizeof(float)) / sizeof(float);
}

static bool is_same_size(const fov_letterbox *box, int image_width, int image_height)
{
    return box->scaled_w == image_width && box->scaled_h == image_height;
}

size_t fov_letterbox_scratch(const fov_letterbox *box, int image_width, int image_height, int threads)
{
    if (is_same_size(box, image_width, image_height)) return 0;
    return ALIGNMENT + axis_bytes(image_width, box->scaled_w) + axis_bytes(image_height, box->scaled_h) +
           floats_per_row(image_width) * sizeof(float) * (size_t)threads;
}

static void prepare_axes(work *w, void *scratch, size_t threads)
{
    const fov_image *image = w->image;
    unsigned char   *memory = scratch;
    memory += (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    memory = axis_place(&w->x, image->width, w->box->scaled_w, memory);
    memory = axis_place(&w->y, image->height, w->box->scaled_h, memory);
    axis_fill(&w->x, image->width, w->box->scaled_w);
    axis_fill(&w->y, image->height, w->box->scaled_h);
    w->row = (float *)(void *)memory;
    w->row_floats = floats_per_row(image->width);
    memset(w->row, 0, w->row_floats * sizeof(float) * threads);
}

static void run(work *w, void *scratch, fov_pool *pool)
{
    const fov_letterbox *box = w->box;
    assert(box->left >= 0 && box->top >= 0 && box->scaled_w <= box->out_w - box->left && box->scaled_h <= box->out_h - box->top);
    w->same_size = is_same_size(box, w->image->width, w->image->height);
    w->reversed = (w->image->format == FOV_BGR8) != box->bgr;
    if (!w->same_size) prepare_axes(w, scratch, (size_t)fov_pool_size(pool));
    fov_pool_run(pool, run_band, w, ((size_t)box->out_h + BAND_ROWS - 1) / BAND_ROWS);
}

void fov_letterbox_run(const fov_letterbox *box, const fov_image *image, float *out, ptrdiff_t ld, void *scratch, fov_pool *pool)
{
    run(&(work){.box = box, .image = image, .out = out, .ld = ld}, scratch, pool);
}

static size_t sunk_floats(const fov_letterbox *box)
{
    return rounded((size_t)box->out_w * PACKED * sizeof(float) + FOV_OVERREAD) / sizeof(float);
}

size_t fov_letterbox_rows_scratch(const fov_letterbox *box, int image_width, int image_height, int threads)
{
    return ALIGNMENT + sunk_floats(box) * sizeof(float) * (size_t)threads +
           fov_letterbox_scratch(box, image_width, image_height, threads);
}

void fov_letterbox_rows(const fov_letterbox *box, const fov_image *image, fov_letterbox_sink *sink, void *context, void *scratch,
                        fov_pool *pool)
{
    work           w = {.box = box, .image = image, .ld = PACKED, .sink = sink, .sink_context = context};
    unsigned char *memory = scratch;
    memory += (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    w.sunk = (float *)(void *)memory;
    w.sunk_floats = sunk_floats(box);
    run(&w, memory + w.sunk_floats * sizeof(float) * (size_t)fov_pool_size(pool), pool);
}
