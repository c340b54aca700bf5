// SPDX-License-Identifier: MIT
/* Operators that work element by element, on tensors of any type and shape. Activations have their channel on axis 1 of 4; dimensions here
 * are padded in front to FOV_MAX_RANK, so that it is axis FOV_MAX_RANK - 3. */
#include "backend/cuda/kernels/tensor.cuh"

enum { CHANNEL = FOV_MAX_RANK - 3 };

static __device__ __forceinline__ float map_value(const fov_map_params &p, float a, float b)
{
    switch (p.op) {
    case FOV_MAP_ADD:
        return __fadd_rn(a, b);
    case FOV_MAP_SUB:
        return __fsub_rn(a, b);
    case FOV_MAP_MUL:
        return __fmul_rn(a, b);
    case FOV_MAP_DIV:
        return __fdiv_rn(a, b);
    case FOV_MAP_LEAKY:
        return a < 0 ? __fmul_rn(p.parameter[0], a) : a;
    case FOV_MAP_PRELU:
        return a < 0 ? __fmul_rn(b, a) : a;
    case FOV_MAP_SIGMOID:
        return __fdiv_rn(1.0F, 1.0F + expf(-a));
    case FOV_MAP_EXP:
        return expf(a);
    case FOV_MAP_CLIP:
        return a < p.parameter[0] ? p.parameter[0] : a > p.parameter[1] ? p.parameter[1] : a;
    case FOV_MAP_FLOOR:
        return floorf(a);
    case FOV_MAP_CEIL:
        return ceilf(a);
    default:
        return a;
    }
}

FOV_KERNEL(fov_map, fov_map_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    int64_t       at[FOV_MAX_RANK];
    if (i >= p.count) return;
    fov_tensor_place(i, p.dim, at);
    const float a = fov_tensor_load(p.a, fov_tensor_at(p.a, at), at[CHANNEL]);
    const float b = p.b.data ? fov_tensor_load(p.b, fov_tensor_at(p.b, at), at[CHANNEL]) : 0;
    fov_tensor_store(p.out, fov_tensor_at(p.out, at), at[CHANNEL], map_value(p, a, b));
}
