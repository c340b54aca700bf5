// SPDX-License-Identifier: MIT
/* Softmax along one axis: a thread for each sum, since faces have two classes. */
#include "backend/cuda/kernels/tensor.cuh"

enum { CHANNEL = FOV_MAX_RANK - 3 };

static __device__ __forceinline__ int64_t channel_of(const fov_softmax_params &p, const int64_t *at, int64_t k)
{
    return p.axis == CHANNEL ? k : at[CHANNEL];
}

FOV_KERNEL(fov_softmax, fov_softmax_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    int64_t       dim[FOV_MAX_RANK], at[FOV_MAX_RANK], length = 1, in_step = 0, out_step = 0;
    float         most = -INFINITY, sum = 0;
    if (i >= p.rows) return;
#pragma unroll
    for (int k = 0; k < FOV_MAX_RANK; k++) {
        const bool here = k == p.axis;
        dim[k] = here ? 1 : p.dim[k];
        if (!here) continue;
        length = p.dim[k];
        in_step = p.in.stride[k];
        out_step = p.out.stride[k];
    }
    fov_tensor_place(i, dim, at);
    const int64_t in = fov_tensor_at(p.in, at), out = fov_tensor_at(p.out, at);
    for (int64_t k = 0; k < length; k++) most = fmaxf(most, fov_tensor_load(p.in, in + k * in_step, channel_of(p, at, k)));
    for (int64_t k = 0; k < length; k++) sum += expf(fov_tensor_load(p.in, in + k * in_step, channel_of(p, at, k)) - most);
    for (int64_t k = 0; k < length; k++) {
        const float v = expf(fov_tensor_load(p.in, in + k * in_step, channel_of(p, at, k)) - most);
        fov_tensor_store(p.out, out + k * out_step, channel_of(p, at, k), __fdiv_rn(v, sum));
    }
}
