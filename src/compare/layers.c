// SPDX-License-Identifier: MIT
/* The two observers: A's run is held, B's run is compared with it. */
#include "compare/layers.h"

#include "base/alloc.h"

/* A large network on a large photo makes gigabytes; then both engines run more than once, and a part is compared each time. */
#define HELD_BYTES ((size_t)1 << 30)

static bool reserve(float **block, size_t *capacity, size_t count)
{
    if (count <= *capacity) return true;
    float *more = fov_realloc_array(*block, count, sizeof *more);
    if (!more) return false;
    *block = more;
    *capacity = count;
    return true;
}

void fov_layers_begin(fov_layers *layers)
{
    for (size_t i = 0; i < layers->count; i++) layers->layer[i].state = FOV_LAYER_TO_DO;
    layers->held_bytes = 0;
}

/* What B did not show although A did (one that it keeps elsewhere) is not asked for again. */
bool fov_layers_again(fov_layers *layers)
{
    bool again = false;
    if (!layers->held_bytes) return false;
    layers->held_bytes = 0;
    for (size_t i = 0; i < layers->count; i++) {
        fov_layer *layer = &layers->layer[i];
        if (layer->state == FOV_LAYER_HELD) layer->state = FOV_LAYER_DONE;
        again = again || layer->state == FOV_LAYER_TO_DO;
    }
    return again;
}

static fov_status hold(fov_layers *layers, fov_layer *layer, const fov_view *view, fov_error *err)
{
    const int64_t row = view->shape.dim[1] * view->shape.dim[3];
    size_t        count;
    if (view->shape.rank != 4 || !fov_shape_count(&view->shape, &count)) return FOV_OK;
    if (layers->held_bytes && layers->held_bytes + count * sizeof(float) > HELD_BYTES) return FOV_OK;
    if (!reserve(&layer->held, &layer->capacity, count)) return fov_fail_memory(err, "holding layers");
    for (int64_t y = 0; y < view->shape.dim[2]; y++) fov_row_load(view, y, layer->held + y * row);
    layer->shape = view->shape;
    layer->state = FOV_LAYER_HELD;
    layers->held_bytes += count * sizeof(float);
    return FOV_OK;
}

fov_status fov_layers_hold(void *context, const fov_plan *plan, const fov_step *step, fov_error *err)
{
    fov_layers *layers = context;
    fov_status  st = FOV_OK;
    if (step->node[0] == FOV_NONE) return FOV_OK;
    const fov_node *node = &plan->engine->graph->node[step->node[0]];
    for (int j = 0; j < node->n_out && !st; j++) {
        const int i = node->out[j] == FOV_NONE ? -1 : layers->of_a[node->out[j]];
        if (i >= 0 && layers->layer[i].state == FOV_LAYER_TO_DO) st = hold(layers, &layers->layer[i], &step->out[j], err);
    }
    return st;
}

static fov_status count_clipped(fov_layer *layer, const fov_view *view, fov_error *err)
{
    const int channels = layer->channels;
    float    *to_code = fov_alloc_array((size_t)channels, 2 * sizeof *to_code);
    if (!to_code) return fov_fail_memory(err, "comparing layers");
    float *zero = to_code + channels;
    for (int c = 0; c < channels; c++) {
        to_code[c] = (float)(1 / ((double)fov_quant_scale(view->quant, c) * fov_layer_gain(layer, c)));
        zero[c] = (float)fov_quant_zero_point(view->quant, c);
    }
    fov_clipping_add(layer->clipping, layer->held, view->shape.dim[2] * view->shape.dim[3], channels, to_code, zero);
    fov_free(to_code);
    return FOV_OK;
}

static fov_status compare(fov_layers *layers, fov_layer *layer, const fov_view *view, fov_error *err)
{
    const int64_t columns = view->shape.rank == 4 ? view->shape.dim[3] : 0, row = columns * view->shape.dim[1];
    fov_status    st;
    layer->state = FOV_LAYER_DONE;
    if (!row || !fov_shape_equal(&view->shape, &layer->shape)) return FOV_OK;
    if (!reserve(&layers->row, &layers->cap_row, (size_t)row)) return fov_fail_memory(err, "comparing layers");
    if ((st = fov_layer_reserve(layer, view, err))) return st;
    for (int64_t y = 0; y < view->shape.dim[2]; y++) {
        fov_row_load(view, y, layers->row);
        fov_layer_add(layer, layer->held + y * row, layers->row, columns);
    }
    layer->photos++;
    return layer->clipping ? count_clipped(layer, view, err) : FOV_OK;
}

fov_status fov_layers_compare(void *context, const fov_plan *plan, const fov_step *step, fov_error *err)
{
    fov_layers *layers = context;
    fov_status  st = FOV_OK;
    if (step->node[0] == FOV_NONE) return FOV_OK;
    const fov_node *node = &plan->engine->graph->node[step->node[0]];
    for (int j = 0; j < node->n_out && !st; j++) {
        const int i = node->out[j] == FOV_NONE ? -1 : layers->of_b[node->out[j]];
        if (i >= 0 && layers->layer[i].state == FOV_LAYER_HELD) st = compare(layers, &layers->layer[i], &step->out[j], err);
    }
    return st;
}

void fov_layers_finish(fov_layers *layers)
{
    for (size_t i = 0; i < layers->count; i++) fov_layer_finish(&layers->layer[i]);
}
