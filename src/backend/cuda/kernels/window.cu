// SPDX-License-Identifier: MIT
/* MaxPool and linear Resize of NHWC activations. Tensors here have axes n, c, y, x in stride[0 .. 3]. */
#include "backend/cuda/kernels/tensor.cuh"

/* Output element number i of p: its image, row, column and channel; the channel runs fastest. */
typedef struct window_place {
    int64_t n;
    int     y, x, c;
} window_place;

static __device__ __forceinline__ window_place place_of(int64_t i, int channels, int rows, int columns)
{
    window_place at;
    if (i <= INT32_MAX) { /* divisions of 64 bits are slow */
        const uint32_t pixel = (uint32_t)i / (uint32_t)channels, row = pixel / (uint32_t)columns, n = row / (uint32_t)rows;
        at.c = (int)((uint32_t)i - pixel * (uint32_t)channels);
        at.x = (int)(pixel - row * (uint32_t)columns);
        at.y = (int)(row - n * (uint32_t)rows);
        at.n = n;
        return at;
    }
    const int64_t pixel = i / channels, row = pixel / columns;
    at.c = (int)(i - pixel * channels);
    at.x = (int)(pixel - row * columns);
    at.n = row / rows;
    at.y = (int)(row - at.n * rows);
    return at;
}

static __device__ __forceinline__ int64_t offset_of(const fov_tensor &t, int64_t n, int c, int y, int x)
{
    return n * t.stride[0] + c * t.stride[1] + y * t.stride[2] + x * t.stride[3];
}

/* As the elements stand: integers are as large as what they stand for, where there is one scale. */
static __device__ __forceinline__ void max_pool_8(const fov_max_pool_params &p, const window_place &at)
{
    float most[8];
#pragma unroll
    for (int i = 0; i < 8; i++) most[i] = -INFINITY;
    for (int r = 0; r < p.kernel_y; r++)
        for (int s = 0; s < p.kernel_x; s++) {
            const int y = at.y * p.stride_y - p.pad_top + r * p.dilation_y, x = at.x * p.stride_x - p.pad_left + s * p.dilation_x;
            float     v[8];
            if ((unsigned)y >= (unsigned)p.in_rows || (unsigned)x >= (unsigned)p.in_columns) continue;
            fov_load_elements<8>(v, p.in.data, p.in.dtype, offset_of(p.in, at.n, 8 * at.c, y, x));
#pragma unroll
            for (int i = 0; i < 8; i++)
                if (v[i] > most[i]) most[i] = v[i];
        }
    fov_store_elements<8>(p.out.data, p.out.dtype, offset_of(p.out, at.n, 8 * at.c, at.y, at.x), most);
}

static __device__ __forceinline__ void max_pool_1(const fov_max_pool_params &p, const window_place &at)
{
    float most = -INFINITY;
    for (int r = 0; r < p.kernel_y; r++)
        for (int s = 0; s < p.kernel_x; s++) {
            const int y = at.y * p.stride_y - p.pad_top + r * p.dilation_y, x = at.x * p.stride_x - p.pad_left + s * p.dilation_x;
            if ((unsigned)y >= (unsigned)p.in_rows || (unsigned)x >= (unsigned)p.in_columns) continue;
            const float v = fov_tensor_load(p.in, offset_of(p.in, at.n, at.c, y, x), at.c);
            if (v > most) most = v;
        }
    fov_tensor_store(p.out, offset_of(p.out, at.n, at.c, at.y, at.x), at.c, most);
}

FOV_KERNEL(fov_max_pool, fov_max_pool_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    if (i >= p.count) return;
    const window_place at = place_of(i, p.channels, p.out_rows, p.out_columns);
    if (p.width == 8) max_pool_8(p, at);
    else max_pool_1(p, at);
}

FOV_KERNEL(fov_resize, fov_resize_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    float         sum = 0;
    if (i >= p.count) return;
    const window_place at = place_of(i, p.channels, p.out_rows, p.out_columns);
    for (int r = 0; r < 2; r++)
        for (int s = 0; s < 2; s++) {
            const int y = p.row[2 * at.y + r], x = p.column[2 * at.x + s];
            sum += p.row_weight[2 * at.y + r] * p.column_weight[2 * at.x + s] *
                   fov_tensor_load(p.in, offset_of(p.in, at.n, at.c, y, x), at.c);
        }
    fov_tensor_store(p.out, offset_of(p.out, at.n, at.c, at.y, at.x), at.c, sum);
}
