// SPDX-License-Identifier: MIT
/* MaxPool and linear Resize of NHWC activations. Tensors here have axes n, c, y, x in stride[0 .. 3]. */
#include "backend/cuda/kernels/divide.cuh"
#include "backend/cuda/kernels/tensor.cuh"
#include "backend/cuda/kernels/widen.cuh"

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

/* The taps of a window that are inside of the image, rows top .. bottom and columns left .. right; none where those are the wrong
 * way round. */
struct window_taps {
    int top, bottom, left, right;
};

static __device__ __forceinline__ window_taps taps_of(const fov_max_pool_params &p, const window_place &at)
{
    window_taps taps;
    taps.top = at.y * p.stride_y - p.pad_top;
    taps.left = at.x * p.stride_x - p.pad_left;
    taps.bottom = taps.top + (p.kernel_y - 1) * p.dilation_y;
    taps.right = taps.left + (p.kernel_x - 1) * p.dilation_x;
    while (taps.top < 0) taps.top += p.dilation_y;
    while (taps.left < 0) taps.left += p.dilation_x;
    while (taps.bottom >= p.in_rows) taps.bottom -= p.dilation_y;
    while (taps.right >= p.in_columns) taps.right -= p.dilation_x;
    return taps;
}

/* The largest of chunks of bytes. As halves, bytes compare by the upper one, whatever the lower one is: so a word is its bytes 1
 * and 3 as it stands, and 0 and 2 where these are taken out. */
template <class Chunk> struct most_bytes {
    typedef Chunk    Raw;
    static const int words = sizeof(Chunk) / 4, width = sizeof(Chunk);
    uint32_t         even[words], odd[words];

    __device__ __forceinline__ most_bytes()
    {
#pragma unroll
        for (int i = 0; i < words; i++) even[i] = odd[i] = 0;
    }

    __device__ __forceinline__ void take(const Chunk &chunk)
    {
        const uint32_t *word = (const uint32_t *)&chunk;
#pragma unroll
        for (int i = 0; i < words; i++) {
            even[i] = __vmaxu2(even[i], word[i] & 0x00ff00ffU);
            odd[i] = __vmaxu2(odd[i], word[i]);
        }
    }

    /* What stands for the same real in the output. @param c of the first byte; the next one's is `step` behind it */
    static __device__ __forceinline__ uint32_t requantize(uint32_t word, const fov_max_pool_channel *c, int step)
    {
        uint32_t v[4];
#pragma unroll
        for (int i = 0; i < 4; i++) {
            const float4 channel = *(const float4 *)(c + i * step);
            const float  real = __fmul_rn(__fsub_rn(fov_kind_u8::byte(word, (uint32_t)i), channel.y), channel.x);
            v[i] = __float_as_uint(fov_kind_u8::quantize(real, channel.z, channel.w));
        }
        return fov_kind_u8::word(v[0], v[1], v[2], v[3]);
    }

    __device__ __forceinline__ void store(const fov_max_pool_params &p, int64_t at, int chunk, bool any) const
    {
        alignas(16) uint32_t word[words];
#pragma unroll
        for (int i = 0; i < words; i++) {
            word[i] = even[i] | (odd[i] & 0xff00ff00U);
            if (any && p.channel) word[i] = requantize(word[i], p.channel + 4 * i * p.channels + chunk, p.channels);
        }
        fov_copy_aligned<width>((uint8_t *)p.out.data + at, word);
    }
};

/* The same of floats. The first of those that are alike stays: it may be a zero of the other sign. */
template <class Kind> struct most_floats {
    typedef typename Kind::Raw Raw;
    static const int           width = Kind::width;
    float                      most[width];

    __device__ __forceinline__ most_floats()
    {
#pragma unroll
        for (int i = 0; i < width; i++) most[i] = -INFINITY;
    }

    __device__ __forceinline__ void take(const Raw &chunk)
    {
        float v[width];
        Kind::widen(v, chunk);
#pragma unroll
        for (int i = 0; i < width; i++)
            if (v[i] > most[i]) most[i] = v[i];
    }

    __device__ __forceinline__ void store(const fov_max_pool_params &p, int64_t at, int, bool) const
    {
        *(Raw *)((unsigned char *)p.out.data + at * Kind::size) = Kind::narrow(most);
    }
};

/* All of a window's taps, three columns of three rows at once; in order, so of one row where there are more columns. Those behind
 * the last one are the last one again, which changes nothing: so loads do not depend on anything, and a window of 3x3 asks for all
 * of its chunks before it needs one. */
template <class Most>
static __device__ __forceinline__ void take_taps(const fov_max_pool_params &p, const window_taps &taps, const void *image, int c,
                                                 Most *most)
{
    const typename Most::Raw *chunk = (const typename Most::Raw *)image + c;
    const int pitch = (int)p.in.stride[2] / Most::width, ld = (int)p.in.stride[3] / Most::width, rows = p.kernel_x > 3 ? 1 : 3;
    for (int y = taps.top; y <= taps.bottom; y += rows * p.dilation_y)
        for (int x = taps.left; x <= taps.right; x += 3 * p.dilation_x) {
            typename Most::Raw raw[9];
#pragma unroll
            for (int i = 0; i < 9; i++) {
                const int row = min(y + min(i / 3, rows - 1) * p.dilation_y, taps.bottom);
                raw[i] = chunk[row * pitch + min(x + i % 3 * p.dilation_x, taps.right) * ld];
            }
#pragma unroll
            for (int i = 0; i < 9; i++) most->take(raw[i]);
        }
}

/* Output chunk number i. */
static __device__ __forceinline__ window_place chunk_of(const fov_max_pool_params &p, int i)
{
    window_place at;
    const int    pixel = fov_divide(i, p.by_channels), row = fov_divide(pixel, p.by_columns), n = fov_divide(row, p.by_rows);
    at.c = i - pixel * p.channels;
    at.x = pixel - row * p.out_columns;
    at.y = row - n * p.out_rows;
    at.n = n;
    return at;
}

/* Chunks of 16 bytes, or of 8, which are aligned; they and an image's elements are counted by 31 bits. */
template <class Most> static __device__ __forceinline__ void max_pool(const fov_max_pool_params &p)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    if (i >= p.count) return;
    const window_place at = chunk_of(p, (int)i);
    const window_taps  taps = taps_of(p, at);
    const bool         any = taps.top <= taps.bottom && taps.left <= taps.right;
    const int64_t      size = sizeof(typename Most::Raw) / Most::width;
    Most               most;
    if (any) take_taps(p, taps, (const unsigned char *)p.in.data + at.n * p.in.stride[0] * size, at.c, &most);
    most.store(p, offset_of(p.out, at.n, Most::width * at.c, at.y, at.x), at.c, any);
}

FOV_KERNEL(fov_max_pool_f32, fov_max_pool_params, 256)
{
    max_pool<most_floats<fov_kind_f32>>(p);
}

FOV_KERNEL(fov_max_pool_f16, fov_max_pool_params, 256)
{
    max_pool<most_floats<fov_kind_f16>>(p);
}

FOV_KERNEL(fov_max_pool_bf16, fov_max_pool_params, 256)
{
    max_pool<most_floats<fov_kind_bf16>>(p);
}

FOV_KERNEL(fov_max_pool_u8, fov_max_pool_params, 256)
{
    max_pool<most_bytes<uint4>>(p);
}

FOV_KERNEL(fov_max_pool_u8_half, fov_max_pool_params, 256)
{
    max_pool<most_bytes<uint2>>(p);
}

/* An element of any tensors. */
FOV_KERNEL(fov_max_pool, fov_max_pool_params, 256)
{
    fov_depend_launch();
    fov_depend_wait();
    const int64_t i = fov_thread_number();
    if (i >= p.count) return;
    const window_place at = place_of(i, p.channels, p.out_rows, p.out_columns);
    float              most = -INFINITY;
    for (int r = 0; r < p.kernel_y; r++)
        for (int s = 0; s < p.kernel_x; s++) {
            const int y = at.y * p.stride_y - p.pad_top + r * p.dilation_y, x = at.x * p.stride_x - p.pad_left + s * p.dilation_x;
            if ((unsigned)y >= (unsigned)p.in_rows || (unsigned)x >= (unsigned)p.in_columns) continue;
            const float v = fov_tensor_load(p.in, offset_of(p.in, at.n, at.c, y, x), at.c);
            if (v > most) most = v;
        }
    fov_tensor_store(p.out, offset_of(p.out, at.n, at.c, at.y, at.x), at.c, most);
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
