// SPDX-License-Identifier: MIT
#include "backend/cuda/first.h"

#include "base/half.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHANNELS = 8 /* of a group */, LANE_BYTES = 8, MOST_ROW = 64 /* numbers of a row of the window */, TOP_EXPONENT = 15 };
enum { ROWS = 8, MANY_ROWS = 16 /* of a tile */, RESIDENT = 6 /* blocks of a processor */ };

static int ceiling(int a, int b)
{
    return (a + b - 1) / b;
}

/* Groups of 8 output channels in a slice: as kernels have them. */
static int slice_groups_of(const fov_cuda_first *conv)
{
    const int groups = ceiling(conv->outputs, CHANNELS);
    return groups >= 8 ? 8 : groups > 2 ? 4 : groups;
}

static int slices_of(const fov_cuda_first *conv)
{
    return ceiling(conv->outputs, slice_groups_of(conv) * CHANNELS);
}

static int row_groups_of(const fov_cuda_first *conv)
{
    return ceiling(conv->columns * conv->channels, FOV_FIRST_GROUP);
}

static int k_steps_of(const fov_cuda_first *conv)
{
    return ceiling(conv->rows * row_groups_of(conv), 2);
}

static size_t scale_bytes(const fov_cuda_first *conv)
{
    return (size_t)(slices_of(conv) * slice_groups_of(conv) * CHANNELS) * sizeof(float);
}

/* Of a slice, one part. */
static size_t part_bytes(const fov_cuda_first *conv)
{
    return (size_t)(k_steps_of(conv) * slice_groups_of(conv)) * 32 * LANE_BYTES;
}

size_t fov_cuda_first_bytes(const fov_cuda_first *conv)
{
    return scale_bytes(conv) + (size_t)slices_of(conv) * 2 * part_bytes(conv);
}

/* ---------------------------------------------------------------- packing */

static int row_length(const fov_cuda_first *conv)
{
    return conv->channels * conv->columns;
}

/* Number i of a channel's, in the order of the kernel: rows of groups, a pixel's channels side by side. 0 where padded. */
static float number(const fov_cuda_first *conv, const float *weight, int c, int i)
{
    const int padded = row_groups_of(conv) * FOV_FIRST_GROUP, r = i / padded, at = i % padded;
    if (c >= conv->outputs || r >= conv->rows || at >= row_length(conv)) return 0;
    return weight[((c * conv->channels + at % conv->channels) * conv->rows + r) * conv->columns + at / conv->channels];
}

/* The power of two that brings the channel's largest weight to just below 2^15: small ones keep their bits in binary16. */
static int exponent_of(const fov_cuda_first *conv, const float *weight, int c)
{
    const int count = conv->channels * conv->rows * conv->columns;
    float     most = 0;
    int       exponent = TOP_EXPONENT;
    for (int i = 0; c < conv->outputs && i < count; i++) most = fmaxf(most, fabsf(weight[c * count + i]));
    if (most > 0 && isfinite(most)) (void)frexpf(most, &exponent);
    return TOP_EXPONENT - exponent;
}

/* Part 0 or 1 of a number. */
static uint16_t half_of(float v, int part)
{
    const uint16_t high = fov_half_from_float(v);
    return part ? fov_half_from_float(v - fov_float_from_half(high)) : high;
}

/* The channel of a slice that is column `column` of group `group`: a lane gets two columns of each group, which are channels side
 * by side of up to four groups. */
static int channel_of(int groups, int group, int column)
{
    const int together = groups < 4 ? groups : 4;
    return group / together * together * CHANNELS + column / 2 * 2 * together + group % together * 2 + column % 2;
}

static void pack_part(const fov_cuda_first *conv, const float *weight, int first, int part, uint16_t *to)
{
    const int groups = slice_groups_of(conv);
    for (int i = 0; i < k_steps_of(conv) * groups * 32; i++) {
        const int lane = i % 32, k = i / 32 / groups, c = first + channel_of(groups, i / 32 % groups, lane / 4);
        const int exponent = exponent_of(conv, weight, c);
        for (int j = 0; j < 4; j++) { /* two of the first group, two of the second */
            const float v = number(conv, weight, c, (2 * k + j / 2) * FOV_FIRST_GROUP + lane % 4 * 2 + j % 2);
            *to++ = half_of(ldexpf(v, exponent), part);
        }
    }
}

/* What the second part adds does not count: at most 2^-20 of the channel's largest weight. */
static bool second_part_is_small(const fov_cuda_first *conv, const float *weight)
{
    const int count = conv->channels * conv->rows * conv->columns;
    for (int c = 0; c < conv->outputs; c++) {
        const int exponent = exponent_of(conv, weight, c);
        for (int i = 0; i < count; i++) {
            const float v = ldexpf(weight[c * count + i], exponent);
            if (fabsf(v - fov_float_from_half(half_of(v, 0))) > ldexpf(1, TOP_EXPONENT - 21)) return false;
        }
    }
    return true;
}

void fov_cuda_first_pack(const fov_cuda_first *conv, const float *weight, void *packed, int *parts)
{
    const int      channels = slice_groups_of(conv) * CHANNELS;
    float         *scale = packed;
    unsigned char *to = (unsigned char *)packed + scale_bytes(conv);
    memset(packed, 0, fov_cuda_first_bytes(conv));
    *parts = second_part_is_small(conv, weight) ? 1 : 2;
    for (int c = 0; c < slices_of(conv) * channels; c++) scale[c] = ldexpf(1, -exponent_of(conv, weight, c));
    for (int slice = 0; slice < slices_of(conv); slice++)
        for (int part = 0; part < *parts; part++, to += part_bytes(conv))
            pack_part(conv, weight, slice * channels, part, (uint16_t *)(void *)to);
}

/* ---------------------------------------------------------------- launches */

static int patch_rows_of(const fov_cuda_first *conv, int tile_rows)
{
    return (tile_rows - 1) * conv->stride_y + conv->rows;
}

/* Numbers of the patch's rows: all that groups of the last pixel reach. */
static int patch_columns_of(const fov_cuda_first *conv)
{
    return (FOV_FIRST_COLUMNS - 1) * conv->stride_x * conv->channels + row_groups_of(conv) * FOV_FIRST_GROUP;
}

/* Floats from an address of 16 bytes to where a tile's rows begin. They are the same for all tiles. */
static int phase_of(const fov_cuda_first *conv)
{
    return -conv->pad_left * conv->channels & 3;
}

/* Halves from row to row of the patch, where it is of whole float4s. */
static int run_ld_of(const fov_cuda_first *conv)
{
    return ceiling(phase_of(conv) + patch_columns_of(conv), 4) * 4;
}

static int planes_of(const fov_cuda_first *conv)
{
    return conv->between == FOV_F16 || conv->between == FOV_U8 ? 1 : 2;
}

static size_t shared_of(const fov_cuda_first *conv, int parts, int tile_rows, bool runs)
{
    const int    ld = runs ? run_ld_of(conv) : patch_columns_of(conv), rows = patch_rows_of(conv, tile_rows);
    const size_t patch = (size_t)(planes_of(conv) * rows * ld) * sizeof(uint16_t);
    const size_t raw = runs ? (size_t)(rows * FOV_FIRST_RUN + FOV_FIRST_RUN_CHANNELS * 2) * 4 * sizeof(float) : 0;
    const size_t end = (size_t)(slice_groups_of(conv) * CHANNELS) * FOV_END_ROWS * sizeof(float);
    const size_t steps = (size_t)(k_steps_of(conv) + 1) / 2 * 4 * sizeof(int32_t); /* of 16 bytes, as all of these */
    return end + (size_t)parts * part_bytes(conv) + steps + raw + patch;
}

bool fov_cuda_first_takes(const fov_cuda_first *conv, const fov_cuda_limits *limits)
{
    return conv->channels <= FOV_FIRST_MOST_CHANNELS && row_length(conv) <= MOST_ROW && conv->stride_x * conv->channels % 2 == 0 &&
           shared_of(conv, conv->between == FOV_F32 ? 2 : 1, ROWS, false) <= limits->shared_bytes;
}

/* Rows of the input are runs of float4s, of which threads have one each; the last of a warp belongs to the next one too. */
static bool in_runs(const fov_cuda_first *conv, const fov_cuda_images *x, int parts, const fov_cuda_limits *limits)
{
    const bool dense = x->ld == conv->channels && x->columns * x->ld % 4 == 0 && (uintptr_t)x->data % 16 == 0;
    return dense && conv->channels == FOV_FIRST_RUN_CHANNELS && conv->stride_x == FOV_FIRST_RUN_STRIDE &&
           run_ld_of(conv) / 4 <= FOV_FIRST_RUN - FOV_FIRST_RUN / 32 && shared_of(conv, parts, ROWS, true) <= limits->shared_bytes;
}

/* High tiles read less of the input twice, and wait less often, where there are enough of them, and two at once fit into a
 * processor. */
static int tile_rows_of(const fov_cuda_first *conv, int columns_of_tiles, int rows, int parts, bool runs,
                        const fov_cuda_limits *limits)
{
    enum { ENOUGH = 8 /* for each processor */ };
    const bool fit = 2 * shared_of(conv, parts, MANY_ROWS, runs) <= limits->shared_bytes;
    return fit && columns_of_tiles * ceiling(rows, MANY_ROWS) >= ENOUGH * limits->processors ? MANY_ROWS : ROWS;
}

/* As many blocks as run at once, or fewer: all with as many tiles. */
static int blocks_of(const fov_first_params *params, size_t shared_bytes, const fov_cuda_limits *limits)
{
    const size_t fit = limits->shared_bytes / shared_bytes;
    const int    resident = limits->processors * (fit < RESIDENT ? (int)fit : RESIDENT);
    const int    at_once = resident > params->slices ? resident / params->slices : 1;
    return ceiling(params->tiles, ceiling(params->tiles, at_once)) * params->slices;
}

void fov_cuda_first_fill(const fov_cuda_first *conv, const fov_cuda_images *x, const void *packed, int parts, const fov_end *end,
                         const fov_cuda_limits *limits, fov_first_params *params, fov_cuda_launch *launch)
{
    const bool runs = in_runs(conv, x, parts, limits);
    const int  ld = runs ? run_ld_of(conv) : patch_columns_of(conv);
    const int  across = ceiling(end->columns, FOV_FIRST_COLUMNS);
    const int  tile_rows = tile_rows_of(conv, x->count * across, end->rows, parts, runs, limits),
              down = ceiling(end->rows, tile_rows);
    *params = (fov_first_params){.x = x->data,
                                 .weight = (const unsigned char *)packed + scale_bytes(conv),
                                 .scale = packed,
                                 .end = *end,
                                 .x_rows = x->rows,
                                 .x_columns = x->columns,
                                 .x_ld = x->ld,
                                 .channels = conv->channels,
                                 .window_rows = conv->rows,
                                 .row_groups = row_groups_of(conv),
                                 .stride_y = conv->stride_y,
                                 .stride_x = conv->stride_x,
                                 .pad_top = conv->pad_top,
                                 .pad_left = conv->pad_left,
                                 .k_steps = k_steps_of(conv),
                                 .slices = slices_of(conv),
                                 .parts = parts,
                                 .between = (int32_t)conv->between,
                                 .patch_rows = patch_rows_of(conv, tile_rows),
                                 .patch_ld = ld,
                                 .phase = runs ? phase_of(conv) : 0,
                                 .tile_rows = tile_rows,
                                 .tiles_across = across,
                                 .tiles_down = down,
                                 .tiles = x->count * across * down,
                                 .by_channels = fov_divisor_of(conv->channels),
                                 .by_pairs = fov_divisor_of(ld / 2),
                                 .by_across = fov_divisor_of(across),
                                 .by_down = fov_divisor_of(down)};
    for (int c = 0; conv->between == FOV_U8 && c < conv->channels; c++) {
        params->inverse_scale[c] = 1.0F / fov_quant_scale(conv->quant, c);
        params->zero_point[c] = fov_quant_zero_point(conv->quant, c);
    }
    const size_t shared_bytes = shared_of(conv, parts, tile_rows, runs);
    *launch = (fov_cuda_launch){
        .blocks = (uint32_t)blocks_of(params, shared_bytes, limits), .threads = FOV_FIRST_THREADS, .shared_bytes = shared_bytes};
    snprintf(launch->kernel, sizeof launch->kernel, "fov_first_%d_%d%s", planes_of(conv), slice_groups_of(conv),
             runs ? "_runs" : "");
}
