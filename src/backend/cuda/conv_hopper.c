// SPDX-License-Identifier: MIT
#include "backend/cuda/conv_hopper.h"

#include "base/half.h"

#include <assert.h>
#include <string.h>

enum { BLOCK_BYTES = 128, MAX_CORNER = 127, MAX_STRIDE = 8, MAX_OFFSET = 255, MAX_CLUSTER = 8, SHARED_SLACK = 1024 };

/* Kernels of one tile each; `stages` as there. */
static const struct tile {
    int         rows, columns, stages;
    int         resident; /* on a multiprocessor at once */
    int         loops;
    const char *half, *u8;
} tiles[] = {
    {128, 64, 3, 2, 1, "fov_conv_hopper_half_128x64_loop", "fov_conv_hopper_u8_128x64_loop"},
    {128, 64, 4, 2, 0, "fov_conv_hopper_half_128x64", "fov_conv_hopper_u8_128x64"},
    {128, 128, 3, 2, 0, "fov_conv_hopper_half_128x128", "fov_conv_hopper_u8_128x128"},
    {128, 256, 4, 1, 0, "fov_conv_hopper_half_128x256", "fov_conv_hopper_u8_128x256"},
    {256, 128, 4, 1, 0, "fov_conv_hopper_half_256x128", "fov_conv_hopper_u8_256x128"},
};

enum { TILES = sizeof tiles / sizeof tiles[0], MULTICASTS = 2, SPLITS = 4 };

static int64_t element_bytes(const fov_hopper_shape *shape)
{
    return shape->dtype == FOV_U8 ? 1 : 2;
}

/* Of k: 64 bytes where more would be zeros only. */
static int64_t block_bytes(const fov_hopper_shape *shape)
{
    return shape->x_channels * element_bytes(shape) <= BLOCK_BYTES / 2 ? BLOCK_BYTES / 2 : BLOCK_BYTES;
}

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

static int64_t blocks_per_tap(const fov_hopper_shape *shape)
{
    return divide_up(shape->x_channels * element_bytes(shape), block_bytes(shape));
}

static int64_t taps(const fov_hopper_shape *shape)
{
    return (int64_t)shape->taps_down * shape->taps_across;
}

static int64_t blocks(const fov_hopper_shape *shape)
{
    return taps(shape) * blocks_per_tap(shape);
}

static int64_t pixels(const fov_hopper_shape *shape)
{
    return shape->images * shape->y_rows * shape->y_columns;
}

/* All pixels of the input, as they lie, are those of the output. */
static bool is_pointwise(const fov_hopper_shape *shape)
{
    return taps(shape) == 1 && shape->stride_y == 1 && shape->stride_x == 1 && shape->pad_top == 0 && shape->pad_left == 0 &&
           shape->x_rows == shape->y_rows && shape->x_columns == shape->y_columns;
}

/* Where windows begin: from `lower` on, up to `upper` behind the last pixel, both as the tensor map counts. */
static int lower_corner(int pad)
{
    return -pad;
}

static int64_t upper_corner(int64_t x_size, int64_t y_size, int stride, int pad)
{
    return (y_size - 1) * stride - pad - (x_size - 1);
}

static bool axis_fits(int64_t x_size, int64_t y_size, int taps_along, int stride, int pad, int dilation)
{
    const int64_t upper = upper_corner(x_size, y_size, stride, pad);
    return x_size > 0 && y_size > 0 && stride >= 1 && stride <= MAX_STRIDE && dilation >= 1 && pad >= 0 && pad <= MAX_CORNER &&
           upper >= -MAX_CORNER && upper <= MAX_CORNER && (taps_along - 1) * dilation <= MAX_OFFSET;
}

static bool is_padded(const fov_hopper_shape *shape)
{
    return shape->pad_top > 0 || shape->pad_left > 0 ||
           (shape->y_rows - 1) * shape->stride_y + (shape->taps_down - 1) * shape->dilation_y - shape->pad_top >= shape->x_rows ||
           (shape->y_columns - 1) * shape->stride_x + (shape->taps_across - 1) * shape->dilation_x - shape->pad_left >=
               shape->x_columns;
}

bool fov_hopper_takes(const fov_hopper_shape *shape)
{
    if (shape->dtype != FOV_F16 && shape->dtype != FOV_BF16 && shape->dtype != FOV_U8) return false;
    if (shape->x_ld * element_bytes(shape) % 16 || shape->x_channels * element_bytes(shape) < BLOCK_BYTES / 4) return false;
    if (shape->images < 1 || shape->y_channels < 1 || pixels(shape) > INT32_MAX / 2) return false;
    if (shape->images * shape->x_rows * shape->x_columns > INT32_MAX) return false;
    if (shape->zero_points && is_padded(shape)) return false; /* what lies outside comes as 0 */
    return axis_fits(shape->x_rows, shape->y_rows, shape->taps_down, shape->stride_y, shape->pad_top, shape->dilation_y) &&
           axis_fits(shape->x_columns, shape->y_columns, shape->taps_across, shape->stride_x, shape->pad_left, shape->dilation_x);
}

size_t fov_hopper_weight_bytes(const fov_hopper_shape *shape)
{
    return (size_t)(shape->y_channels * blocks(shape) * block_bytes(shape));
}

static void pack_one(const fov_hopper_shape *shape, const void *weight, int64_t from, void *packed, int64_t to)
{
    if (shape->dtype == FOV_U8) ((int8_t *)packed)[to] = ((const int8_t *)weight)[from];
    else if (shape->dtype == FOV_F16) ((uint16_t *)packed)[to] = fov_half_from_float(((const float *)weight)[from]);
    else ((uint16_t *)packed)[to] = fov_bf16_from_float(((const float *)weight)[from]);
}

void fov_hopper_pack(const fov_hopper_shape *shape, const void *weight, int64_t first_channel, int64_t channels, void *packed)
{
    const int64_t tap_elements = blocks_per_tap(shape) * block_bytes(shape) / element_bytes(shape), all = taps(shape);
    for (int64_t o = 0; o < channels; o++)
        for (int64_t tap = 0; tap < all; tap++)
            for (int64_t c = 0; c < shape->x_channels; c++)
                pack_one(shape, weight, (o * shape->x_channels + c) * all + tap, packed,
                         ((first_channel + o) * all + tap) * tap_elements + c);
}

static bool is_of(const fov_hopper_tiling *tiling, const struct tile *tile)
{
    return tile->rows == tiling->rows && tile->columns == tiling->columns && tile->loops == tiling->loops;
}

static const struct tile *tile_of(const fov_hopper_tiling *tiling)
{
    int i = 0;
    while (i < TILES && !is_of(tiling, &tiles[i])) i++;
    assert(i < TILES); /* tilings are made of these tiles */
    return &tiles[i];
}

static int64_t clusters(const fov_hopper_shape *shape, const fov_hopper_tiling *tiling)
{
    return divide_up(divide_up(pixels(shape), tiling->rows), tiling->multicast) * divide_up(shape->y_channels, tiling->columns);
}

bool fov_hopper_candidate(const fov_hopper_shape *shape, int index, fov_hopper_tiling *tiling)
{
    for (int i = 0; i < TILES; i++)
        for (int multicast = 0; multicast < MULTICASTS; multicast++)
            for (int splits = 0; splits < SPLITS; splits++) {
                const fov_hopper_tiling t = {tiles[i].rows, tiles[i].columns, 1 << multicast, 1 << splits, tiles[i].loops};
                if (t.splits * t.multicast > MAX_CLUSTER || (t.splits > 1 && blocks(shape) < 2 * t.splits)) continue;
                if (t.loops && t.splits * t.multicast > 1) continue;
                if (t.columns > 64 && divide_up(shape->y_channels, 64) * 64 < t.columns) continue;
                if (index-- > 0) continue;
                *tiling = t;
                return true;
            }
    return false;
}

/* Fitted to what bench/cuda/hopper_check.cu measured on an H200, all tilings of all layers at 1, 8 and 32 images: cycles, but for
 * the first. Choosing by it costs at most some hundredths of what the best tilings would take. */
static const struct {
    double launch_us, cycles_per_us;
    double product;            /* of what the tensor cores would need */
    double load_bytes;         /* a cycle, of a multiprocessor */
    double end_half, end_u8;   /* an output */
    double tile, tile_of_loop; /* before its products and after */
    double split, slice;       /* of tiles whose sums are in slices, and for each slice */
    double multicast;
    double block;   /* latency of a block of k */
    double tail;    /* how much of a last wave that is not full is lost */
    double overlap; /* of resident blocks of threads: work; exposed: what of their latencies is left */
    double exposed;
} cost = {0.528, 1700, 0.953, 121.3, 0.1684, 0.2297, 5665, 8013, 2402, 640, 875, 23.5, 1, 0.773, 0.956};

double fov_hopper_cost(const fov_hopper_shape *shape, const fov_hopper_tiling *tiling, int processors)
{
    const int     resident = tile_of(tiling)->resident;
    const int64_t all = clusters(shape, tiling) * tiling->multicast * tiling->splits,
                  waves = divide_up(all, (int64_t)processors * resident);
    const double rows = tiling->rows, columns = tiling->columns, filled = (double)all / ((double)processors * resident);
    const double k = (double)blocks(shape) / tiling->splits, bytes = (double)block_bytes(shape);
    const double products = rows * columns / 64 / 128 * bytes * 2 * cost.product;
    const double loads = (rows + columns / tiling->multicast) * bytes / cost.load_bytes;
    const double block = products > loads ? products : loads;
    const double end = rows * columns * (shape->dtype == FOV_U8 ? cost.end_u8 : cost.end_half) / tiling->splits;
    const double fixed = (tiling->loops ? cost.tile_of_loop : cost.tile) + (tiling->multicast > 1 ? cost.multicast : 0) +
                         (tiling->splits > 1 ? cost.split + cost.slice * tiling->splits : 0);
    const double together = all <= processors ? 1 : resident, work = together * (k * block + end);
    const double latency = fixed + k * (block + cost.block) + end;
    const double busy = work * cost.overlap + fixed * cost.exposed;
    const double some_waves = cost.tail * (double)waves + (1 - cost.tail) * (filled > 1 ? filled : 1);
    return cost.launch_us + some_waves * (latency > busy ? latency : busy) / cost.cycles_per_us;
}

fov_hopper_tiling fov_hopper_choose(const fov_hopper_shape *shape, int processors)
{
    fov_hopper_tiling best = {128, 64, 1, 1, 0}, tiling;
    double            least = fov_hopper_cost(shape, &best, processors);
    for (int i = 0; fov_hopper_candidate(shape, i, &tiling); i++) {
        const double us = fov_hopper_cost(shape, &tiling, processors);
        if (us >= least) continue;
        least = us;
        best = tiling;
    }
    return best;
}

static CUtensorMapDataType map_type(const fov_hopper_shape *shape)
{
    if (shape->dtype == FOV_U8) return CU_TENSOR_MAP_DATA_TYPE_UINT8;
    return shape->dtype == FOV_F16 ? CU_TENSOR_MAP_DATA_TYPE_FLOAT16 : CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
}

static CUtensorMapSwizzle map_swizzle(const fov_hopper_shape *shape)
{
    return block_bytes(shape) == BLOCK_BYTES ? CU_TENSOR_MAP_SWIZZLE_128B : CU_TENSOR_MAP_SWIZZLE_64B;
}

static fov_status map_pixels(const fov_cuda_driver *driver, const fov_hopper_shape *shape, int rows, const void *x,
                             CUtensorMap *map, fov_error *err)
{
    const bool       point = is_pointwise(shape);
    const cuuint64_t columns = (cuuint64_t)(point ? pixels(shape) : shape->x_columns),
                     ld = (cuuint64_t)(shape->x_ld * element_bytes(shape));
    const cuuint64_t size[4] = {(cuuint64_t)shape->x_channels, columns, point ? 1 : (cuuint64_t)shape->x_rows,
                                point ? 1 : (cuuint64_t)shape->images};
    const cuuint64_t stride[3] = {ld, ld * columns, ld * columns * size[2]};
    const cuuint32_t step[4] = {1, (cuuint32_t)shape->stride_x, (cuuint32_t)shape->stride_y, 1};
    const int        lower[2] = {lower_corner(shape->pad_left), lower_corner(shape->pad_top)};
    const int upper[2] = {point ? 0 : (int)upper_corner(shape->x_columns, shape->y_columns, shape->stride_x, shape->pad_left),
                          point ? 0 : (int)upper_corner(shape->x_rows, shape->y_rows, shape->stride_y, shape->pad_top)};
    const cuuint32_t channels = (cuuint32_t)(block_bytes(shape) / element_bytes(shape));
    const CUresult   result = driver->TensorMapEncodeIm2col(
        map, map_type(shape), 4, (void *)(uintptr_t)x, size, stride, lower, upper, channels, (cuuint32_t)rows, step,
        CU_TENSOR_MAP_INTERLEAVE_NONE, map_swizzle(shape), CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return fov_cuda_check(driver, result, err, "tensor map of a convolution's input, %lldx%lldx%lldx%lld", (long long)shape->images,
                          (long long)shape->x_rows, (long long)shape->x_columns, (long long)shape->x_channels);
}

static fov_status map_weights(const fov_cuda_driver *driver, const fov_hopper_shape *shape, int rows, const void *weight,
                              CUtensorMap *map, fov_error *err)
{
    const cuuint64_t bytes = (cuuint64_t)(blocks(shape) * block_bytes(shape));
    const cuuint64_t size[2] = {bytes / (cuuint64_t)element_bytes(shape), (cuuint64_t)shape->y_channels};
    const cuuint32_t box[2] = {(cuuint32_t)(block_bytes(shape) / element_bytes(shape)), (cuuint32_t)rows}, step[2] = {1, 1};
    const CUresult   result = driver->TensorMapEncodeTiled(map, map_type(shape), 2, (void *)(uintptr_t)weight, size, &bytes, box,
                                                           step, CU_TENSOR_MAP_INTERLEAVE_NONE, map_swizzle(shape),
                                                           CU_TENSOR_MAP_L2_PROMOTION_L2_256B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return fov_cuda_check(driver, result, err, "tensor map of a convolution's weights, %lld x %llu", (long long)shape->y_channels,
                          (unsigned long long)size[0]);
}

/* Stages, sums that have a place of their own, the table of channels, two barriers a stage. */
static size_t shared_bytes(const struct tile *tile)
{
    const int stage = (tile->rows + tile->columns) * BLOCK_BYTES;
    const int sums = tile->loops ? tile->rows * (tile->columns + 8) * 4 : 0;
    const int all = tile->stages * (stage + 16) + sums + tile->columns * (int)sizeof(fov_end_channel) + SHARED_SLACK;
    return (size_t)all;
}

/* As many as there is room for: whole rows of tiles, so that a block of threads stays with its columns. */
static int looping_blocks(const fov_hopper_params *params, int room)
{
    const int blocks = room / params->tiles_n * params->tiles_n;
    return blocks == 0 || blocks > params->tiles ? params->tiles : blocks;
}

fov_status fov_hopper_prepare(const fov_cuda_driver *driver, const fov_hopper_shape *shape, const fov_hopper_tiling *tiling,
                              int processors, const void *x, const void *weight, const fov_end *end, fov_hopper_launch *launch,
                              fov_hopper_params *params, fov_error *err)
{
    const struct tile *tile = tile_of(tiling);
    const bool         point = is_pointwise(shape);
    fov_status         st;
    memset(params, 0, sizeof *params);
    if ((st = map_pixels(driver, shape, tile->rows, x, &params->a, err))) return st;
    if ((st = map_weights(driver, shape, tile->columns / tiling->multicast, weight, &params->b, err))) return st;
    params->end = *end;
    params->pixels = (int32_t)pixels(shape);
    params->walk_columns = point ? params->pixels : (int32_t)shape->y_columns;
    params->walk_rows = point ? 1 : (int32_t)shape->y_rows;
    params->stride_y = shape->stride_y;
    params->stride_x = shape->stride_x;
    params->pad_top = shape->pad_top;
    params->pad_left = shape->pad_left;
    params->dilation_y = shape->dilation_y;
    params->dilation_x = shape->dilation_x;
    params->taps_across = shape->taps_across;
    params->bf16 = shape->dtype == FOV_BF16;
    params->block_bytes = (int32_t)block_bytes(shape);
    params->blocks_per_tap = (int32_t)blocks_per_tap(shape);
    params->blocks = (int32_t)blocks(shape);
    params->tiles_n = (int32_t)divide_up(shape->y_channels, tile->columns);
    params->tiles = (int32_t)clusters(shape, tiling);
    params->multicast = tiling->multicast;
    params->splits = tiling->splits;

    launch->kernel = shape->dtype == FOV_U8 ? tile->u8 : tile->half;
    launch->cluster = (unsigned)(tiling->multicast * tiling->splits);
    launch->grid = (unsigned)(tile->loops ? looping_blocks(params, tile->resident * processors) : params->tiles) * launch->cluster;
    launch->threads = (unsigned)(tile->rows / 64 * 128 + 32);
    launch->shared_bytes = shared_bytes(tile);
    return FOV_OK;
}
