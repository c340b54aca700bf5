// SPDX-License-Identifier: MIT
/* A plugin with one operator: it decodes the heads of a RetinaFace, as many levels as there are. Build it and use it with
 *
 *     gcc -shared -fPIC -O2 -I include -o face_decode.so examples/face_decode_plugin.c -lm
 *     fovea detect --plugin ./face_decode.so --heads FaceDecode photo.jpg
 *
 * Inputs, for each level: scores (N, 2 anchors, H, W), boxes (N, 4 anchors, H, W), landmarks (N, 10 anchors, H, W).
 * Output: faces (N, A, 15): x1, y1, x2, y2, score, five landmarks, in pixels of the network's input. */
#include <fovea/plugin.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEVELS = 6, MAX_ANCHORS = 8, KINDS = 3, COLUMNS = 15 };
enum { SCORES, BOXES, LANDMARKS };
static const int width_of[KINDS] = {2, 4, 10};

/* ---------------------------------------------------------------- attributes: read once, then only looked at */

struct decoder {
    int   levels, stride[MAX_LEVELS], anchors[MAX_LEVELS];
    float side[MAX_LEVELS][MAX_ANCHORS], variance[2];
};

static const struct decoder retinaface = {
    .levels = 3,
    .stride = {8, 16, 32},
    .anchors = {2, 2, 2},
    .side = {{16, 32}, {64, 128}, {256, 512}},
    .variance = {0.1F, 0.2F},
};

static const fovea_plugin_attribute *find(const fovea_plugin_attribute *const *attributes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (!strcmp(attributes[i]->name, name)) return attributes[i];
    return NULL;
}

static int fail(const fovea_plugin_message *why, const char *what)
{
    snprintf(why->text, why->size, "%s", what);
    return 1;
}

/* Strides and anchors come together: one stride a level, as many anchors as anchors_per_cell says (2 each without it). */
static int read_levels(struct decoder *d, const fovea_plugin_attribute *strides, const fovea_plugin_attribute *per_cell,
                       const fovea_plugin_attribute *sides)
{
    size_t next = 0;
    if (!strides->ints || !sides->floats || strides->count < 1 || strides->count > MAX_LEVELS) return 1;
    if (per_cell && (!per_cell->ints || per_cell->count != strides->count)) return 1;
    d->levels = (int)strides->count;
    for (size_t k = 0; k < strides->count; k++) {
        const int64_t anchors = per_cell ? per_cell->ints[k] : 2;
        if (strides->ints[k] < 1 || strides->ints[k] > 65536 || anchors < 1 || anchors > MAX_ANCHORS) return 1;
        if ((size_t)anchors > sides->count - next) return 1;
        d->stride[k] = (int)strides->ints[k];
        d->anchors[k] = (int)anchors;
        for (int64_t a = 0; a < anchors; a++) d->side[k][a] = sides->floats[next++];
    }
    return next != sides->count;
}

static int create(const fovea_plugin_attribute *const *attributes, size_t count, void **state, const fovea_plugin_message *why)
{
    const fovea_plugin_attribute *strides = find(attributes, count, "strides"), *sides = find(attributes, count, "anchors");
    const fovea_plugin_attribute *variances = find(attributes, count, "variances");
    struct decoder               *d = malloc(sizeof *d);
    if (!d) return fail(why, "no memory");
    *d = retinaface;
    if (!strides != !sides || (strides && read_levels(d, strides, find(attributes, count, "anchors_per_cell"), sides))) {
        free(d);
        return fail(why, "strides and anchors must come together: a stride for each level, the anchors of all levels in a row");
    }
    if (variances && variances->floats && variances->count == 2) memcpy(d->variance, variances->floats, sizeof d->variance);
    *state = d;
    return 0;
}

/* ---------------------------------------------------------------- shapes */

static int infer_shape(const void *state, const fovea_plugin_shape *const *in, int32_t n_in, fovea_plugin_shape *out, int32_t n_out,
                       const fovea_plugin_message *why)
{
    const struct decoder *d = state;
    int64_t               rows = 0;
    (void)n_out; /* 1, as the table below says */
    if (n_in != KINDS * d->levels) {
        snprintf(why->text, why->size, "%d inputs, but %d levels have %d heads", n_in, d->levels, KINDS * d->levels);
        return 1;
    }
    for (int i = 0; i < n_in; i++) {
        const int level = i / KINDS, channels = width_of[i % KINDS] * d->anchors[level];
        if (!in[i] || in[i]->rank != 4 || in[i]->dims[1] != channels || in[i]->dims[0] != in[0]->dims[0] ||
            in[i]->dims[2] != in[i - i % KINDS]->dims[2] || in[i]->dims[3] != in[i - i % KINDS]->dims[3]) {
            snprintf(why->text, why->size, "input %d is not (N, %d, H, W) with the N, H and W of its level", i, channels);
            return 1;
        }
        if (i % KINDS == 0) rows += in[i]->dims[2] * in[i]->dims[3] * d->anchors[level];
    }
    out[0].rank = 3;
    out[0].dims[0] = in[0]->dims[0];
    out[0].dims[1] = rows;
    out[0].dims[2] = COLUMNS;
    return 0;
}

/* ---------------------------------------------------------------- numbers of any type */

/* All heads may come in any type: then nothing has to be converted before. What is given is plain floats. */
static int supports(int is_input, int32_t index, int32_t type)
{
    (void)index;
    return is_input || type == FOVEA_PLUGIN_F32;
}

static float half_to_float(uint16_t half)
{
    const int   exponent = half >> 10 & 31, digits = half & 1023;
    const float size = exponent == 31 ? (digits ? NAN : INFINITY)
                       : exponent     ? ldexpf((float)(1024 + digits), exponent - 25)
                                      : ldexpf((float)digits, -24);
    return half & 0x8000 ? -size : size;
}

static float bfloat_to_float(uint16_t bfloat)
{
    const uint32_t bits = (uint32_t)bfloat << 16;
    float          value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float element(const fovea_plugin_tensor *t, int64_t index)
{
    switch (t->type) {
    case FOVEA_PLUGIN_U8: /* each tensor has a scale and zero point of its own */
        return (float)(((const uint8_t *)t->data)[index] - t->zero_point) * t->scale;
    case FOVEA_PLUGIN_F16:
        return half_to_float(((const uint16_t *)t->data)[index]);
    case FOVEA_PLUGIN_BF16:
        return bfloat_to_float(((const uint16_t *)t->data)[index]);
    default:
        return ((const float *)t->data)[index];
    }
}

/* Channels `first` .. of one pixel: image, row, column. */
static void load(const fovea_plugin_tensor *t, const int64_t at[3], int first, int count, float *to)
{
    const int64_t pixel = at[0] * t->strides[0] + at[1] * t->strides[2] + at[2] * t->strides[3];
    for (int i = 0; i < count; i++) to[i] = element(t, pixel + (first + i) * t->strides[1]);
}

/* ---------------------------------------------------------------- decoding (SSD, arXiv:1512.02325, 2.2) */

static void decode(const struct decoder *d, int level, int anchor, const int64_t at[3], const fovea_plugin_tensor *const *head,
                   float *row)
{
    float       score[2], box[4], landmark[10];
    const float side = d->side[level][anchor], step = d->variance[0] * side;
    const float centre[2] = {((float)at[2] + 0.5F) * (float)d->stride[level], ((float)at[1] + 0.5F) * (float)d->stride[level]};
    load(head[SCORES], at, 2 * anchor, 2, score);
    load(head[BOXES], at, 4 * anchor, 4, box);
    load(head[LANDMARKS], at, 10 * anchor, 10, landmark);
    for (int i = 0; i < 2; i++) {
        const float middle = centre[i] + step * box[i], half = 0.5F * side * expf(d->variance[1] * box[2 + i]);
        row[i] = middle - half;
        row[2 + i] = middle + half;
    }
    row[4] = 1.0F / (1.0F + expf(score[0] - score[1])); /* softmax over background and face */
    for (int i = 0; i < 10; i++) row[5 + i] = centre[i % 2] + step * landmark[i];
}

static int run(const void *state, const fovea_plugin_tensor *const *in, int32_t n_in, const fovea_plugin_tensor *const *out,
               int32_t n_out, void *workspace, const fovea_plugin_message *why)
{
    const struct decoder *d = state;
    (void)n_in, (void)n_out, (void)workspace, (void)why;
    for (int64_t n = 0; n < in[0]->dims[0]; n++) {
        float *row = (float *)out[0]->data + n * out[0]->strides[0];
        for (int k = 0; k < d->levels; k++) {
            const fovea_plugin_tensor *const *head = &in[KINDS * (size_t)k];
            const int64_t                     height = head[SCORES]->dims[2], width = head[SCORES]->dims[3];
            for (int64_t cell = 0; cell < height * width; cell++) {
                const int64_t at[3] = {n, cell / width, cell % width};
                for (int a = 0; a < d->anchors[k]; a++, row += out[0]->strides[1]) decode(d, k, a, at, head, row);
            }
        }
    }
    return 0;
}

/* ---------------------------------------------------------------- what Fovea sees */

static const fovea_plugin_operator face_decode = {
    .size = sizeof face_decode,
    .name = "FaceDecode",
    .domain = "org.fovea.examples",
    .min_inputs = KINDS,
    .max_inputs = KINDS * MAX_LEVELS,
    .min_outputs = 1,
    .max_outputs = 1,
    .supports = supports,
    .create = create,
    .destroy = free,
    .infer_shape = infer_shape,
    .run = run,
};

const fovea_plugin_library *fovea_plugin(void)
{
    static const fovea_plugin_operator *const operators[] = {&face_decode};
    static const fovea_plugin_library         library = {
                .abi = FOVEA_PLUGIN_ABI,
                .size = sizeof library,
                .name = "RetinaFace decoding",
                .version = "1.0",
                .count = 1,
                .operators = operators,
    };
    return &library;
}
