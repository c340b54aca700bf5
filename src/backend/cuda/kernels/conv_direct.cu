// SPDX-License-Identifier: MIT
/* Convolutions that no faster kernel takes: other channel counts, groups, types that differ. */
#include "backend/cuda/kernels/end.cuh"
#include "backend/cuda/kernels/general_params.h"

/* Input channel c of the tap at (y, x); what 0 is outside of the image. */
static __device__ __forceinline__ float direct_float(const fov_direct_params &p, int64_t image, int y, int x, int c)
{
    float v = 0;
    if ((unsigned)y < (unsigned)p.x_rows && (unsigned)x < (unsigned)p.x_columns)
        fov_load_elements<1>(&v, p.x, p.x_dtype, ((image * p.x_rows + y) * p.x_columns + x) * p.x_ld + c);
    return v;
}

static __device__ __forceinline__ int32_t direct_byte(const fov_direct_params &p, int64_t image, int y, int x, int c)
{
    if ((unsigned)y >= (unsigned)p.x_rows || (unsigned)x >= (unsigned)p.x_columns) return p.zero_point[c];
    return ((const uint8_t *)p.x)[((image * p.x_rows + y) * p.x_columns + x) * p.x_ld + c];
}

static __device__ __forceinline__ void direct_add(float *sum, const fov_direct_params &p, int64_t image, int y, int x, int c, int64_t w)
{
    float weight;
    fov_load_elements<1>(&weight, p.weight, p.weight_dtype, w);
    *sum = __fmaf_rn(direct_float(p, image, y, x, c), weight, *sum);
}

static __device__ __forceinline__ void direct_add(int32_t *sum, const fov_direct_params &p, int64_t image, int y, int x, int c,
                                                  int64_t w)
{
    *sum += direct_byte(p, image, y, x, c) * ((const int8_t *)p.weight)[w];
}

template <class Sum> static __device__ __forceinline__ void direct(const fov_direct_params &p)
{
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x, pixel = i / p.end.channels;
    if (i >= p.count) return;
    const int     m = (int)(i - pixel * p.end.channels), first = m / p.group_out * p.group_in;
    const int64_t row = pixel / p.end.columns, image = row / p.end.rows;
    const int     y = (int)(row - image * p.end.rows) * p.stride_y - p.pad_top;
    const int     x = (int)(pixel - row * p.end.columns) * p.stride_x - p.pad_left;
    Sum           sum = 0;
    int64_t       w = (int64_t)m * p.weight_ld;
    for (int r = 0; r < p.kernel_y; r++)
        for (int s = 0; s < p.kernel_x; s++)
            for (int c = 0; c < p.group_in; c++, w++)
                direct_add(&sum, p, image, y + r * p.dilation_y, x + s * p.dilation_x, first + c, w);
    fov_end_store<1>(&p.end, &p.end.channel[m], fov_end_output_of(&p.end, m), pixel, m, &sum);
}

FOV_KERNEL(fov_conv_direct, fov_direct_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    if (p.x_dtype == FOV_U8) direct<int32_t>(p);
    else direct<float>(p);
}
