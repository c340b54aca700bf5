// SPDX-License-Identifier: MIT
/* Depthwise 3x3: a strip of output pixels of a row, one chunk of channels, by one thread. All of what it reads of the input is
 * asked for at once; where a strip's windows overlap, what they share is loaded and widened once. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_WINDOW3_CUH
#define FOVEA_BACKEND_CUDA_KERNELS_WINDOW3_CUH

#include "backend/cuda/kernels/depthwise_params.h"
#include "backend/cuda/kernels/widen.cuh"

template <class Kind, int stride, int pixels> struct fov_strip {
    static const int columns = (pixels - 1) * stride + 3;

    typename Kind::Raw raw[3][columns];

    /** @param image the chunk in the image's first pixel; y, x: the window's first tap; pad: the chunk of a tap outside */
    __device__ __forceinline__ void load(const unsigned char *image, int rows_of_x, int columns_of_x, int ld_bytes, int y, int x,
                                         const unsigned char *pad)
    {
#pragma unroll
        for (int r = 0; r < 3; r++) {
            const bool           inside = (unsigned)(y + r) < (unsigned)rows_of_x;
            const unsigned char *row = image + ((int64_t)(y + r) * columns_of_x + x) * ld_bytes;
#pragma unroll
            for (int j = 0; j < columns; j++) {
                const bool there = inside && (unsigned)(x + j) < (unsigned)columns_of_x;
                raw[r][j] = *(const typename Kind::Raw *)(there ? row + j * ld_bytes : pad);
            }
        }
    }

    /** @param weight rows of `channels` floats, one for each tap */
    __device__ __forceinline__ void multiply(float (&sum)[pixels][Kind::width], const float *weight, int chunk, int chunks) const
    {
        const int channels = chunks * Kind::width;
#pragma unroll
        for (int p = 0; p < pixels; p++)
#pragma unroll
            for (int i = 0; i < Kind::width; i++) sum[p][i] = 0;
#pragma unroll
        for (int r = 0; r < 3; r++) {
            float w[3][Kind::width];
#pragma unroll
            for (int s = 0; s < 3; s++) fov_chunk_numbers<Kind::width>(w[s], weight + (3 * r + s) * channels, chunk, chunks);
#pragma unroll
            for (int j = 0; j < columns; j++) {
                float v[Kind::width];
                Kind::widen(v, raw[r][j]);
#pragma unroll
                for (int p = 0; p < pixels; p++) {
                    const int s = j - p * stride;
                    if (s < 0 || s > 2) continue;
#pragma unroll
                    for (int i = 0; i < Kind::width; i++) sum[p][i] = __fmaf_rn(v[i], w[s][i], sum[p][i]);
                }
            }
        }
    }
};

#endif
