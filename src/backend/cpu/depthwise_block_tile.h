// SPDX-License-Identifier: MIT
/* Depthwise 3x3 of bytes in whole blocks of the output, where fov_depthwise_call.blocks has tables. A file that includes it has
 * defined, beside the vectors of <isa>/storage.h:
 *
 *     bytes, BLOCK                          a vector of bytes, and how many
 *     bytes_load(p)                         BLOCK of them, anywhere
 *     bytes_load_pieces(p, step, piece)     `piece` bytes at p, p + step, ...; BLOCK in all; 16 or more
 *     bytes_low/high(a, b)                  a0 b0 a1 b1 ... of the lower, upper half of each lane of 16 bytes
 *     pairs_low/high(a, b)                  the same of pairs of bytes
 *     bytes_store(p, a, b, c, d)            four vectors of integers, saturated, each giving four bytes a lane in turn
 *     word_dot(sum, x, w)                   sum + four products of bytes in each word, unsigned times signed
 *
 * Three rows of a column, interleaved byte by byte, make words that one instruction multiplies and adds; the order in which the
 * words come out is that of the tables, and packing undoes it. */
#ifndef FOVEA_BACKEND_CPU_DEPTHWISE_BLOCK_TILE_H
#define FOVEA_BACKEND_CPU_DEPTHWISE_BLOCK_TILE_H

#include "backend/cpu/storage_tile.h"

enum { BLOCK_VECTORS = 4, BLOCKS_AT_ONCE = 2 };

/* How blocks lie in the image. */
typedef struct block_walk {
    size_t    pixels, blocks; /* pixels in a block; blocks in a pixel */
    ptrdiff_t step, piece;    /* bytes from a pixel to the next, and of a pixel, in blocks of several pixels */
    bool      gapless;
} block_walk;

FOV_ALWAYS_INLINE bytes block_load(const block_walk *walk, const unsigned char *p)
{
    return walk->gapless ? bytes_load(p) : bytes_load_pieces(p, walk->step, walk->piece);
}

/* The words of a column, in the order of the tables. */
FOV_ALWAYS_INLINE void column_words(const block_walk *walk, const fov_depthwise_call *call, ptrdiff_t offset,
                                    bytes word[BLOCK_VECTORS])
{
    const bytes zero = bytes_zero(), r0 = block_load(walk, call->row[0] + offset), r1 = block_load(walk, call->row[1] + offset);
    const bytes r2 = block_load(walk, call->row[2] + offset);
    const bytes low = bytes_low(r0, r1), high = bytes_high(r0, r1), low2 = bytes_low(r2, zero), high2 = bytes_high(r2, zero);
    word[0] = pairs_low(low, low2);
    word[1] = pairs_high(low, low2);
    word[2] = pairs_low(high, high2);
    word[3] = pairs_high(high, high2);
}

FOV_ALWAYS_INLINE const float *floats_of(const int32_t *table, int array)
{
    return (const float *)(const void *)(table + array * BLOCK);
}

/* As graph/ops/conv_int8.h says, for numbers that fov_gemm_end_is_plain() vouches for. */
FOV_ALWAYS_INLINE void block_end(const int32_t *table, const int vector, const int count, ivec sum[BLOCKS_AT_ONCE][BLOCK_VECTORS],
                                 vec slope)
{
    const int  at = vector * LANES;
    const vec  scale = vec_load(floats_of(table, FOV_BLOCK_SCALE) + at), bias = vec_load(floats_of(table, FOV_BLOCK_BIAS) + at);
    const vec  inverse = vec_load(floats_of(table, FOV_BLOCK_INVERSE) + at);
    const ivec zero_point = ivec_load(table + FOV_BLOCK_ZERO_POINT * BLOCK + at);
    FOV_UNROLL
    for (int i = 0; i < count; i++) {
        const vec v = vec_add(vec_mul(vec_from_int(sum[i][vector]), scale), bias);
        sum[i][vector] = vec_quantize_small(vec_max(v, vec_mul(v, slope)), inverse, zero_point);
    }
}

/* `count` blocks that share a table, `x_step` bytes of the input and `y_step` of the output apart: what is loaded of the table
 * serves all of them. */
FOV_ALWAYS_INLINE void some_blocks(const block_walk *walk, const fov_depthwise_call *call, const int32_t *table, ptrdiff_t offset,
                                   unsigned char *y, const int count)
{
    const ptrdiff_t x_step = (ptrdiff_t)walk->pixels * call->step, y_step = (ptrdiff_t)walk->pixels * call->ldy;
    const vec       slope = vec_set1(call->slope);
    ivec            sum[BLOCKS_AT_ONCE][BLOCK_VECTORS];
    FOV_UNROLL
    for (int v = 0; v < BLOCK_VECTORS; v++) {
        const ivec start = ivec_load(table + FOV_BLOCK_START * BLOCK + v * LANES);
        FOV_UNROLL
        for (int i = 0; i < count; i++) sum[i][v] = start;
    }
    FOV_UNROLL
    for (int s = 0; s < 3; s++) {
        bytes word[BLOCKS_AT_ONCE][BLOCK_VECTORS];
        FOV_UNROLL
        for (int i = 0; i < count; i++) column_words(walk, call, offset + s * call->tap + i * x_step, word[i]);
        FOV_UNROLL
        for (int v = 0; v < BLOCK_VECTORS; v++) {
            const ivec w = ivec_load(table + s * BLOCK + v * LANES);
            FOV_UNROLL
            for (int i = 0; i < count; i++) sum[i][v] = word_dot(sum[i][v], word[i][v], w);
        }
    }
    FOV_UNROLL
    for (int v = 0; v < BLOCK_VECTORS; v++) block_end(table, v, count, sum, slope);
    FOV_UNROLL
    for (int i = 0; i < count; i++) bytes_store(y + i * y_step, sum[i][0], sum[i][1], sum[i][2], sum[i][3]);
}

/* All blocks of `count` times `walk->pixels` pixels from pixel i on. */
FOV_ALWAYS_INLINE void blocks_at(const block_walk *walk, const fov_depthwise_call *call, size_t i, const int count)
{
    for (size_t b = 0; b < walk->blocks; b++)
        some_blocks(walk, call, call->blocks + (ptrdiff_t)b * FOV_BLOCK_ARRAYS * BLOCK,
                    (ptrdiff_t)i * call->step + (ptrdiff_t)b * BLOCK, call->y + (ptrdiff_t)i * call->ldy + (ptrdiff_t)b * BLOCK,
                    count);
}

/* Blocks of several pixels: the last one begins early enough to be whole, and makes some pixels again. */
FOV_ALWAYS_INLINE void all_blocks(const block_walk *walk, const fov_depthwise_call *call)
{
    const size_t at_once = walk->pixels * BLOCKS_AT_ONCE;
    size_t       i = 0;
    for (; i + at_once <= call->m; i += at_once) blocks_at(walk, call, i, BLOCKS_AT_ONCE);
    for (; i + walk->pixels <= call->m; i += walk->pixels) blocks_at(walk, call, i, 1);
    if (i < call->m) blocks_at(walk, call, call->m - walk->pixels, 1);
}

static block_walk walk_of(const fov_depthwise_call *call)
{
    const size_t channels = call->channels;
    block_walk   walk = {.pixels = 1, .blocks = channels / BLOCK, .gapless = true};
    if (channels >= BLOCK) return walk;
    walk.pixels = BLOCK / channels;
    walk.blocks = 1;
    walk.piece = (ptrdiff_t)channels;
    walk.step = call->step;
    walk.gapless = walk.step == walk.piece;
    return walk;
}

/* There are tables, and blocks do not need what this kernel cannot do. */
static bool blocks_fit(const fov_depthwise_call *call)
{
    if (!call->blocks || !call->columns) return false;
    const block_walk walk = walk_of(call);
    const bool       dense = walk.pixels == 1 || call->ldy == walk.piece;
    return dense && call->m >= walk.pixels && (walk.gapless || walk.piece >= 16);
}

static void depthwise_blocks(const fov_depthwise_call *from)
{
    const unsigned char *row[3] = {from->row[0], from->row[1], from->row[2]};
    fov_depthwise_call   own = *from; /* which bytes that are stored cannot be part of */
    own.row = row;
    const block_walk walk = walk_of(&own);
    if (walk.gapless) all_blocks(&(block_walk){walk.pixels, walk.blocks, walk.step, walk.piece, true}, &own);
    else all_blocks(&walk, &own);
}

#endif
