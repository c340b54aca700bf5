// SPDX-License-Identifier: MIT
/* Golden vectors in an engine file. */
#include "engine/golden.h"

#include "base/alloc.h"
#include "engine_file/content.h"

#include <stdio.h>

enum {
    MAX_VECTORS = 64,
    MAX_LAYERS = 50000 /* as a graph has values */,
    LAYER_BYTES = 4 + 1 + 3 * 8 + 4 /* without a name and samples */,
    OUTPUT_BYTES = 8
};

/* ---------------------------------------------------------------- writing */

static void put_floats(const float *data, size_t count, fov_text *to)
{
    for (size_t i = 0; i < count; i++) fov_put_f32(to, data[i]);
}

static void put_layer(const fov_golden_layer *layer, fov_text *to)
{
    uint64_t rms;
    memcpy(&rms, &layer->rms, sizeof rms);
    fov_put_string(to, layer->name);
    fov_put_le(to, 1, (uint64_t)layer->dtype);
    fov_put_le(to, 8, layer->elements);
    fov_put_le(to, 8, layer->digest);
    fov_put_le(to, 8, rms);
    fov_put_le(to, 4, layer->n_sample);
    put_floats(layer->sample, layer->n_sample, to);
}

static void put_vector(const fov_golden_vector *vector, fov_text *to)
{
    fov_put_le(to, 4, (uint64_t)vector->width);
    fov_put_le(to, 4, (uint64_t)vector->height);
    fov_text_add(to, vector->pixels, (size_t)vector->width * (size_t)vector->height * 3);
    fov_put_le(to, 4, (uint64_t)vector->n_layer);
    for (int i = 0; i < vector->n_layer; i++) put_layer(&vector->layer[i], to);
    fov_put_le(to, 4, (uint64_t)vector->n_output);
    for (int i = 0; i < vector->n_output; i++) {
        fov_put_le(to, 8, vector->output[i].count);
        put_floats(vector->output[i].data, vector->output[i].count, to);
    }
}

void fov_golden_section_write(const fov_golden *golden, fov_text *to)
{
    fov_put_le(to, 4, golden->count);
    for (size_t i = 0; i < golden->count; i++) put_vector(&golden->vector[i], to);
}

/* ---------------------------------------------------------------- reading */

/* @param data out: release with fov_free(), also after a failure */
static fov_status get_floats(const fov_place *place, fov_bytes *in, uint64_t count, float **data)
{
    if (count > fov_bytes_left(in) / sizeof **data) return fov_place_short(place, "its numbers");
    *data = fov_alloc_array((size_t)count, sizeof **data);
    if (!*data) return fov_fail_memory(place->err, "golden vectors");
    for (uint64_t i = 0; i < count; i++) fov_get_f32(in, &(*data)[i]);
    return FOV_OK;
}

static fov_status read_layer(const fov_place *place, fov_bytes *in, fov_golden_layer *layer)
{
    uint8_t    dtype;
    uint64_t   rms;
    fov_status st = fov_get_string(place, in, "the name of a layer", &layer->name);
    if (st) return st;
    if (!fov_bytes_u8(in, &dtype) || !fov_bytes_le(in, 8, &layer->elements) || !fov_bytes_le(in, 8, &layer->digest) ||
        !fov_bytes_le(in, 8, &rms) || !fov_get_u32(in, &layer->n_sample))
        return fov_place_short(place, "a layer");
    if (dtype > FOV_I8 || layer->elements > INT64_MAX / FOV_GOLDEN_SAMPLES || layer->n_sample > FOV_GOLDEN_SAMPLES ||
        layer->n_sample > layer->elements)
        return fov_place_fail(place, "layer '%.200s': %u samples of %llu elements of type %d are not possible", layer->name,
                              layer->n_sample, (unsigned long long)layer->elements, dtype);
    layer->dtype = (fov_dtype)dtype;
    memcpy(&layer->rms, &rms, sizeof rms);
    return get_floats(place, in, layer->n_sample, &layer->sample);
}

static fov_status read_pixels(const fov_place *place, fov_bytes *in, fov_golden_vector *vector)
{
    uint32_t width, height;
    if (!fov_get_u32(in, &width) || !fov_get_u32(in, &height)) return fov_place_short(place, "the size of an input");
    if (width < 1 || height < 1 || width > FOV_GOLDEN_MAX_SIDE || height > FOV_GOLDEN_MAX_SIDE)
        return fov_place_fail(place, "an input of %u x %u pixels; sides are 1 to %d", width, height, FOV_GOLDEN_MAX_SIDE);
    const size_t         bytes = (size_t)width * height * 3;
    const unsigned char *pixels = fov_bytes_take(in, bytes);
    if (!pixels) return fov_place_short(place, "the pixels of an input");
    vector->width = (int)width;
    vector->height = (int)height;
    vector->pixels = fov_alloc(bytes);
    if (!vector->pixels) return fov_fail_memory(place->err, "golden vectors");
    memcpy(vector->pixels, pixels, bytes);
    return FOV_OK;
}

/* A count of things, for which memory is taken before they are read. @param least bytes that each takes in the file */
static fov_status read_count(const fov_place *place, fov_bytes *in, size_t least, const char *what, int *count)
{
    uint32_t n;
    if (!fov_get_u32(in, &n) || n > fov_bytes_left(in) / least || n > INT32_MAX / 2) return fov_place_short(place, what);
    *count = (int)n;
    return FOV_OK;
}

static fov_status read_layers(const fov_place *place, fov_bytes *in, fov_golden_vector *vector)
{
    int        count = 0;
    fov_status st = read_count(place, in, LAYER_BYTES, "the layers of a vector", &count);
    if (st) return st;
    if (count > MAX_LAYERS) return fov_place_fail(place, "a vector has %d layers, the most is %d", count, MAX_LAYERS);
    if (!(vector->layer = fov_calloc((size_t)count, sizeof *vector->layer))) return fov_fail_memory(place->err, "golden vectors");
    vector->cap_layer = count;
    while (vector->n_layer < count && !st) st = read_layer(place, in, &vector->layer[vector->n_layer++]);
    return st;
}

static fov_status read_outputs(const fov_place *place, fov_bytes *in, fov_golden_vector *vector)
{
    int        count = 0;
    fov_status st = read_count(place, in, OUTPUT_BYTES, "the outputs of a vector", &count);
    if (st) return st;
    vector->output = fov_calloc((size_t)count, sizeof *vector->output);
    if (!vector->output) return fov_fail_memory(place->err, "golden vectors");
    vector->n_output = count;
    for (int i = 0; i < count && !st; i++) {
        if (!fov_bytes_le(in, 8, &vector->output[i].count)) return fov_place_short(place, "an output");
        st = get_floats(place, in, vector->output[i].count, &vector->output[i].data);
    }
    return st;
}

static fov_status read_golden(const fov_place *place, fov_bytes *in, fov_golden *golden)
{
    uint32_t   count;
    fov_status st = FOV_OK;
    if (!fov_get_u32(in, &count)) return fov_place_short(place, "its count");
    if (count > MAX_VECTORS) return fov_place_fail(place, "%u vectors, the most is %d", count, MAX_VECTORS);
    golden->vector = fov_calloc(count, sizeof *golden->vector);
    if (!golden->vector) return fov_fail_memory(place->err, "golden vectors");
    while (golden->count < count && !st) {
        fov_golden_vector *vector = &golden->vector[golden->count++];
        st = read_pixels(place, in, vector);
        if (!st) st = read_layers(place, in, vector);
        if (!st) st = read_outputs(place, in, vector);
    }
    if (!st && fov_bytes_left(in)) st = fov_place_fail(place, "%zu bytes follow its end", fov_bytes_left(in));
    return st;
}

fov_status fov_golden_section_read(const fov_sections *sections, const char *file, fov_golden **out, fov_error *err)
{
    const fov_place place = {file, FOV_SECTION_GOLDEN, err};
    fov_bytes       in = sections->of[FOV_SECTION_GOLDEN];
    *out = NULL;
    if (!in.data) return FOV_OK;
    fov_golden *golden = fov_calloc(1, sizeof *golden);
    if (!golden) return fov_fail_memory(err, "golden vectors");
    fov_status st = read_golden(&place, &in, golden);
    if (st) fov_golden_free(golden);
    else *out = golden;
    return st;
}
