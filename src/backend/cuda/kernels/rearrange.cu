// SPDX-License-Identifier: MIT
/* Operators that only move elements. */
#include "backend/cuda/kernels/tensor.cuh"

enum { CHANNEL = FOV_MAX_RANK - 3 };

FOV_KERNEL(fov_rearrange, fov_rearrange_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    int64_t       at[FOV_MAX_RANK], from[FOV_MAX_RANK];
    bool          inside = true;
    if (i >= p.count) return;
    fov_tensor_place(i, p.dim, at);
#pragma unroll
    for (int k = 0; k < FOV_MAX_RANK; k++) {
        from[k] = p.table[k] ? p.table[k][at[k]] : at[k];
        inside = inside && from[k] >= 0;
    }
    const float v = inside ? fov_tensor_load(p.in, fov_tensor_at(p.in, from), from[p.in_channel_axis]) : p.fill;
    fov_tensor_store(p.out, fov_tensor_at(p.out, at), at[CHANNEL], v);
}

FOV_KERNEL(fov_reshape, fov_reshape_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    int64_t       to[FOV_MAX_RANK], from[FOV_MAX_RANK];
    if (i >= p.count) return;
    fov_tensor_place(i, p.out_dim, to);
    fov_tensor_place(i, p.in_dim, from);
    const float v = fov_tensor_load(p.in, fov_tensor_at(p.in, from), from[CHANNEL]);
    fov_tensor_store(p.out, fov_tensor_at(p.out, to), to[CHANNEL], v);
}
