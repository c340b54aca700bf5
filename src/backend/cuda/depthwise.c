// SPDX-License-Identifier: MIT
#include "backend/cuda/depthwise.h"

#include <stdio.h>
#include <string.h>

enum { THREADS = 128, PAD_ALIGN = 16, MOST_TAPS_OF_BYTES = 500 /* times 255 * 128 is below 2^24 */ };

int fov_cuda_depthwise_chunk(fov_dtype x)
{
    switch (x) {
    case FOV_F32:
        return 4;
    case FOV_F16:
    case FOV_BF16:
    case FOV_U8:
        return 8;
    default:
        return 0;
    }
}

bool fov_cuda_depthwise_takes(const fov_cuda_depthwise *conv)
{
    const int chunk = fov_cuda_depthwise_chunk(conv->x);
    return chunk && conv->channels % chunk == 0 && (conv->x != FOV_U8 || conv->rows * conv->columns <= MOST_TAPS_OF_BYTES);
}

size_t fov_cuda_chunk_place(int channels, int chunk, int c)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): a chunk of 0 is what fov_cuda_depthwise_takes() refuses */
    const int chunks = channels / chunk, of_chunk = c % chunk;
    const int quad = of_chunk / 4 * chunks + c / chunk;
    return (size_t)quad * 4 + (size_t)(of_chunk % 4);
}

void fov_cuda_pad_pack(fov_dtype x, int channels, const int32_t *zero_point, void *pixel)
{
    memset(pixel, 0, (size_t)channels * fov_dtype_size(x));
    for (int c = 0; x == FOV_U8 && c < channels; c++) ((uint8_t *)pixel)[c] = (uint8_t)zero_point[c];
}

static size_t weight_bytes(const fov_cuda_depthwise *conv)
{
    return (size_t)(conv->rows * conv->columns) * (size_t)conv->channels * sizeof(float);
}

size_t fov_cuda_depthwise_bytes(const fov_cuda_depthwise *conv)
{
    return weight_bytes(conv) + ((size_t)conv->channels * fov_dtype_size(conv->x) + PAD_ALIGN - 1) / PAD_ALIGN * PAD_ALIGN;
}

void fov_cuda_depthwise_pack(const fov_cuda_depthwise *conv, const float *weight, const int32_t *zero_point, void *packed)
{
    const int taps = conv->rows * conv->columns, chunk = fov_cuda_depthwise_chunk(conv->x);
    float    *row = packed;
    for (int tap = 0; tap < taps; tap++, row += conv->channels)
        for (int c = 0; c < conv->channels; c++)
            row[fov_cuda_chunk_place(conv->channels, chunk, c)] = weight[(size_t)c * (size_t)taps + (size_t)tap];
    fov_cuda_pad_pack(conv->x, conv->channels, zero_point, row);
}

/* 1 or 2: a kernel of 3x3 with this stride; 0: that of any window. */
static int square_stride(const fov_cuda_depthwise *conv)
{
    const bool square = conv->rows == 3 && conv->columns == 3 && conv->dilation_y == 1 && conv->dilation_x == 1;
    return square && conv->stride_y == conv->stride_x && conv->stride_x <= 2 ? conv->stride_x : 0;
}

void fov_cuda_depthwise_fill(const fov_cuda_depthwise *conv, const fov_cuda_images *x, const void *packed, const fov_end *end,
                             fov_depthwise_params *params, fov_cuda_launch *launch)
{
    const int stride = square_stride(conv), pixels = stride == 1 ? 4 : 2;
    /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): the same */
    const int chunks = conv->channels / fov_cuda_depthwise_chunk(conv->x), strips = (end->columns + pixels - 1) / pixels;
    *params = (fov_depthwise_params){.x = x->data,
                                     .pad = (const unsigned char *)packed + weight_bytes(conv),
                                     .weight = packed,
                                     .end = *end,
                                     .items = (int64_t)x->count * end->rows * strips * chunks,
                                     .x_rows = x->rows,
                                     .x_columns = x->columns,
                                     .x_ld_bytes = x->ld * (int)fov_dtype_size(conv->x),
                                     .chunks = chunks,
                                     .strips = strips,
                                     .window_rows = conv->rows,
                                     .window_columns = conv->columns,
                                     .stride_y = conv->stride_y,
                                     .stride_x = conv->stride_x,
                                     .pad_top = conv->pad_top,
                                     .pad_left = conv->pad_left,
                                     .dilation_y = conv->dilation_y,
                                     .dilation_x = conv->dilation_x};
    *launch = (fov_cuda_launch){.blocks = (uint32_t)((params->items + THREADS - 1) / THREADS), .threads = THREADS};
    const char *type = fov_dtype_name(conv->x);
    if (stride) snprintf(launch->kernel, sizeof launch->kernel, "fov_depthwise_%s_s%d", type, stride);
    else snprintf(launch->kernel, sizeof launch->kernel, "fov_depthwise_%s", type);
}
