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

/* @param factor, offset out: one a channel */
static void read_channels(const fov_node *node, const fov_view *const *in, float *factor, float *offset)
{
    const double epsilon = (double)fov_node_float(node, "epsilon", 1e-5F);
    for (int64_t c = 0; c < in[0]->shape.dim[1]; c++) {
        const double f = channel(in, SCALE, c) / sqrt(channel(in, VARIANCE, c) + epsilon);
        factor[c] = (float)f;
        offset[c] = (float)(channel(in, BIAS, c) - channel(in, MEAN, c) * f);
    }
}

static fov_status record(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                         fov_error *err)
{
    const fov_cuda_node *step = impl;
    const size_t         channels = (size_t)in[0]->shape.dim[1];
    fov_status           st = FOV_OK;
    (void)scratch;
    if (out->dtype != FOV_F32) return fov_cuda_refuse(step->node, err, "a normalization into another type than float does not run");
    for (int i = SCALE; i <= VARIANCE && !st; i++) st = fov_cuda_need_known(step->node, recorder, in, i, err);
    if (st) return st;
    float *factor = fov_alloc_array(channels ? channels : 1, 2 * sizeof *factor);
    if (!factor) return fov_fail_memory(err, "a normalization");
    read_channels(step->node, in, factor, factor + channels);
    st = record_with(factor, factor + channels, in[0], out, recorder, err);
    fov_free(factor);
    return st;
}

fov_status fov_cuda_batch_normalization(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "batch_normalization", record, out, err);
}
