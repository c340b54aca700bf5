// SPDX-License-Identifier: MIT
/* Tables for depthwise kernels that work in blocks of bytes. */
#include "backend/cpu/kernels.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 3, WORD_TAPS = 4 };

static size_t blocks_of(int block, size_t channels)
{
    const size_t size = (size_t)block;
    if (!block || !channels) return 0;
    if (channels >= size) return channels % size ? 0 : channels / size;
    return size % channels ? 0 : 1;
}

/* The largest magnitude of a channel's sum of products with differences of bytes, times its scale. */
static float reach_of(const fov_depthwise_call *call, size_t c)
{
    float sum = 0;
    for (size_t s = 0; s < COLUMNS; s++) {
        int8_t weight[WORD_TAPS];
        memcpy(weight, call->columns + s * (size_t)call->ldtap + c, sizeof weight);
        for (int i = 0; i < WORD_TAPS; i++) sum += (float)abs(weight[i]);
    }
    return sum * UINT8_MAX * call->scale[c];
}

size_t fov_depthwise_blocks_words(int block, int taps, const fov_depthwise_call *call)
{
    const size_t blocks = blocks_of(block, call->channels);
    if (!blocks || taps != WORD_TAPS) return 0;
    for (size_t c = 0; c < call->channels; c++)
        if (!fov_gemm_end_is_plain(c, call->slope, reach_of(call, c), call->bias[c], call->as_y)) return 0;
    return blocks * FOV_BLOCK_ARRAYS * (size_t)block;
}

void fov_depthwise_blocks_fill(int block, const fov_depthwise_call *call, int32_t *tables)
{
    const size_t size = (size_t)block, blocks = blocks_of(block, call->channels);
    for (size_t b = 0; b < blocks; b++, tables += FOV_BLOCK_ARRAYS * size)
        for (size_t i = 0; i < size; i++) {
            const size_t c = (b * size + (size_t)fov_depthwise_block_byte(block, (int)i)) % call->channels;
            const size_t lane = c & call->as_y->mask;
            for (size_t s = 0; s < COLUMNS; s++) tables[s * size + i] = call->columns[s * (size_t)call->ldtap + c];
            tables[FOV_BLOCK_START * size + i] = call->start[c];
            memcpy(tables + FOV_BLOCK_SCALE * size + i, call->scale + c, sizeof(float));
            memcpy(tables + FOV_BLOCK_BIAS * size + i, call->bias + c, sizeof(float));
            memcpy(tables + FOV_BLOCK_INVERSE * size + i, call->as_y->inverse + lane, sizeof(float));
            tables[FOV_BLOCK_ZERO_POINT * size + i] = call->as_y->zero_point[lane];
        }
}
