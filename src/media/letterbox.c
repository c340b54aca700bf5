// SPDX-License-Identifier: MIT
/* Photo -> network input: resample, place, subtract the mean, in one pass over each row of the output.
 *
 * The triangle filter is separable. A row of the output is a weighted sum of a few rows of the photo (contiguous bytes, the
 * form that vectorises) and then, along that one row of floats, weighted sums of neighbouring pixels. Vertical first means
 * that the second, strided step runs once a row of the output instead of once a row of the photo, and that rows depend on
 * nothing but the photo: any thread may compute any row, so results cannot depend on how many there are. */
#include "media/media.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "media/resize_rows.h"

#include <assert.h>
#include <string.h>

enum {
    BAND_ROWS = 8, /* of the output, the work of one chunk */
    MAX_PIXEL = 4, /* samples */
    PACKED = 3,    /* floats of a pixel whose neighbour follows at once */
    ALIGNMENT = 64,
};

typedef struct work {
    const fov_letterbox *box;
    const fov_image     *image;
    float               *out;
    fov_pixel_map        map;
    fov_resize_rows      rows;
    bool                 same_size;
    fov_taps             x, y;
    float               *row; /* row_floats for each thread */
    size_t               row_floats;
    fov_letterbox_sink  *sink; /* takes rows; NULL: they go to `out` */
    void                *sink_context;
    float               *sunk; /* sunk_floats for each thread */
    size_t               sunk_floats;
} work;

/* ---------------------------------------------------------------- one row */

static void picture_row(const work *w, int y, float *row, float *out)
{
    const fov_image *image = w->image;
    if (w->same_size) {
        w->rows.convert(&w->map, image->data + y * image->pitch, out, image->width);
        return;
    }
    const uint8_t *in = image->data + w->y.start[y] * image->pitch;
    const size_t   samples = (size_t)image->width * (size_t)w->map.pixel;
    w->rows.blend(row, in, image->pitch, fov_taps_of(&w->y, y, 0), w->y.count[y], samples);
    w->rows.resample(&w->map, &w->x, row, out, w->box->scaled_w);
}

/* What is filled already is copied behind itself, as much again each time. */
static void repeat(float *out, size_t pixels)
{
    for (size_t done = 1, more; done < pixels; done += more) {
        more = done < pixels - done ? done : pixels - done;
        memcpy(out + PACKED * done, out, PACKED * more * sizeof *out);
    }
}

static void fill(const work *w, float *out, int count)
{
    const fov_letterbox *box = w->box;
    float                value[PACKED];
    const bool           packed = w->map.ld == PACKED;
    for (int c = 0; c < PACKED; c++) value[c] = (box->fill[c] - box->mean[c]) * box->scale[c];
    for (int x = 0; x < count && (x < 1 || !packed); x++) memcpy(out + x * w->map.ld, value, sizeof value);
    if (packed && count > 0) repeat(out, (size_t)count);
}

static void output_row(const work *w, int y, size_t thread, float *out)
{
    const fov_letterbox *box = w->box;
    const ptrdiff_t      ld = w->map.ld;
    const int            right = box->left + box->scaled_w;
    if (y < box->top || y >= box->top + box->scaled_h) {
        fill(w, out, box->out_w);
        return;
    }
    fill(w, out, box->left);
    picture_row(w, y - box->top, w->row ? w->row + w->row_floats * thread : NULL, out + box->left * ld);
    fill(w, out + right * ld, box->out_w - right);
}

static void run_band(void *context, size_t index, size_t thread)
{
    const work *w = context;
    const int   first = (int)index * BAND_ROWS, rest = w->box->out_h - first;
    for (int y = first; y < first + (rest < BAND_ROWS ? rest : BAND_ROWS); y++) {
        float *out = w->sink ? w->sunk + w->sunk_floats * thread : w->out + (ptrdiff_t)y * w->box->out_w * w->map.ld;
        output_row(w, y, thread, out);
        if (w->sink) w->sink(w->sink_context, y, out);
    }
}

/* ---------------------------------------------------------------- all of it */

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* A blended row, and what taps of no weight may meet behind it. */
static size_t floats_per_row(int image_width, int scaled_w)
{
    const size_t pixels = (size_t)image_width + (size_t)fov_taps_most(image_width, scaled_w);
    return rounded((pixels * MAX_PIXEL + FOV_RESIZE_OVERREAD) * sizeof(float)) / sizeof(float);
}

static fov_part part_of(const fov_letterbox *box, int image_width, int image_height)
{
    return box->part.width > 0 ? box->part : (fov_part){0, 0, image_width, image_height};
}

static bool is_same_size(const fov_letterbox *box, int image_width, int image_height)
{
    const fov_part part = part_of(box, image_width, image_height);
    return box->scaled_w == image_width && box->scaled_h == image_height && part.width == image_width &&
           part.height == image_height;
}

size_t fov_letterbox_scratch(const fov_letterbox *box, int image_width, int image_height, int threads)
{
    if (is_same_size(box, image_width, image_height)) return 0;
    return ALIGNMENT + fov_taps_bytes(image_width, box->scaled_w, FOV_RESIZE_LANES) +
           fov_taps_bytes(image_height, box->scaled_h, 1) +
           floats_per_row(image_width, box->scaled_w) * sizeof(float) * (size_t)threads;
}

static void prepare_resize(work *w, void *scratch, size_t threads)
{
    const fov_image     *image = w->image;
    const fov_letterbox *box = w->box;
    const size_t         samples = (size_t)image->width * (size_t)w->map.pixel;
    const fov_part       part = part_of(box, image->width, image->height);
    unsigned char       *memory = scratch;
    memory += (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    fov_taps_make(&w->x, image->width, part.x, part.width, box->scaled_w, FOV_RESIZE_LANES, memory);
    memory += fov_taps_bytes(image->width, box->scaled_w, FOV_RESIZE_LANES);
    fov_taps_make(&w->y, image->height, part.y, part.height, box->scaled_h, 1, memory);
    memory += fov_taps_bytes(image->height, box->scaled_h, 1);
    w->row = (float *)(void *)memory;
    w->row_floats = floats_per_row(image->width, box->scaled_w);
    for (size_t t = 0; t < threads; t++)
        memset(w->row + t * w->row_floats + samples, 0, (w->row_floats - samples) * sizeof *w->row);
}

static fov_pixel_map map_of(const fov_letterbox *box, const fov_image *image, ptrdiff_t ld)
{
    fov_pixel_map map = {.pixel = fov_pixel_bytes(image->format), .ld = ld};
    const bool    reversed = (image->format == FOV_BGR8) != box->bgr;
    for (int c = 0; c < 3; c++) {
        map.channel[c] = map.pixel == 1 ? 0 : reversed ? 2 - c : c;
        map.mean[c] = box->mean[c];
        map.scale[c] = box->scale[c];
    }
    return map;
}

static void run(work *w, ptrdiff_t ld, void *scratch, fov_pool *pool)
{
    const fov_letterbox *box = w->box;
    assert(box->left >= 0 && box->top >= 0 && box->scaled_w <= box->out_w - box->left && box->scaled_h <= box->out_h - box->top);
    w->map = map_of(box, w->image, ld);
    w->same_size = is_same_size(box, w->image->width, w->image->height);
    if (ld == PACKED) fov_resize_rows_init(&w->rows, fov_cpu_features());
    else fov_resize_rows_plain(&w->rows);
    if (!w->same_size) prepare_resize(w, scratch, (size_t)fov_pool_size(pool));
    fov_pool_run(pool, run_band, w, ((size_t)box->out_h + BAND_ROWS - 1) / BAND_ROWS);
}

void fov_letterbox_run(const fov_letterbox *box, const fov_image *image, float *out, ptrdiff_t ld, void *scratch, fov_pool *pool)
{
    run(&(work){.box = box, .image = image, .out = out}, ld, scratch, pool);
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
    work           w = {.box = box, .image = image, .sink = sink, .sink_context = context};
    unsigned char *memory = scratch;
    memory += (ALIGNMENT - (uintptr_t)memory % ALIGNMENT) % ALIGNMENT;
    w.sunk = (float *)(void *)memory;
    w.sunk_floats = sunk_floats(box);
    run(&w, PACKED, memory + w.sunk_floats * sizeof(float) * (size_t)fov_pool_size(pool), pool);
}
