// SPDX-License-Identifier: MIT
/* BatchNormalization that no pass folded into a convolution: y = x * factor[c] + offset[c], as two steps of kernels/map.cu. */
#include "backend/cuda/lower.h"

#include "base/alloc.h"
#include "graph/ops/walk.h"

#include <math.h>

enum { SCALE = 1, BIAS, MEAN, VARIANCE };

static double channel(const fov_view *const *in, int input, int64_t c)
{
    return (double)*fov_view_f32(in[input], &c);
}

/* One number a channel, broadcast over all other axes. */
static fov_status record_channels(fov_recorder *recorder, const float *data, int64_t count, int rank, fov_tensor *tensor, fov_error *err)
{
    const void *address;
    fov_status  st = fov_record_constant(recorder, data, (size_t)count * sizeof *data, &address, err);
    *tensor = (fov_tensor){.data = (void *)(uintptr_t)address, .dtype = FOV_F32};
    tensor->stride[FOV_MAX_RANK - rank + 1] = 1;
    return st;
}

static fov_status record_with(const float *factor, const float *offset, const fov_view *x, const fov_view *y, fov_recorder *recorder,
                              fov_error *err)
{
    fov_map_params scale = {.op = FOV_MAP_MUL}, shift = {.op = FOV_MAP_ADD};
    size_t         count = 0;
    fov_shape_count(&y->shape, &count);
    fov_status st = fov_record_tensor(recorder, y, &scale.out, scale.dim, err);
    if (!st) st = fov_record_tensor(recorder, x, &scale.a, NULL, err);
    if (!st) st = record_channels(recorder, factor, x->shape.dim[1], x->shape.rank, &scale.b, err);
    if (!st) st = fov_record_tensor(recorder, y, &shift.out, shift.dim, err);
    if (!st) st = record_channels(recorder, offset, x->shape.dim[1], x->shape.rank, &shift.b, err);
    shift.a = shift.out;
    scale.count = shift.count = (int64_t)count;
    if (!st) st = fov_record_elements(recorder, "fov_map", scale.count, &scale, sizeof scale, err);
    return st ? st : fov_record_elements(recorder, "fov_map", shift.count, &shift, sizeof shift, err);
}

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const fov_cuda_node *step = impl;
    const double         epsilon = (double)fov_node_float(step->node, "epsilon", 1e-5F);
    const int64_t        channels = in[0]->shape.dim[1];
    float               *factor = fov_alloc_array((size_t)channels, 2 * sizeof *factor), *offset = factor + channels;
    (void)scratch;
    if (!factor) return fov_fail_memory(err, "a normalization");
    for (int64_t c = 0; c < channels; c++) {
        const double f = channel(in, SCALE, c) / sqrt(channel(in, VARIANCE, c) + epsilon);
        factor[c] = (float)f;
        offset[c] = (float)(channel(in, BIAS, c) - channel(in, MEAN, c) * f);
    }
    fov_status st = out->dtype == FOV_F32 ? record_with(factor, offset, in[0], out, recorder, err)
                                          : fov_cuda_refuse(step->node, err, "a normalization into another type than float does not run");
    fov_free(factor);
    return st;
}

fov_status fov_cuda_batch_normalization(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "batch_normalization", record, out, err);
}
