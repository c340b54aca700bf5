// SPDX-License-Identifier: MIT
/* Recording golden vectors. */
#include "engine/golden.h"

#include "base/alloc.h"
#include "base/half.h"

#include <math.h>
#include <string.h>
#include <xxhash.h>

/* ---------------------------------------------------------------- layers */

uint64_t fov_golden_place(uint64_t elements, uint32_t n_sample, uint32_t k)
{
    return k * elements / n_sample + (uint32_t)(k * 2654435761U) % (elements / n_sample);
}

float fov_golden_element(fov_dtype dtype, const void *bytes, uint64_t i)
{
    switch (dtype) {
    case FOV_F32:
        return ((const float *)bytes)[i];
    case FOV_F16:
        return fov_float_from_half(((const uint16_t *)bytes)[i]);
    case FOV_BF16:
        return fov_float_from_bf16(((const uint16_t *)bytes)[i]);
    case FOV_U8:
        return ((const uint8_t *)bytes)[i];
    case FOV_I8:
        return ((const int8_t *)bytes)[i];
    case FOV_I64:
        return (float)((const int64_t *)bytes)[i];
    default:
        return ((const bool *)bytes)[i];
    }
}

void fov_golden_sum_up(fov_dtype dtype, const void *bytes, size_t elements, uint64_t *digest, double *rms)
{
    double sum = 0;
    for (size_t i = 0; i < elements; i++) {
        const double x = (double)fov_golden_element(dtype, bytes, i);
        sum += x * x;
    }
    *rms = elements ? sqrt(sum / (double)elements) : 0;
    *digest = XXH3_64bits(bytes, elements * fov_dtype_size(dtype));
}

static fov_golden_layer *add_layer(fov_golden_vector *vector)
{
    if (vector->n_layer == vector->cap_layer) {
        int               larger = vector->cap_layer ? vector->cap_layer * 2 : 64;
        fov_golden_layer *more = fov_realloc_array(vector->layer, (size_t)larger, sizeof *more);
        if (!more) return NULL;
        vector->layer = more;
        vector->cap_layer = larger;
    }
    vector->layer[vector->n_layer] = (fov_golden_layer){0};
    return &vector->layer[vector->n_layer++];
}

static fov_status record_layer(void *context, const fov_plan *plan, int value, const void *bytes, size_t elements, fov_error *err)
{
    const char       *name = plan->engine->graph->value[value].name;
    fov_golden_layer *layer = add_layer(context);
    if (!layer) return fov_fail_memory(err, "golden vectors");
    layer->dtype = plan->value[value].dtype;
    layer->elements = elements;
    layer->n_sample = elements < FOV_GOLDEN_SAMPLES ? (uint32_t)elements : FOV_GOLDEN_SAMPLES;
    layer->name = fov_strdup(name);
    layer->sample = fov_alloc_array(layer->n_sample, sizeof *layer->sample);
    if (!layer->name || !layer->sample) return fov_fail_memory(err, "golden vectors");
    fov_golden_sum_up(layer->dtype, bytes, elements, &layer->digest, &layer->rms);
    for (uint32_t k = 0; k < layer->n_sample; k++)
        layer->sample[k] = fov_golden_element(layer->dtype, bytes, fov_golden_place(elements, layer->n_sample, k));
    return FOV_OK;
}

static fov_status record_output(void *context, const fov_plan *plan, int value, const void *bytes, size_t elements, fov_error *err)
{
    (void)plan;
    fov_golden_vector *vector = context;
    fov_golden_output *output = &vector->output[value];
    *output = (fov_golden_output){elements, fov_alloc_array(elements, sizeof *output->data)};
    if (!output->data) return fov_fail_memory(err, "golden vectors");
    if (elements) memcpy(output->data, bytes, elements * sizeof *output->data);
    return FOV_OK;
}

/* ---------------------------------------------------------------- vectors */

static fov_status record(const fov_engine *engine, const fov_golden_input *input, fov_golden_vector *vector, fov_error *err)
{
    *vector = (fov_golden_vector){.width = input->width, .height = input->height, .n_output = engine->graph->n_output};
    vector->pixels = fov_alloc_array((size_t)input->width * (size_t)input->height, 3);
    vector->output = fov_calloc((size_t)vector->n_output, sizeof *vector->output);
    if (!vector->pixels || !vector->output) return fov_fail_memory(err, "golden vectors");
    fov_golden_pixels(input, vector->pixels);
    return fov_golden_run(engine, vector, record_layer, record_output, vector, err);
}

fov_status fov_golden_make(const fov_engine *engine, const fov_golden_input *input, size_t count, fov_golden **out, fov_error *err)
{
    fov_golden *golden = fov_calloc(1, sizeof *golden);
    fov_status  st = FOV_OK;
    *out = NULL;
    if (golden) golden->vector = fov_calloc(count, sizeof *golden->vector);
    if (!golden || !golden->vector) st = fov_fail_memory(err, "golden vectors");
    for (size_t i = 0; i < count && !st; i++) st = record(engine, &input[i], &golden->vector[golden->count++], err);
    if (st) fov_golden_free(golden);
    else *out = golden;
    return st;
}

static void vector_clear(fov_golden_vector *vector)
{
    for (int i = 0; i < vector->n_layer; i++) {
        fov_free(vector->layer[i].name);
        fov_free(vector->layer[i].sample);
    }
    for (int i = 0; vector->output && i < vector->n_output; i++) fov_free(vector->output[i].data);
    fov_free(vector->layer);
    fov_free(vector->output);
    fov_free(vector->pixels);
}

void fov_golden_free(fov_golden *golden)
{
    if (!golden) return;
    for (size_t i = 0; i < golden->count; i++) vector_clear(&golden->vector[i]);
    fov_free(golden->vector);
    fov_free(golden);
}
