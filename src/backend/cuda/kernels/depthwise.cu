// SPDX-License-Identifier: MIT
/* Depthwise convolution alone: a thread makes a strip of a row's output pixels, one chunk of channels. */
#include "backend/cuda/kernels/end.cuh"
#include "backend/cuda/kernels/window3.cuh"

enum { THREADS = 128, WINDOW_PIXELS = 2 };

/** Sums of a strip by any window: each tap by itself. */
template <class Kind, int pixels>
static __device__ __forceinline__ void window_sums(const fov_depthwise_params *p, const unsigned char *image, int y, int x,
                                                   int chunk, const unsigned char *pad, float (&sum)[pixels][Kind::width])
{
    const int    channels = p->chunks * Kind::width;
    const float *weight = (const float *)p->weight;
#pragma unroll
    for (int i = 0; i < pixels * Kind::width; i++) sum[i / Kind::width][i % Kind::width] = 0;
    for (int r = 0; r < p->window_rows; r++)
        for (int s = 0; s < p->window_columns; s++, weight += channels) {
            const int row = y + r * p->dilation_y;
            float     w[Kind::width];
            fov_chunk_numbers<Kind::width>(w, weight, chunk, p->chunks);
#pragma unroll
            for (int i = 0; i < pixels; i++) {
                const int            column = x + i * p->stride_x + s * p->dilation_x;
                const bool           inside = (unsigned)row < (unsigned)p->x_rows && (unsigned)column < (unsigned)p->x_columns;
                const unsigned char *at = inside ? image + ((int64_t)row * p->x_columns + column) * p->x_ld_bytes : pad;
                float                v[Kind::width];
                Kind::widen(v, *(const typename Kind::Raw *)at);
#pragma unroll
                for (int c = 0; c < Kind::width; c++) sum[i][c] = __fmaf_rn(v[c], w[c], sum[i][c]);
            }
        }
}

static __device__ __forceinline__ float as_sum(float sum, float)
{
    return sum;
}

/* A whole number below 2^24. */
static __device__ __forceinline__ int32_t as_sum(float sum, int32_t)
{
    return __float2int_rn(sum);
}

template <int W, class Kind, class Sum>
static __device__ __forceinline__ void store_pixel(const fov_end *end, int64_t pixel, int first, const float (&sum)[Kind::width])
{
#pragma unroll
    for (int i = 0; i < Kind::width; i += W) {
        const int c = first + i;
        if (c >= end->channels) return;
        fov_end_channel channel[W];
        Sum             sums[W];
        fov_end_table{end->channel}.template load<W, Sum>(channel, end, c);
        for (int j = 0; j < W; j++) sums[j] = as_sum(sum[i + j], Sum());
        fov_end_store<W>(end, channel, fov_end_output_of(end, c), pixel, c, sums);
    }
}

/* @param stride of 3x3; 0: any window */
template <class Kind, class Sum, int stride, int pixels>
static __device__ __forceinline__ void depthwise(const fov_depthwise_params *p)
{
    const int64_t item = (int64_t)blockIdx.x * THREADS + (int)threadIdx.x;
    fov_depend_launch();
    fov_depend_wait();
    if (item >= p->items) return;
    const int64_t        strip = item / p->chunks, row = strip / p->strips, image = row / p->end.rows;
    const int            chunk = (int)(item - strip * p->chunks), x = (int)(strip - row * p->strips) * pixels;
    const int            y = (int)(row - image * p->end.rows), at = chunk * (int)sizeof(typename Kind::Raw);
    const unsigned char *from = (const unsigned char *)p->x + image * p->x_rows * p->x_columns * p->x_ld_bytes + at;
    const unsigned char *pad = (const unsigned char *)p->pad + at;
    const int            top = y * p->stride_y - p->pad_top, left = x * p->stride_x - p->pad_left;
    float                sum[pixels][Kind::width];
    if (stride == 0) {
        window_sums<Kind, pixels>(p, from, top, left, chunk, pad, sum);
    } else {
        fov_strip<Kind, stride == 0 ? 1 : stride, pixels> input;
        input.load(from, p->x_rows, p->x_columns, p->x_ld_bytes, top, left, pad);
        input.multiply(sum, (const float *)p->weight, chunk, p->chunks);
    }
#pragma unroll
    for (int i = 0; i < pixels; i++) {
        if (x + i >= p->end.columns) return;
        const int64_t pixel = row * p->end.columns + x + i;
        if (p->end.vector == 1) store_pixel<1, Kind, Sum>(&p->end, pixel, chunk * Kind::width, sum[i]);
        else if (Kind::width == 4 || p->end.vector == 4) store_pixel<4, Kind, Sum>(&p->end, pixel, chunk * Kind::width, sum[i]);
        else store_pixel<Kind::width, Kind, Sum>(&p->end, pixel, chunk * Kind::width, sum[i]);
    }
}

#define DEPTHWISE_KERNELS(type, Sum)                                                                                               \
    FOV_KERNEL(fov_depthwise_##type##_s1, fov_depthwise_params, THREADS)                                                           \
    {                                                                                                                              \
        depthwise<fov_kind_##type, Sum, 1, 4>(&p);                                                                                 \
    }                                                                                                                              \
    FOV_KERNEL(fov_depthwise_##type##_s2, fov_depthwise_params, THREADS)                                                           \
    {                                                                                                                              \
        depthwise<fov_kind_##type, Sum, 2, 2>(&p);                                                                                 \
    }                                                                                                                              \
    FOV_KERNEL(fov_depthwise_##type, fov_depthwise_params, THREADS)                                                                \
    {                                                                                                                              \
        depthwise<fov_kind_##type, Sum, 0, WINDOW_PIXELS>(&p);                                                                     \
    }

DEPTHWISE_KERNELS(f16, float)
DEPTHWISE_KERNELS(bf16, float)
DEPTHWISE_KERNELS(u8, int32_t)
DEPTHWISE_KERNELS(f32, float)
