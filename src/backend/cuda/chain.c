// SPDX-License-Identifier: MIT
#include "backend/cuda/chain.h"

#include "backend/cuda/depthwise.h"

#include <stdio.h>
#include <string.h>

enum { ALIGN = 16, FEW_STEPS = 2 /* that kernels hold in registers */ };

/* Columns of a strip, groups and threads of the tiles: those of kernels that hold A in registers, and of those that share it. */
static const int few_variants[][3] = {{2, 2, 64}, {2, 4, 128}, {2, 8, 128}, {2, 16, 128},
                                      {4, 2, 64}, {4, 4, 128}, {4, 8, 128}, {4, 16, 128}};
static const int many_variants[][3] = {{2, 1, 128}, {2, 1, 256}, {2, 2, 128}, {2, 2, 256}, {2, 4, 256},
                                       {4, 1, 128}, {4, 1, 256}, {4, 2, 128}, {4, 2, 256}, {4, 4, 256}};

/* ---------------------------------------------------------------- packing */

static int element_bytes(const fov_cuda_chain *chain)
{
    return (int)fov_dtype_size(chain->type);
}

static int pixel_bytes(const fov_cuda_chain *chain)
{
    return chain->channels * element_bytes(chain);
}

/* Pixels that share a step: those of few bytes. */
static int packed_of(const fov_cuda_chain *chain)
{
    const int bytes = pixel_bytes(chain);
    return bytes * 4 == FOV_CHAIN_STEP_BYTES ? 4 : bytes * 2 == FOV_CHAIN_STEP_BYTES ? 2 : 1;
}

static int k_steps_of(const fov_cuda_chain *chain)
{
    return (pixel_bytes(chain) + FOV_CHAIN_STEP_BYTES - 1) / FOV_CHAIN_STEP_BYTES;
}

static int slices_of(const fov_cuda_chain *chain)
{
    return (packed_of(chain) * chain->outputs + FOV_CHAIN_SLICE - 1) / FOV_CHAIN_SLICE;
}

/* Channels of a row of the table: padded to whole steps, where a pixel has whole steps. */
static int table_channels(const fov_cuda_chain *chain)
{
    return packed_of(chain) > 1 ? chain->channels : k_steps_of(chain) * FOV_CHAIN_STEP_BYTES / element_bytes(chain);
}

static size_t table_bytes(const fov_cuda_chain *chain)
{
    const int rows = chain->type == FOV_U8 ? FOV_CHAIN_U8_ROWS : FOV_CHAIN_FLOAT_ROWS;
    return (size_t)(rows * table_channels(chain)) * sizeof(float);
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
    return fov_cuda_depthwise_chunk(chain->type) && chain->channels % 8 == 0 && chain->outputs % 8 == 0 &&
           (chain->stride == 1 || chain->stride == 2);
}

size_t fov_cuda_chain_bytes(const fov_cuda_chain *chain)
{
    const size_t pad = (size_t)chain->channels * (size_t)element_bytes(chain);
    return table_bytes(chain) + weight_bytes(chain) + (pad + ALIGN - 1) / ALIGN * ALIGN;
}

static void pack_table(const fov_cuda_chain *chain, const fov_cuda_chain_weights *weights, float *table)
{
    const int channels = table_channels(chain);
    for (int c = 0; c < chain->channels; c++) {
        const fov_end_channel *middle = &weights->middle[c];
        float                 *column = table + c;
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

/* What lane `lane` needs of group `group` of 8 columns of a slice in step k: so many bytes of one column. Lanes of a quad have 8
 * columns of the slice that follow each other, two in each group. */
static void pack_lane(const fov_cuda_chain *chain, const unsigned char *weight, int slice, int k, int group, int lane,
                      unsigned char *to)
{
    const int bytes = pixel_bytes(chain), column = slice * FOV_CHAIN_SLICE + lane / 8 * 8 + group * 2 + lane / 4 % 2;
    const int packed = column / chain->outputs, at = k * FOV_CHAIN_STEP_BYTES + lane % 4 * FOV_CHAIN_LANE_BYTES - packed * bytes;
    if (packed < packed_of(chain) && at >= 0 && at < bytes)
        memcpy(to, weight + (size_t)(column - packed * chain->outputs) * (size_t)bytes + at, FOV_CHAIN_LANE_BYTES);
}

void fov_cuda_chain_pack(const fov_cuda_chain *chain, const fov_cuda_chain_weights *weights, void *packed)
{
    unsigned char *to = (unsigned char *)packed + table_bytes(chain);
    memset(packed, 0, fov_cuda_chain_bytes(chain));
    pack_table(chain, weights, packed);
    for (int slice = 0; slice < slices_of(chain); slice++)
        for (int k = 0; k < k_steps_of(chain); k++)
            for (int pair = 0; pair < 2; pair++)
                for (int i = 0; i < 64; i++, to += FOV_CHAIN_LANE_BYTES)
                    pack_lane(chain, weights->pointwise, slice, k, pair * 2 + i % 2, i / 2, to);
    fov_cuda_pad_pack(chain->type, chain->channels, weights->zero_point, to);
}

/* ---------------------------------------------------------------- tiles */

static int ceiling(int a, int b)
{
    return (a + b - 1) / b;
}

/* The shape of as few tiles as can be, then of the least input for each. */
static void shape_tile(const fov_cuda_chain *chain, int rows, int columns, fov_cuda_chain_tile *tile)
{
    const int strips = tile->groups * FOV_CHAIN_STRIPS * packed_of(chain);
    const int most_across = ceiling(columns, tile->across), most_down = ceiling(rows, FOV_CHAIN_DOWN);
    int64_t   least_tiles = INT64_MAX, least_input = INT64_MAX;
    for (int across = 1; across <= strips && across <= most_across; across++) {
        const int     down = strips / across < most_down ? strips / across : most_down;
        const int64_t tiles = (int64_t)ceiling(most_down, down) * ceiling(most_across, across);
        const int     tile_rows = down * FOV_CHAIN_DOWN, tile_columns = across * tile->across;
        const int64_t input = (int64_t)((tile_rows - 1) * chain->stride + 3) * ((tile_columns - 1) * chain->stride + 3);
        if (tiles > least_tiles || (tiles == least_tiles && input >= least_input)) continue;
        least_tiles = tiles;
        least_input = input;
        tile->tile_rows = tile_rows;
        tile->tile_columns = tile_columns;
    }
}

static bool holds_steps(const fov_cuda_chain *chain)
{
    return k_steps_of(chain) <= FEW_STEPS;
}

bool fov_cuda_chain_tile_of(const fov_cuda_chain *chain, int i, int rows, int columns, fov_cuda_chain_tile *tile)
{
    const bool few = holds_steps(chain);
    const int  all =
        few ? (int)(sizeof few_variants / sizeof few_variants[0]) : (int)(sizeof many_variants / sizeof many_variants[0]);
    if (i >= (chain->stride == 1 ? all : all / 2)) return false; /* strips of 4 columns have a stride of 1 */
    const int *variant = few ? few_variants[i] : many_variants[i];
    *tile = (fov_cuda_chain_tile){.across = variant[0], .groups = variant[1], .threads = variant[2], .block_slices = 1};
    shape_tile(chain, rows, columns, tile);
    return true;
}

/* Output channels whose end a block needs. */
static int end_channels(const fov_cuda_chain *chain, const fov_cuda_chain_tile *tile)
{
    return packed_of(chain) > 1 ? chain->outputs : tile->block_slices * FOV_CHAIN_SLICE;
}

size_t fov_cuda_chain_shared(const fov_cuda_chain *chain, const fov_cuda_chain_tile *tile)
{
    const size_t tile_bytes = (size_t)32 * 16; /* of A: 16 rows of a step */
    const size_t a = holds_steps(chain) ? 0 : (size_t)(tile->groups * k_steps_of(chain) * tile->across) * tile_bytes;
    const size_t end = (size_t)end_channels(chain, tile) * FOV_END_ROWS * sizeof(float);
    return table_bytes(chain) + end + (size_t)tile->block_slices * slice_bytes(chain) + a;
}

/* What a tile costs: instructions of a warp, and cycles that a block takes when it is alone. */
enum {
    WARP_INSTRUCTIONS = 100,
    PIXEL_INSTRUCTIONS = 75, /* of the depthwise part, for each pixel of a strip */
    STRIP_INSTRUCTIONS = 80, /* beyond those */
    STEP_INSTRUCTIONS = 10,  /* of the product of 16 rows and a slice, for each step */
    END_INSTRUCTIONS = 90,   /* of a slice, for each 16 rows */
    BLOCK_CYCLES = 2500,
    STRIP_CYCLES = 1500,
    STEP_CYCLES = 45,
    SLICE_CYCLES = 500,
    CYCLES_100 = 40, /* of a processor, for 100 instructions */
    THREADS = 512,   /* that a processor has registers for */
    BLOCKS = 32,     /* of a processor, at most */
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
    const int64_t fitting = fitting_blocks(limits, chain, tile);
    const int     warps = tile->threads / 32, k_steps = k_steps_of(chain), slices = tile->block_slices;
    const bool    parts = chain->type == FOV_F32 && !chain->tf32; /* of a float, which are multiplied one by one */
    const int     step = STEP_INSTRUCTIONS * (parts ? 2 : 1), step_cycles = STEP_CYCLES * (parts ? 8 : 1);
    const int     end = END_INSTRUCTIONS * (chain->type == FOV_U8 ? 3 : 1);
    const int     strips = tile->groups * k_steps, tiles = tile->groups * tile->across * slices;
    const int     strip = STRIP_INSTRUCTIONS + PIXEL_INSTRUCTIONS * tile->across * FOV_CHAIN_DOWN;
    const int64_t instructions =
        (int64_t)warps * WARP_INSTRUCTIONS + (int64_t)strips * strip + (int64_t)tiles * (k_steps * step + end);
    const int64_t alone = BLOCK_CYCLES + (int64_t)ceiling(strips, warps) * (STRIP_CYCLES + strip) +
                          (int64_t)ceiling(tiles / 2, warps) * (k_steps * step_cycles + SLICE_CYCLES);
    const int64_t busy = each * instructions * CYCLES_100 / 100, waiting = (each + fitting - 1) / fitting * alone;
    return busy > waiting ? busy : waiting;
}

int fov_cuda_chain_tiles(const fov_cuda_chain *chain, int rows, int columns, const fov_cuda_limits *limits,
                         fov_cuda_chain_tile tile[FOV_CHAIN_MOST_TILES])
{
    fov_cuda_chain_tile one;
    int                 count = 0;
    for (int i = 0; fov_cuda_chain_tile_of(chain, i, rows, columns, &one); i++)
        for (; one.block_slices < 2 * slices_of(chain) && count < FOV_CHAIN_MOST_TILES; one.block_slices *= 2) {
            if (fov_cuda_chain_shared(chain, &one) > limits->shared_bytes) break;
            tile[count++] = one;
        }
    return count;
}

int fov_cuda_chain_choose(const fov_cuda_chain *chain, int images, int rows, int columns, const fov_cuda_limits *limits,
                          const fov_cuda_chain_tile *tile, int count)
{
    int64_t least = INT64_MAX;
    int     best = -1;
    for (int i = 0; i < count; i++) {
        const int64_t cycles = cycles_of(chain, images, rows, columns, limits, &tile[i]);
        if (cycles >= least) continue;
        least = cycles;
        best = i;
    }
    return best;
}

/* ---------------------------------------------------------------- launches */

static const char *kernel_type(const fov_cuda_chain *chain)
{
    return chain->tf32 ? "tf32" : fov_dtype_name(chain->type);
}

void fov_cuda_chain_fill(const fov_cuda_chain *chain, const fov_cuda_images *x, const void *packed, const fov_end *end,
                         const fov_cuda_chain_tile *tile, fov_chain_params *params, fov_cuda_launch *launch)
{
    const unsigned char *table = packed;
    const int            slices = slices_of(chain), shared_by = packed_of(chain), k_steps = k_steps_of(chain);
    const int            strips_across = tile->tile_columns / tile->across;
    *params = (fov_chain_params){.x = x->data,
                                 .pad = table + table_bytes(chain) + weight_bytes(chain),
                                 .table = table,
                                 .weight = table + table_bytes(chain),
                                 .end = *end,
                                 .x_rows = x->rows,
                                 .x_columns = x->columns,
                                 .x_ld_bytes = x->ld * element_bytes(chain),
                                 .pixel_bytes = pixel_bytes(chain),
                                 .packed = shared_by,
                                 .lane_shift = shared_by == 4   ? 0
                                               : shared_by == 2 ? 1
                                                                : 2,
                                 .table_channels = table_channels(chain),
                                 .k_steps = k_steps,
                                 .pad_top = chain->pad_top,
                                 .pad_left = chain->pad_left,
                                 .tiles_down = ceiling(end->rows, tile->tile_rows),
                                 .tiles_across = ceiling(end->columns, tile->tile_columns),
                                 .tile_rows = tile->tile_rows,
                                 .tile_columns = tile->tile_columns,
                                 .strips = strips_across * (tile->tile_rows / FOV_CHAIN_DOWN),
                                 .strips_across = strips_across,
                                 .groups = tile->groups,
                                 .by_strips_across = fov_divisor_of(strips_across),
                                 .by_k_steps = fov_divisor_of(k_steps),
                                 .by_block_slices = fov_divisor_of(tile->block_slices),
                                 .end_channels = end_channels(chain, tile),
                                 .slices = slices,
                                 .block_slices = tile->block_slices,
                                 .splits = ceiling(slices, tile->block_slices)};
    *launch = (fov_cuda_launch){.blocks = (uint32_t)(x->count * params->tiles_down * params->tiles_across * params->splits),
                                .threads = (uint32_t)tile->threads,
                                .shared_bytes = fov_cuda_chain_shared(chain, tile)};
    snprintf(launch->kernel, sizeof launch->kernel, "fov_chain_%s_s%d_%d_%s", kernel_type(chain), chain->stride, tile->across,
             !holds_steps(chain) ? "n"
             : k_steps == 2      ? "2"
                                 : "1");
}
