// SPDX-License-Identifier: MIT
/* Operators that only move elements. */
#include "backend/cuda/kernels/tensor.cuh"

enum { CHANNEL = FOV_MAX_RANK - 3 };

FOV_KERNEL(fov_rearrange, fov_rearrange_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    int64_t       to[FOV_MAX_RANK], from[FOV_MAX_RANK];
    if (i >= p.count) return;
    const int64_t source = p.table ? p.table[i] : i;
    if (source < 0 && !p.fills) return;
    float v = p.fill;
    if (source >= 0) {
        fov_tensor_place(source, p.in_dim, from);
        v = fov_tensor_load(p.in, fov_tensor_at(p.in, from), from[CHANNEL]);
    }
    fov_tensor_place(i, p.out_dim, to);
    fov_tensor_store(p.out, fov_tensor_at(p.out, to), to[CHANNEL], v);
}
