// SPDX-License-Identifier: MIT
/* Kernels of depthwise convolutions, alone and with the 1x1 behind them, and of first convolutions, against plain loops: random
 * shapes, types and ends; integers to the bit. */
#include "support.h"

#include "backend/cuda/chain.h"
#include "backend/cuda/depthwise.h"
#include "backend/cuda/device.h"
#include "backend/cuda/first.h"
#include "base/half.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const fov_cuda_device *device;
static fov_error              err;
static test_random            seed = {1};

static int open_device(void **state)
{
    (void)state;
    assert_ok(fov_cuda_device_open(0, &device, &err));
    return 0;
}

static int any(int low, int high)
{
    return test_random_int(&seed, low, high);
}

/* ---------------------------------------------------------------- elements */

static float load(const void *data, fov_dtype type, size_t i)
{
    switch (type) {
    case FOV_F32:
        return ((const float *)data)[i];
    case FOV_F16:
        return fov_float_from_half(((const uint16_t *)data)[i]);
    case FOV_BF16:
        return fov_float_from_bf16(((const uint16_t *)data)[i]);
    case FOV_U8:
        return ((const uint8_t *)data)[i];
    default:
        return ((const int8_t *)data)[i];
    }
}

static void store(void *data, fov_dtype type, size_t i, float v)
{
    switch (type) {
    case FOV_F32:
        ((float *)data)[i] = v;
        break;
    case FOV_F16:
        ((uint16_t *)data)[i] = fov_half_from_float(v);
        break;
    case FOV_BF16:
        ((uint16_t *)data)[i] = fov_bf16_from_float(v);
        break;
    case FOV_U8:
        ((uint8_t *)data)[i] = (uint8_t)v;
        break;
    default:
        ((int8_t *)data)[i] = (int8_t)v;
        break;
    }
}

static float rounded(float v, fov_dtype type)
{
    float one[1];
    if (type == FOV_U8) return v;
    store(one, type, 0, v);
    return load(one, type, 0);
}

static void *elements(fov_dtype type, size_t count)
{
    void *data = test_malloc(count * fov_dtype_size(type));
    for (size_t i = 0; i < count; i++)
        store(data, type, i,
              type == FOV_U8   ? (float)any(0, 255)
              : type == FOV_I8 ? (float)any(-128, 127)
                               : test_random_float(&seed, -1, 1));
    return data;
}

static void *on_device(const void *host, size_t bytes)
{
    void *memory;
    assert_ok(fov_cuda_alloc(device, bytes, "a test", &memory, &err));
    if (host) assert_ok(fov_cuda_upload(device, memory, host, bytes, &err));
    return memory;
}

static void run(const fov_cuda_launch *launch, void *params)
{
    CUfunction kernel;
    void      *args[] = {params};
    assert_ok(fov_cuda_kernel(device, launch->kernel, launch->shared_bytes, &kernel, &err));
    assert_ok(fov_cuda_device_use(device, &err));
    assert_int_equal(device->driver->LaunchKernel(kernel, launch->blocks, 1, 1, launch->threads, 1, 1,
                                                  (unsigned)launch->shared_bytes, NULL, args, NULL),
                     CUDA_SUCCESS);
}

/* ---------------------------------------------------------------- ends */

/* An end with all that belongs to it, on the host and on the device. */
typedef struct whole_end {
    fov_end          end;
    fov_end_channel *channel;
    void            *residual, *on_channel, *on_residual;
    fov_dtype        type; /* of the outputs */
    size_t           output_bytes[2], pixels;
} whole_end;

static fov_end_channel any_channel(bool integer, float scale)
{
    return (fov_end_channel){.scale = integer ? scale * test_random_float(&seed, 0.5F, 1.5F) : 1,
                             .bias = test_random_float(&seed, -0.5F, 0.5F),
                             .slope = (float)any(0, 2) / 2,
                             .inverse_scale = test_random_float(&seed, 20, 90),
                             .zero_point = any(0, 255),
                             .start = integer ? any(-1000, 1000) : 0,
                             .residual_scale = 0.01F,
                             .residual_zero_point = any(0, 255)};
}

static whole_end any_end(int images, int rows, int columns, int channels, fov_dtype type, bool integer, float scale)
{
    static const fov_dtype types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};
    static const int       vectors[] = {8, 4, 1};
    whole_end              w = {.type = any(0, 1) ? type : types[any(0, 3)], .pixels = (size_t)(images * rows * columns)};
    fov_end               *e = &w.end;
    const int              split = channels > 8 && any(0, 2) == 0 ? channels / 16 * 8 : channels;
    *e = (fov_end){.channels = channels, .rows = rows, .columns = columns, .vector = vectors[any(0, 2)], .residual_upsample = 1};
    w.channel = test_malloc((size_t)channels * sizeof *w.channel);
    for (int c = 0; c < channels; c++) w.channel[c] = any_channel(integer, scale);
    e->channel = w.on_channel = on_device(w.channel, (size_t)channels * sizeof *w.channel);
    for (int i = 0; i < FOV_END_OUTPUTS; i++) e->output[i].first_channel = channels;
    const int held[2] = {split, channels - split};
    for (int i = 0, first = 0; i < 2 && first < channels; first += held[i++]) {
        const int ld = held[i] + any(0, 1) * 8;
        w.output_bytes[i] = w.pixels * (size_t)ld * fov_dtype_size(w.type);
        e->output[i] = (fov_end_output){on_device(NULL, w.output_bytes[i]), ld, (int32_t)w.type, first};
    }
    e->residual_at = any(0, 1) ? FOV_END_NO_RESIDUAL : any(FOV_END_RESIDUAL_BEFORE, FOV_END_RESIDUAL_AFTER);
    e->residual_dtype = (int32_t)types[any(0, 3)];
    e->residual_ld = channels + 8;
    if (rows % 2 == 0 && columns % 2 == 0 && any(0, 1)) e->residual_upsample = 2;
    const size_t count = w.pixels * (size_t)e->residual_ld;
    w.residual = elements((fov_dtype)e->residual_dtype, count);
    e->residual = w.on_residual = on_device(w.residual, count * fov_dtype_size((fov_dtype)e->residual_dtype));
    return w;
}

/* What is stored. */
static float end_value(const whole_end *w, float sum, int32_t whole, bool integer, int64_t pixel, int c)
{
    const fov_end         *e = &w->end;
    const fov_end_channel *n = &w->channel[c];
    const int64_t          row = pixel / e->columns, image = row / e->rows, scale = e->residual_upsample;
    const int64_t source = (image * (e->rows / scale) + row % e->rows / scale) * (e->columns / scale) + pixel % e->columns / scale;
    float         extra = 0, v = integer ? (float)(whole + n->start) * n->scale : sum;
    if (e->residual_at) extra = load(w->residual, (fov_dtype)e->residual_dtype, (size_t)(source * e->residual_ld + c));
    if (e->residual_dtype == FOV_U8) extra = (extra - (float)n->residual_zero_point) * n->residual_scale;
    v += n->bias;
    if (e->residual_at == FOV_END_RESIDUAL_BEFORE) v += extra;
    if (v < 0) v = n->slope * v;
    if (e->residual_at == FOV_END_RESIDUAL_AFTER) v += extra;
    return w->type == FOV_U8 ? (float)fov_quantize(v, n->inverse_scale, n->zero_point, 0, 255) : v;
}

/* @param value [pixels][channels]; steps: of U8 outputs whose sums are floats; allowed: of the others */
static void check_end(whole_end *w, const float *value, float steps, float allowed, bool exact, const char *what)
{
    const fov_end *e = &w->end;
    for (int i = 0; i < 2 && w->output_bytes[i]; i++) {
        const fov_end_output *output = &e->output[i];
        unsigned char        *got = test_malloc(w->output_bytes[i]);
        assert_ok(fov_cuda_download(device, got, output->data, w->output_bytes[i], &err));
        for (size_t pixel = 0; pixel < w->pixels; pixel++)
            for (int c = output->first_channel; c < e->output[i + 1].first_channel; c++) {
                const float want = rounded(value[pixel * (size_t)e->channels + (size_t)c], w->type);
                const float is = load(got, w->type, pixel * (size_t)output->ld + (size_t)(c - output->first_channel));
                const float most = exact ? 0 : w->type == FOV_U8 ? steps : allowed * (1 + fabsf(want));
                if (!(fabsf(is - want) <= most))
                    fail_msg("%s: pixel %zu of %dx%d, channel %d of %d: %g, not %g", what, pixel, e->rows, e->columns, c,
                             e->channels, (double)is, (double)want);
            }
        test_free(got);
        fov_cuda_free(device, output->data);
    }
    fov_cuda_free(device, w->on_channel);
    fov_cuda_free(device, w->on_residual);
    test_free(w->channel);
    test_free(w->residual);
}

static float allowed_of(fov_dtype type)
{
    return type == FOV_F32 ? 2e-5F : type == FOV_BF16 ? 2e-2F : 3e-3F;
}

/* ---------------------------------------------------------------- depthwise */

/* The sum of a window of one channel, less zero points. @param weight [rows][columns] */
static float window_sum(const fov_cuda_depthwise *conv, const fov_cuda_images *x, const float *weight, const int32_t *zero,
                        int64_t image, int y, int at, int c)
{
    float sum = 0;
    for (int r = 0; r < conv->rows; r++)
        for (int s = 0; s < conv->columns; s++) {
            const int row = y * conv->stride_y - conv->pad_top + r * conv->dilation_y;
            const int column = at * conv->stride_x - conv->pad_left + s * conv->dilation_x;
            if (row < 0 || column < 0 || row >= x->rows || column >= x->columns) continue;
            const float v = load(x->data, conv->x, (size_t)(((image * x->rows + row) * x->columns + column) * x->ld + c));
            sum += (v - (float)zero[c]) * weight[(c * conv->rows + r) * conv->columns + s];
        }
    return sum;
}

static int32_t zero_start(const float *weight, int taps, int32_t zero)
{
    int32_t start = 0;
    for (int i = 0; i < taps; i++) start -= zero * (int32_t)weight[i];
    return start;
}

typedef struct input {
    fov_cuda_images host, on;
    int32_t        *zero;
} input;

static input any_input(fov_dtype type, int images, int rows, int columns, int channels)
{
    input        in = {.host = {.count = images, .rows = rows, .columns = columns, .ld = channels + any(0, 1) * 16}};
    const size_t count = (size_t)images * (size_t)rows * (size_t)columns * (size_t)in.host.ld;
    in.on = in.host;
    in.host.data = elements(type, count);
    in.on.data = on_device(in.host.data, count * fov_dtype_size(type));
    in.zero = test_malloc((size_t)channels * sizeof *in.zero);
    for (int c = 0; c < channels; c++) in.zero[c] = type == FOV_U8 ? any(0, 255) : 0;
    return in;
}

static void input_free(input *in)
{
    test_free((void *)(uintptr_t)in->host.data);
    test_free(in->zero);
    fov_cuda_free(device, (void *)(uintptr_t)in->on.data);
}

/* Weights as floats, of values that the type has; those of U8 are I8. */
static float *any_weights(fov_dtype type, size_t count)
{
    float *weight = test_malloc(count * sizeof *weight);
    for (size_t i = 0; i < count; i++)
        weight[i] = type == FOV_U8 ? (float)any(-128, 127) : rounded(test_random_float(&seed, -0.6F, 0.6F), type);
    return weight;
}

static int out_size(int size, int window, int dilation, int stride, int pad)
{
    return (size + 2 * pad - (window - 1) * dilation - 1) / stride + 1;
}

static void check_depthwise(const fov_cuda_depthwise *conv, int images, int x_rows, int x_columns)
{
    const int  taps = conv->rows * conv->columns, channels = conv->channels;
    const int  rows = out_size(x_rows, conv->rows, conv->dilation_y, conv->stride_y, conv->pad_top);
    const int  columns = out_size(x_columns, conv->columns, conv->dilation_x, conv->stride_x, conv->pad_left);
    const bool integer = conv->x == FOV_U8;
    if (rows < 1 || columns < 1) return;
    assert_true(fov_cuda_depthwise_takes(conv));
    input     in = any_input(conv->x, images, x_rows, x_columns, channels);
    float    *weight = any_weights(conv->x, (size_t)channels * (size_t)taps);
    whole_end w = any_end(images, rows, columns, channels, conv->x, integer, 3e-5F);
    void     *packed = test_malloc(fov_cuda_depthwise_bytes(conv));
    float    *value = test_malloc(w.pixels * (size_t)channels * sizeof *value);
    for (size_t pixel = 0; pixel < w.pixels; pixel++)
        for (int c = 0; c < channels; c++) {
            const int64_t row = (int64_t)pixel / columns;
            const float   sum = window_sum(conv, &in.host, weight, in.zero, row / rows, (int)(row % rows), (int)pixel % columns, c);
            value[pixel * (size_t)channels + (size_t)c] =
                end_value(&w, sum, integer ? (int32_t)sum : 0, integer, (int64_t)pixel, c);
        }
    for (int c = 0; c < channels && integer; c++) w.channel[c].start += zero_start(weight + c * taps, taps, in.zero[c]);
    assert_ok(fov_cuda_upload(device, w.on_channel, w.channel, (size_t)channels * sizeof *w.channel, &err));
    fov_cuda_depthwise_pack(conv, weight, in.zero, packed);
    void                *on_packed = on_device(packed, fov_cuda_depthwise_bytes(conv));
    fov_depthwise_params params;
    fov_cuda_launch      launch;
    fov_cuda_depthwise_fill(conv, &in.on, on_packed, &w.end, &params, &launch);
    run(&launch, &params);
    check_end(&w, value, 1, allowed_of(w.type), integer, launch.kernel);
    fov_cuda_free(device, on_packed);
    test_free(packed);
    test_free(value);
    test_free(weight);
    input_free(&in);
}

static const fov_dtype types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};

static void depthwise_of_3x3_is_a_plain_loop(void **state)
{
    (void)state;
    for (int i = 0; i < 48; i++) {
        const int                stride = any(1, 2);
        const fov_cuda_depthwise conv = {types[i % 4], 8 * any(1, 5), 3, 3, stride, stride, any(0, 1), any(0, 2), 1, 1};
        check_depthwise(&conv, any(1, 2), any(1, 20), any(1, 23));
    }
}

static void depthwise_of_any_window_is_a_plain_loop(void **state)
{
    (void)state;
    for (int i = 0; i < 32; i++) {
        const fov_cuda_depthwise conv = {types[i % 4], 8 * any(1, 4), any(1, 7), any(1, 7), any(1, 3),
                                         any(1, 3),    any(0, 3),     any(0, 3), any(1, 2), any(1, 2)};
        check_depthwise(&conv, any(1, 2), any(8, 20), any(8, 23));
    }
}

static void what_kernels_do_not_take_is_refused(void **state)
{
    (void)state;
    fov_cuda_depthwise conv = {FOV_U8, 8, 23, 23, 1, 1, 0, 0, 1, 1};
    assert_false(fov_cuda_depthwise_takes(&conv)); /* sums of 529 products of bytes may be beyond 2^24 */
    conv.rows = 3;
    assert_true(fov_cuda_depthwise_takes(&conv));
    conv.channels = 12;
    assert_false(fov_cuda_depthwise_takes(&conv));
    conv.x = FOV_I64;
    assert_false(fov_cuda_depthwise_takes(&conv));
    assert_false(fov_cuda_chain_takes(&(fov_cuda_chain){FOV_F16, 12, 16, 1, 1, 1, false}));
    assert_false(fov_cuda_chain_takes(&(fov_cuda_chain){FOV_F16, 16, 16, 3, 1, 1, false}));
}

/* ---------------------------------------------------------------- chains */

typedef struct chain_case {
    fov_cuda_chain     chain;
    fov_cuda_depthwise depthwise;
    input              in;
    float             *weight, *middle; /* of the depthwise convolution; [pixels][channels] of what it makes, as stored */
    fov_end_channel   *middle_end;
    void              *pointwise, *on_packed;
    int                rows, columns;
    size_t             pixels;
} chain_case;

static chain_case any_chain(fov_dtype type, int images, int x_rows, int x_columns)
{
    const int  stride = any(1, 2), pad = any(0, 3) > 0, channels = 8 * any(1, 7), outputs = 8 * any(1, 10);
    const bool integer = type == FOV_U8;
    chain_case k = {.chain = {type, channels, outputs, stride, pad, pad, false},
                    .depthwise = {type, channels, 3, 3, stride, stride, pad, pad, 1, 1},
                    .rows = out_size(x_rows, 3, 1, stride, pad),
                    .columns = out_size(x_columns, 3, 1, stride, pad)};
    k.in = any_input(type, images, x_rows, x_columns, channels);
    k.weight = any_weights(type, (size_t)channels * 9);
    k.pointwise = elements(integer ? FOV_I8 : type, (size_t)channels * (size_t)outputs);
    k.middle_end = test_malloc((size_t)channels * sizeof *k.middle_end);
    k.pixels = (size_t)images * (size_t)k.rows * (size_t)k.columns;
    k.middle = test_malloc(k.pixels * (size_t)channels * sizeof *k.middle);
    whole_end between = {.type = type, .end = {.channels = channels, .rows = k.rows, .columns = k.columns, .residual_upsample = 1}};
    between.channel = k.middle_end;
    for (int c = 0; c < channels; c++) k.middle_end[c] = any_channel(integer, 3e-5F);
    for (size_t pixel = 0; pixel < k.pixels; pixel++)
        for (int c = 0; c < channels; c++) {
            const int64_t row = (int64_t)pixel / k.columns;
            const float   sum = window_sum(&k.depthwise, &k.in.host, k.weight, k.in.zero, row / k.rows, (int)(row % k.rows),
                                           (int)pixel % k.columns, c);
            const float   v = end_value(&between, sum, integer ? (int32_t)sum : 0, integer, (int64_t)pixel, c);
            k.middle[pixel * (size_t)channels + (size_t)c] = rounded(v, type);
        }
    for (int c = 0; c < channels && integer; c++) k.middle_end[c].start += zero_start(k.weight + c * 9, 9, k.in.zero[c]);
    const fov_cuda_chain_weights weights = {k.weight, k.in.zero, k.middle_end, k.pointwise};
    void                        *packed = test_malloc(fov_cuda_chain_bytes(&k.chain));
    fov_cuda_chain_pack(&k.chain, &weights, packed);
    k.on_packed = on_device(packed, fov_cuda_chain_bytes(&k.chain));
    test_free(packed);
    return k;
}

static void chain_free(chain_case *k)
{
    fov_cuda_free(device, k->on_packed);
    test_free(k->weight);
    test_free(k->middle);
    test_free(k->middle_end);
    test_free(k->pointwise);
    input_free(&k->in);
}

/* The sums of the 1x1: of whole numbers those, else the nearest float. */
static float factor(const chain_case *k, float v)
{
    uint32_t bits;
    if (!k->chain.tf32) return v;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + 0x1000U) & ~0x1fffU; /* to nearest at the tenth bit after the point, ties away from zero */
    memcpy(&v, &bits, sizeof v);
    return v;
}

static float pointwise_sum(const chain_case *k, size_t pixel, int o, int32_t *whole)
{
    const fov_dtype type = k->chain.type == FOV_U8 ? FOV_I8 : k->chain.type;
    double          sum = 0;
    for (int c = 0; c < k->chain.channels; c++)
        sum += (double)factor(k, k->middle[pixel * (size_t)k->chain.channels + (size_t)c]) *
               (double)factor(k, load(k->pointwise, type, (size_t)o * (size_t)k->chain.channels + (size_t)c));
    *whole = type == FOV_I8 ? (int32_t)sum : 0;
    return (float)sum;
}

static void check_chain(const chain_case *k, const fov_cuda_chain_tile *tile)
{
    const bool integer = k->chain.type == FOV_U8;
    const int  outputs = k->chain.outputs;
    whole_end  w = any_end(k->in.host.count, k->rows, k->columns, outputs, k->chain.type, integer, 2e-5F);
    float     *value = test_malloc(k->pixels * (size_t)outputs * sizeof *value);
    for (size_t pixel = 0; pixel < k->pixels; pixel++)
        for (int o = 0; o < outputs; o++) {
            int32_t     whole;
            const float sum = pointwise_sum(k, pixel, o, &whole);
            value[pixel * (size_t)outputs + (size_t)o] = end_value(&w, sum, whole, integer, (int64_t)pixel, o);
        }
    fov_chain_params params;
    fov_cuda_launch  launch;
    fov_cuda_chain_fill(&k->chain, &k->in.on, k->on_packed, &w.end, tile, &params, &launch);
    run(&launch, &params);
    /* A value between the two that is rounded the other way changes sums by as much as the type resolves. */
    const float of_type = integer ? 0 : 4 * allowed_of(k->chain.tf32 ? FOV_F16 : k->chain.type), of_output = allowed_of(w.type);
    check_end(&w, value, 1 + of_type * 90, of_type > of_output ? of_type : of_output, integer, launch.kernel);
    test_free(value);
}

static void chains_are_the_two_layers(void **state)
{
    (void)state;
    for (int i = 0; i < 40; i++) {
        chain_case          k = any_chain(types[i % 4], any(1, 2), any(3, 20), any(3, 23));
        fov_cuda_chain_tile tile;
        k.chain.tf32 = k.chain.type == FOV_F32 && any(0, 1);
        const int slices = (k.chain.outputs + FOV_CHAIN_SLICE - 1) / FOV_CHAIN_SLICE;
        assert_true(fov_cuda_chain_takes(&k.chain));
        for (int j = 0; fov_cuda_chain_tile_of(&k.chain, j, k.rows, k.columns, &tile); j++) {
            tile.block_slices = any(1, slices);
            check_chain(&k, &tile);
        }
        chain_free(&k);
    }
}

static void the_tile_that_is_chosen_fits(void **state)
{
    (void)state;
    const fov_cuda_limits turing = {40, 64 << 10}, hopper = {132, 227 << 10};
    for (int i = 0; i < 200; i++) {
        const fov_cuda_chain chain = {types[i % 4], 8 * any(1, 64), 8 * any(1, 64), any(1, 2), 1, 1, false};
        fov_cuda_chain_tile  tiles[FOV_CHAIN_MOST_TILES];
        for (int j = 0; j < 2; j++) {
            const fov_cuda_limits *limits = j ? &hopper : &turing;
            const int              rows = any(1, 400), columns = any(1, 400);
            const int              count = fov_cuda_chain_tiles(&chain, rows, columns, limits, tiles);
            const int              chosen = fov_cuda_chain_choose(&chain, any(1, 40), rows, columns, limits, tiles, count);
            assert_true(chosen < count && count < FOV_CHAIN_MOST_TILES && (chosen >= 0) == (count > 0));
            for (int k = 0; k < count; k++) assert_true(fov_cuda_chain_shared(&chain, &tiles[k]) <= limits->shared_bytes);
            if (chosen >= 0) {
                const fov_cuda_chain_tile tile = tiles[chosen];
                assert_true(fov_cuda_chain_shared(&chain, &tile) <= limits->shared_bytes);
                assert_true(tile.tile_rows * tile.tile_columns <= tile.groups * 8 * 4 * tile.across * FOV_CHAIN_DOWN);
                assert_true(tile.tile_rows > 0 && tile.tile_columns > 0 && tile.block_slices > 0);
            } else {
                assert_true(j == 0 && chain.channels * (int)fov_dtype_size(chain.type) > 400);
            }
        }
    }
}

/* ---------------------------------------------------------------- first convolutions */

/* As floats that are multiplied: less zero points where they are bytes. */
static float between_of(const fov_cuda_first *conv, float v, int c)
{
    if (conv->between != FOV_U8) return rounded(v, conv->between);
    const int32_t zero = fov_quant_zero_point(conv->quant, c);
    return (float)(fov_quantize(v, 1.0F / fov_quant_scale(conv->quant, c), zero, 0, 255) - zero);
}

/* What the input is made first. @param dense pixels lie one behind the other */
static input first_input(const fov_cuda_first *conv, int images, int rows, int columns, bool dense, float **between)
{
    input in = any_input(FOV_F32, images, rows, columns, conv->channels);
    if (dense) in.host.ld = in.on.ld = conv->channels; /* of more memory, perhaps */
    *between = test_malloc((size_t)(images * rows * columns * in.host.ld) * sizeof **between);
    for (int i = 0; i < images * rows * columns * in.host.ld; i++)
        if (i % in.host.ld < conv->channels) (*between)[i] = between_of(conv, ((const float *)in.host.data)[i], i % in.host.ld);
    return in;
}

static void check_first(const fov_cuda_first *conv, fov_dtype weight_type, int images, int x_rows, int x_columns, bool dense)
{
    const int  rows = out_size(x_rows, conv->rows, 1, conv->stride_y, conv->pad_top);
    const int  columns = out_size(x_columns, conv->columns, 1, conv->stride_x, conv->pad_left);
    const int  taps = conv->rows * conv->columns, row = conv->channels * taps;
    const bool integer = conv->between == FOV_U8;
    /* more processors than there are tiles, or so few that each has several */
    const fov_cuda_limits limits = {any(0, 1) ? 132 : 1, 227 << 10};
    int                   parts;
    float                *between;
    assert_true(fov_cuda_first_takes(conv, &limits));
    input                 in = first_input(conv, images, x_rows, x_columns, dense, &between);
    const fov_cuda_images seen = {between, images, x_rows, x_columns, in.host.ld};
    float                *weight = any_weights(weight_type, (size_t)conv->outputs * (size_t)row);
    whole_end             w = any_end(images, rows, columns, conv->outputs, integer ? FOV_U8 : FOV_F32, integer, 2e-4F);
    float                *value = test_malloc(w.pixels * (size_t)conv->outputs * sizeof *value);
    for (int c = 0; c < conv->outputs; c++) w.channel[c].start = 0;
    assert_ok(fov_cuda_upload(device, w.on_channel, w.channel, (size_t)conv->outputs * sizeof *w.channel, &err));
    for (size_t pixel = 0; pixel < w.pixels; pixel++)
        for (int o = 0; o < conv->outputs; o++) {
            const int64_t            line = (int64_t)pixel / columns;
            const fov_cuda_depthwise one = {FOV_F32,
                                            conv->channels,
                                            conv->rows,
                                            conv->columns,
                                            conv->stride_y,
                                            conv->stride_x,
                                            conv->pad_top,
                                            conv->pad_left,
                                            1,
                                            1};
            float                    sum = 0;
            for (int c = 0; c < conv->channels; c++)
                sum += window_sum(&one, &seen, weight + o * row, in.zero, line / rows, (int)(line % rows), (int)pixel % columns, c);
            value[pixel * (size_t)conv->outputs + (size_t)o] = end_value(&w, sum, (int32_t)sum, integer, (int64_t)pixel, o);
        }
    void *packed = test_malloc(fov_cuda_first_bytes(conv));
    fov_cuda_first_pack(conv, weight, packed, &parts);
    assert_int_equal(parts, weight_type == FOV_F32 ? 2 : 1);
    void            *on_packed = on_device(packed, fov_cuda_first_bytes(conv));
    fov_first_params params;
    fov_cuda_launch  launch;
    fov_cuda_first_fill(conv, &in.on, on_packed, parts, &w.end, &limits, &params, &launch);
    const bool runs = dense && x_columns % 4 == 0 && conv->channels == 3 && conv->stride_x == 2;
    assert_true(!runs || strstr(launch.kernel, "_runs"));
    run(&launch, &params);
    check_end(&w, value, 1, allowed_of(w.type), integer, launch.kernel);
    fov_cuda_free(device, on_packed);
    test_free(packed);
    test_free(value);
    test_free(between);
    test_free(weight);
    input_free(&in);
}

static const fov_dtype weight_types[] = {FOV_F32, FOV_F16, FOV_BF16};

static void first_convolutions_lose_next_to_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 18; i++) {
        const int            window = 2 * any(0, 3) + 1, channels = any(1, 4), stride = channels % 2 ? 2 : any(1, 2);
        const fov_cuda_first conv = {channels, 8 * any(1, 11), window,     window,  stride,
                                     stride,   window / 2,     window / 2, FOV_F32, NULL};
        check_first(&conv, weight_types[i % 3], any(1, 2), any(7, 20), any(7, 75), any(0, 1));
    }
    assert_false(
        fov_cuda_first_takes(&(fov_cuda_first){3, 8, 3, 3, 1, 1, 1, 1, FOV_F32, NULL}, &(fov_cuda_limits){132, 227 << 10}));
    assert_false(
        fov_cuda_first_takes(&(fov_cuda_first){32, 8, 3, 3, 1, 1, 1, 1, FOV_F32, NULL}, &(fov_cuda_limits){132, 227 << 10}));
}

/* As networks have them: RGB behind a conversion, by steps of two. Bytes are exact. */
static void first_convolutions_of_pictures_convert_them(void **state)
{
    (void)state;
    for (int i = 0; i < 24; i++) {
        float                scale[3];
        int32_t              zero_point[3];
        const fov_quant      quant = {any(0, 1) ? 3 : 1, scale, zero_point};
        const fov_dtype      between = types[i % 4];
        const int            window = 2 * any(1, 3) + 1, pad = any(0, window / 2), strides_y = any(1, 2);
        const fov_cuda_first conv = {3, 8 * any(1, 9), window, window, strides_y, 2, window / 2, pad, between, &quant};
        for (int c = 0; c < 3; c++) scale[c] = test_random_float(&seed, 0.004F, 0.01F);
        for (int c = 0; c < 3; c++) zero_point[c] = any(0, 255);
        check_first(&conv, between == FOV_U8 ? FOV_U8 : weight_types[any(0, 2)], any(1, 2), any(7, 40), 4 * any(2, 36),
                    any(0, 3) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depthwise_of_3x3_is_a_plain_loop),
        cmocka_unit_test(depthwise_of_any_window_is_a_plain_loop),
        cmocka_unit_test(what_kernels_do_not_take_is_refused),
        cmocka_unit_test(chains_are_the_two_layers),
        cmocka_unit_test(the_tile_that_is_chosen_fits),
        cmocka_unit_test(first_convolutions_lose_next_to_nothing),
        cmocka_unit_test(first_convolutions_of_pictures_convert_them),
    };
    return cmocka_run_group_tests(tests, open_device, NULL);
}
