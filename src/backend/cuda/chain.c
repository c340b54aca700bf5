// SPDX-License-Identifier: MIT
#include "backend/cuda/chain.h"

#include "backend/cuda/depthwise.h"

#include <stdio.h>
#include <string.h>

enum { GROUP = 8, LANE_BYTES = 8, ALIGN = 16 };

/* Rows of A and threads of the kernels (FOV_CHAIN_KERNELS). */
static const int variants[][2] = {{32, 128}, {64, 128}, {64, 256}, {128, 128}, {256, 128}};

/* ---------------------------------------------------------------- packing */

static int element_bytes(const fov_cuda_chain *chain)
{
    return (int)fov_dtype_size(chain->type);
}

static int k_steps_of(const fov_cuda_chain *chain)
{
    return (chain->channels * element_bytes(chain) + FOV_CHAIN_STEP_BYTES - 1) / FOV_CHAIN_STEP_BYTES;
}

static int slices_of(const fov_cuda_chain *chain)
{
    return (chain->outputs + FOV_CHAIN_SLICE - 1) / FOV_CHAIN_SLICE;
}

static size_t table_bytes(const fov_cuda_chain *chain)
{
    const int rows = chain->type == FOV_U8 ? FOV_CHAIN_U8_ROWS : FOV_CHAIN_FLOAT_ROWS;
    return (size_t)(rows * chain->channels) * sizeof(float);
}

static size_t slice_bytes(const fov_cuda_chain *chain)
{
    return (size_t)k_steps_of(chain) * FOV_CHAIN_STEP_BYTES * FOV_CHAIN_SLICE;
}

static size_t weight_bytes(const fov_cuda_chain *chain)
{
    return (size_t)slices_of(chain) * slice_bytes(chain);
}

bool fov_cuda_chain_takes(const fov_cuda_chain *chain)
{
    return fov_cuda_depthwise_chunk(chain->type) && chain->channels % GROUP == 0 && (chain->stride == 1 || chain->stride == 2);
}

size_t fov_cuda_chain_bytes(const fov_cuda_chain *chain)
{
    const size_t pad = (size_t)(chain->channels * element_bytes(chain));
    return table_bytes(chain) + weight_bytes(chain) + (pad + ALIGN - 1) / ALIGN * ALIGN;
}

static void pack_table(const fov_cuda_chain *chain, const fov_cuda_chain_weights *weights, float *table)
{
    const int chunk = fov_cuda_depthwise_chunk(chain->type), channels = chain->channels;
    for (int c = 0; c < channels; c++) {
        const fov_end_channel *middle = &weights->middle[c];
        float                 *column = table + fov_cuda_chunk_place(channels, chunk, c);
        for (int tap = 0; tap < FOV_CHAIN_TAPS; tap++) column[tap * channels] = weights->depthwise[c * FOV_CHAIN_TAPS + tap];
        column[FOV_CHAIN_BIAS * channels] = middle->bias;
        column[FOV_CHAIN_SLOPE * channels] = middle->slope;
        if (chain->type != FOV_U8) continue;
        column[FOV_CHAIN_START * channels] = (float)middle->start;
        column[FOV_CHAIN_SCALE * channels] = middle->scale;
        column[FOV_CHAIN_INVERSE_SCALE * channels] = middle->inverse_scale;
        column[FOV_CHAIN_ZERO_POINT * channels] = (float)middle->zero_point;
    }
}

/* What lane `lane` needs of output channels first .. first + 7 in step k. */
static void pack_lane(const fov_cuda_chain *chain, const unsigned char *weight, int first, int k, int lane, unsigned char *to)
{
    const int row_bytes = chain->channels * element_bytes(chain), c = first + lane / 4;
    for (int half = 0; half < 2; half++) {
        const int at = k * FOV_CHAIN_STEP_BYTES + half * 16 + lane % 4 * 4;
        if (c < chain->outputs && at < row_bytes) memcpy(to + half * 4, weight + (size_t)c * (size_t)row_bytes + at, 4);
    }
}

void fov_cuda_chain_pack(const fov_cuda_chain *chain, const fov_cuda_chain_weights *weights, void *packed)
{
    unsigned char *to = (unsigned char *)packed + table_bytes(chain);
    memset(packed, 0, fov_cuda_chain_bytes(chain));
    pack_table(chain, weights, packed);
    for (int slice = 0; slice < slices_of(chain); slice++)
        for (int k = 0; k < k_steps_of(chain); k++)
            for (int group = 0; group < FOV_CHAIN_SLICE / GROUP; group++)
                for (int lane = 0; lane < 32; lane++, to += LANE_BYTES)
                    pack_lane(chain, weights->pointwise, slice * FOV_CHAIN_SLICE + group * GROUP, k, lane, to);
    fov_cuda_pad_pack(chain->type, chain->channels, weights->zero_point, to);
}

/* ---------------------------------------------------------------- tiles */

static int ceiling(int a, int b)
{
    return (a + b - 1) / b;
}

/* Output pixels that a thread of the depthwise part makes at once. */
static int strip_pixels(const fov_cuda_chain *chain)
{
    return chain->stride == 1 ? 4 : 2;
}

/* The shape of as few tiles as can be, then of the least input for each. */
static void shape_tile(const fov_cuda_chain *chain, int rows, int columns, fov_cuda_chain_tile *tile)
{
    const int pixels = strip_pixels(chain);
    int64_t   least_tiles = INT64_MAX, least_input = INT64_MAX;
    for (int across = pixels; across <= tile->rows && across < columns + pixels; across += pixels) {
        const int     most = tile->rows / across, down = most < rows ? most : rows;
        const int64_t tiles = (int64_t)ceiling(rows, down) * ceiling(columns, across);
        const int64_t input = (int64_t)((down - 1) * chain->stride + 3) * ((across - 1) * chain->stride + 3);
        if (tiles > least_tiles || (tiles == least_tiles && input >= least_input)) continue;
        least_tiles = tiles;
        least_input = input;
        tile->tile_rows = down;
        tile->tile_columns = across;
    }
}

bool fov_cuda_chain_tile_of(const fov_cuda_chain *chain, int i, int rows, int columns, fov_cuda_chain_tile *tile)
{
    if (i >= (int)(sizeof variants / sizeof variants[0])) return false;
    *tile = (fov_cuda_chain_tile){.rows = variants[i][0], .threads = variants[i][1], .block_slices = 1};
    shape_tile(chain, rows, columns, tile);
    return true;
}

size_t fov_cuda_chain_shared(const fov_cuda_chain *chain, const fov_cuda_chain_tile *tile)
{
    const size_t a = (size_t)tile->rows * (size_t)(k_steps_of(chain) * FOV_CHAIN_STEP_BYTES + 16);
    const size_t sums = (size_t)tile->rows * FOV_CHAIN_SUMS_LD * sizeof(float), slices = (size_t)tile->block_slices;
    const size_t end = slices * FOV_CHAIN_SLICE * FOV_END_ROWS * sizeof(float);
    return a + table_bytes(chain) + end + slices * slice_bytes(chain) + sums * (slices > 1 ? 2 : 1);
}

/* What a tile costs: instructions of a warp, and cycles that a block takes when it is alone. Fitted to 809 times of the layers of
 * MobileNet-0.25 on an H200 (bench/cuda/chain_bench.cu), which they tell to 19 %. */
enum {
    WARP_INSTRUCTIONS = 367,
    STRIP_INSTRUCTIONS = 780, /* of the depthwise part, for 32 threads' work */
    STEP_INSTRUCTIONS = 26,   /* of the product of 16 rows and a slice, for each step */
    END_INSTRUCTIONS = 288,   /* of a slice, for each 16 rows */
    BLOCK_CYCLES = 2780,
    STRIP_CYCLES = 1950,
    STEP_CYCLES = 47,
    SLICE_CYCLES = 1356,
    WARPS_A_CYCLE = 3,  /* that a processor has instructions of */
    THREADS = 512,      /* that a processor has registers for */
    BLOCKS = 32,        /* of a processor, at most */
    SHARING_BLOCKS = 4, /* of a tile: more were mostly slower, as each makes the depthwise part for itself */
};

static int least_of(int a, int b)
{
    return a < b ? a : b;
}

/* Blocks that a processor holds at once. */
static int fitting_blocks(const fov_cuda_limits *limits, const fov_cuda_chain *chain, const fov_cuda_chain_tile *tile)
{
    const size_t reserved = 1024; /* bytes of each block that are not its own */
    const int    by_shared = (int)((limits->shared_bytes + reserved) / (fov_cuda_chain_shared(chain, tile) + reserved));
    return least_of(least_of(by_shared, THREADS / tile->threads), BLOCKS);
}

/* Cycles that all blocks take. */
static int64_t cycles_of(const fov_cuda_chain *chain, int images, int rows, int columns, const fov_cuda_limits *limits,
                         const fov_cuda_chain_tile *tile)
{
    const int64_t blocks = (int64_t)images * ceiling(rows, tile->tile_rows) * ceiling(columns, tile->tile_columns) *
                           ceiling(slices_of(chain), tile->block_slices);
    const int64_t each = (blocks + limits->processors - 1) / limits->processors; /* of a processor */
    const int64_t fitting = fitting_blocks(limits, chain, tile), slices = tile->block_slices, k_steps = k_steps_of(chain);
    const int     chunks = chain->channels / fov_cuda_depthwise_chunk(chain->type);
    const int     strips = tile->tile_rows * (tile->tile_columns / strip_pixels(chain)) * chunks;
    const int     products = chain->type == FOV_F32 ? 3 : 1, rounding = chain->type == FOV_U8 ? 135 : 100; /* hundredths */
    const int64_t work =
        (ceiling(strips, 32) * (int64_t)STRIP_INSTRUCTIONS + slices * tile->rows / 16 * END_INSTRUCTIONS) * rounding;
    const int64_t instructions =
        tile->threads / 32 * WARP_INSTRUCTIONS + work / 100 + slices * tile->rows / 16 * k_steps * STEP_INSTRUCTIONS * products;
    const int64_t alone = BLOCK_CYCLES + ceiling(strips, tile->threads) * (int64_t)STRIP_CYCLES +
                          slices * (k_steps * STEP_CYCLES * (products > 1 ? 2 : 1) + SLICE_CYCLES);
    const int64_t busy = each * instructions / WARPS_A_CYCLE, waiting = (each + fitting - 1) / fitting * alone;
    const int64_t cycles = busy > waiting ? busy : waiting;
    return ceiling(slices_of(chain), tile->block_slices) > SHARING_BLOCKS ? 2 * cycles : cycles;
}

bool fov_cuda_chain_choose(const fov_cuda_chain *chain, int images, int rows, int columns, const fov_cuda_limits *limits,
                           fov_cuda_chain_tile *tile)
{
    fov_cuda_chain_tile one;
    int64_t             least = INT64_MAX;
    for (int i = 0; fov_cuda_chain_tile_of(chain, i, rows, columns, &one); i++)
        for (; one.block_slices <= slices_of(chain); one.block_slices *= 2) {
            if (fov_cuda_chain_shared(chain, &one) > limits->shared_bytes) break;
            const int64_t cycles = cycles_of(chain, images, rows, columns, limits, &one);
            if (cycles >= least) continue;
            least = cycles;
            *tile = one;
        }
    return least < INT64_MAX;
}

/* ---------------------------------------------------------------- launches */

void fov_cuda_chain_fill(const fov_cuda_chain *chain, const fov_cuda_images *x, const void *packed, const fov_end *end,
                         const fov_cuda_chain_tile *tile, fov_chain_params *params, fov_cuda_launch *launch)
{
    const unsigned char *table = packed;
    const int            chunks = chain->channels / fov_cuda_depthwise_chunk(chain->type), slices = slices_of(chain);
    *params = (fov_chain_params){.x = x->data,
                                 .pad = table + table_bytes(chain) + weight_bytes(chain),
                                 .table = table,
                                 .weight = table + table_bytes(chain),
                                 .end = *end,
                                 .x_rows = x->rows,
                                 .x_columns = x->columns,
                                 .x_ld_bytes = x->ld * element_bytes(chain),
                                 .chunks = chunks,
                                 .k_steps = k_steps_of(chain),
                                 .pad_top = chain->pad_top,
                                 .pad_left = chain->pad_left,
                                 .tiles_down = ceiling(end->rows, tile->tile_rows),
                                 .tiles_across = ceiling(end->columns, tile->tile_columns),
                                 .tile_rows = tile->tile_rows,
                                 .tile_columns = tile->tile_columns,
                                 .strips = tile->tile_columns / strip_pixels(chain),
                                 .by_chunks = fov_divisor_of(chunks),
                                 .by_strips = fov_divisor_of(tile->tile_columns / strip_pixels(chain)),
                                 .by_columns = fov_divisor_of(tile->tile_columns),
                                 .slices = slices,
                                 .block_slices = tile->block_slices,
                                 .splits = ceiling(slices, tile->block_slices)};
    *launch = (fov_cuda_launch){.blocks = (uint32_t)(x->count * params->tiles_down * params->tiles_across * params->splits),
                                .threads = (uint32_t)tile->threads,
                                .shared_bytes = fov_cuda_chain_shared(chain, tile)};
    snprintf(launch->kernel, sizeof launch->kernel, "fov_chain_%s_s%d_%d_%d", fov_dtype_name(chain->type), chain->stride,
             tile->rows, tile->threads);
}
