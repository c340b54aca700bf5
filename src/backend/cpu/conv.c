// SPDX-License-Identifier: MIT
#include "backend/cpu/conv.h"

enum { RESIDUAL_INPUT = 3 /* of a fused Conv */ };

int fov_conv_in_place(const fov_conv *conv)
{
    const bool same = conv->has_residual && conv->fused.residual_scale == 1 &&
                      fov_dtype_size(conv->residual.dtype) == fov_dtype_size(conv->y.dtype);
    return same ? RESIDUAL_INPUT + 1 : 0;
}

fov_widen_run *fov_conv_widen_to_f32(const fov_conv *conv, const fov_kernels *kernels)
{
    const fov_dtype x = conv->x.dtype;
    return x == FOV_F16 ? kernels->widen.f16_f32 : x == FOV_BF16 ? kernels->widen.bf16_f32 : NULL;
}

fov_status fov_cpu_conv(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    fov_conv conv;
    if (!fov_conv_read(graph, node, &conv)) return fov_lower_definition(graph, node, out, err);
    if (fov_conv_takes_depthwise(&conv)) return fov_conv_lower_depthwise(&conv, kernels, out, err);
    if (fov_conv_is_winograd_int8(&conv, kernels)) return fov_conv_lower_winograd_int8(&conv, kernels, out, err);
    if (fov_conv_is_winograd(&conv, kernels)) return fov_conv_lower_winograd(&conv, kernels, out, err);
    return fov_conv_lower_gemm(&conv, kernels, out, err);
}
