// SPDX-License-Identifier: MIT
/* Proves the convolution of kernels/conv_hopper_sm90a.cu against a plain one, every tiling of every shape, and times the layers of
 * a RetinaFace ResNet-50 at 640x640. It needs the GPU alone:
 *
 *     cc -O2 -c -I src -I include -I $CUDA/include src/backend/cuda/conv_hopper.c
 *     nvcc -std=c++17 -O3 -cudart static -I src -I include -gencode arch=compute_90a,code=sm_90a \
 *         bench/cuda/hopper_check.cu conv_hopper.o -o hopper_check
 *
 * usage: hopper_check [check|time|all]. It ends with 1 where a result is wrong, or where a kernel has not finished after 10
 * seconds. */
#include "backend/cuda/kernels/conv_hopper_sm90a.cu"

extern "C" {
#include "backend/cuda/conv_hopper.h"
}

#include <cuda_runtime.h>

#include <algorithm>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <vector>

/* ---- what is shared */

static char         doing[256];
static volatile int progress;

static void watch(void)
{
    for (int seen = -1, seconds = 0;; sleep(1)) {
        seconds = seen == progress ? seconds + 1 : 0;
        seen = progress;
        if (seconds < 10) continue;
        printf("HANGS: %s\n", doing);
        fflush(stdout);
        _exit(1);
    }
}

static void check(cudaError_t result, const char *what)
{
    if (result == cudaSuccess) return;
    printf("%s: %s, in: %s\n", what, cudaGetErrorString(result), doing);
    fflush(stdout);
    _exit(1);
}

extern "C" fov_status fov_cuda_check(const fov_cuda_driver *, CUresult result, fov_error *, const char *format, ...)
{
    if (result == CUDA_SUCCESS) return FOV_OK;
    va_list arguments;
    va_start(arguments, format);
    printf("%d: ", (int)result);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    return FOV_ERR_DEVICE;
}

static fov_cuda_driver driver;
static cudaStream_t    stream;
static int             processors, failures, checks;

static void driver_open(void)
{
    cudaDriverEntryPointQueryResult found;
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", (void **)&driver.TensorMapEncodeTiled, 12000,
                                           cudaEnableDefault, &found),
          "cuTensorMapEncodeTiled");
    check(cudaGetDriverEntryPointByVersion("cuTensorMapEncodeIm2col", (void **)&driver.TensorMapEncodeIm2col, 12000,
                                           cudaEnableDefault, &found),
          "cuTensorMapEncodeIm2col");
}

static const void *kernel_named(const char *name)
{
#define FOV_ROW(kernel)                                                                                                            \
    if (!strcmp(name, #kernel)) return (const void *)kernel;
#define FOV_ROWS(tile) FOV_ROW(fov_conv_hopper_half_##tile) FOV_ROW(fov_conv_hopper_u8_##tile)
    FOV_ROWS(128x64) FOV_ROWS(128x64_loop) FOV_ROWS(128x128) FOV_ROWS(128x256) FOV_ROWS(256x128) printf("no kernel %s\n", name);
    exit(1);
}

static void *device_memory(size_t bytes)
{
    void *memory;
    check(cudaMalloc(&memory, bytes), "cudaMalloc");
    return memory;
}

/* ---- plain kernels */

static __device__ __host__ uint32_t hash(uint32_t x)
{
    x ^= x >> 16, x *= 0x7feb352dU, x ^= x >> 15, x *= 0x846ca68bU;
    return x ^ x >> 16;
}

/* Elements of a type: U8 and I8 any, others -1 to 1 times `scale`, negative ones to 0 where `positive`. */
static __global__ void fill(void *data, int dtype, int64_t count, uint32_t seed, float scale, bool positive)
{
    for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < count; i += (int64_t)gridDim.x * blockDim.x) {
        const uint32_t bits = hash((uint32_t)i * 2654435761U + seed);
        float          v = ((int)(bits >> 8) - (1 << 23)) / 8388608.0F * scale;
        if (positive && v < 0) v = 0;
        if (dtype == FOV_U8 || dtype == FOV_I8) ((uint8_t *)data)[i] = (uint8_t)(bits >> 13);
        else if (dtype == FOV_F32) ((float *)data)[i] = v;
        else ((uint16_t *)data)[i] = dtype == FOV_F16 ? fov_float_to_f16(v) : fov_float_to_bf16(v);
    }
}

static __device__ float element(const void *data, int dtype, int64_t at)
{
    float v;
    fov_load_elements<1>(&v, data, dtype, at);
    return v;
}

/* By the definition, a thread an output. `weight` as packed. */
static __global__ void plain(fov_hopper_shape s, const void *x, const void *weight, int64_t tap_elements, fov_end end)
{
    const int64_t at = blockIdx.x * (int64_t)blockDim.x + threadIdx.x, pixel = at / s.y_channels, o = at % s.y_channels;
    if (pixel >= s.images * s.y_rows * s.y_columns) return;
    const int64_t row = pixel / s.y_columns, image = row / s.y_rows;
    const int     ox = (int)(pixel % s.y_columns), oy = (int)(row % s.y_rows);
    float         sum = 0;
    int32_t       whole = 0;
    for (int r = 0; r < s.taps_down; r++)
        for (int t = 0; t < s.taps_across; t++) {
            const int64_t iy = oy * s.stride_y - s.pad_top + r * s.dilation_y, ix = ox * s.stride_x - s.pad_left + t * s.dilation_x;
            if (iy < 0 || ix < 0 || iy >= s.x_rows || ix >= s.x_columns) continue;
            const int64_t from = ((image * s.x_rows + iy) * s.x_columns + ix) * s.x_ld;
            const int64_t w = (o * s.taps_down * s.taps_across + r * s.taps_across + t) * tap_elements;
            for (int c = 0; c < s.x_channels; c++) {
                if (s.dtype == FOV_U8) whole += ((const uint8_t *)x)[from + c] * ((const int8_t *)weight)[w + c];
                else sum += element(x, s.dtype, from + c) * element(weight, s.dtype, w + c);
            }
        }
    const fov_end_channel channel = end.channel[o];
    const fov_end_output *output = fov_end_output_of(&end, (int)o);
    if (s.dtype == FOV_U8) fov_end_store<1>(&end, &channel, output, pixel, (int)o, &whole);
    else fov_end_store<1>(&end, &channel, output, pixel, (int)o, &sum);
}

/* Bytes that differ, or floats that differ by more than roundings of sums in another order. */
static __global__ void compare(const void *a, const void *b, int dtype, int64_t count, bool exact, unsigned long long *wrong)
{
    const int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x;
    if (i >= count) return;
    const uint32_t u = dtype == FOV_F32  ? ((const uint32_t *)a)[i]
                       : dtype == FOV_U8 ? ((const uint8_t *)a)[i]
                                         : ((const uint16_t *)a)[i];
    const uint32_t v = dtype == FOV_F32  ? ((const uint32_t *)b)[i]
                       : dtype == FOV_U8 ? ((const uint8_t *)b)[i]
                                         : ((const uint16_t *)b)[i];
    if (u == v || (dtype != FOV_U8 && ((u | v) & (dtype == FOV_F32 ? 0x7fffffffU : 0x7fffU)) == 0)) return;
    const float p = element(a, dtype, i), q = element(b, dtype, i);
    const float bound = dtype == FOV_U8 ? 1.0F : (dtype == FOV_F32 ? 2e-4F : dtype == FOV_F16 ? 2e-3F : 1.2e-2F) * (1 + fabsf(q));
    if (!exact && fabsf(p - q) <= bound) return;
    if (atomicAdd(wrong, 1ULL) == 0) atomicExch(wrong + 1, (unsigned long long)i);
}

/* ---- a layer with all of its memory */

struct layer {
    const char      *name;
    int              times; /* in the network */
    fov_hopper_shape shape;
    fov_dtype        y_dtype, residual_dtype;
    int              residual_at, upsample, outputs, vector;
    bool             relu;  /* as all channels' activation; else they differ */
    int              y_gap; /* elements between an output's pixels that are not its */
};

struct memory {
    void  *x, *weight, *channel, *residual, *y[FOV_END_OUTPUTS];
    size_t x_bytes, residual_bytes, y_bytes;
};

static int64_t y_pixels(const layer &l)
{
    return l.shape.images * l.shape.y_rows * l.shape.y_columns;
}

static size_t size_of(fov_dtype dtype)
{
    return dtype == FOV_F32 ? 4 : dtype == FOV_U8 || dtype == FOV_I8 ? 1 : 2;
}

/* Outputs share channels out evenly, but for their rest. */
static int output_first(const layer &l, int i)
{
    return i >= l.outputs ? (int)l.shape.y_channels : (int)(l.shape.y_channels / l.outputs / 8 * 8 * i);
}

static int output_ld(const layer &l, int i)
{
    return output_first(l, i + 1) - output_first(l, i) + l.y_gap;
}

static fov_end end_of(const layer &l, const memory &m)
{
    fov_end end = {};
    end.channel = (const fov_end_channel *)m.channel;
    end.residual = m.residual;
    end.channels = (int)l.shape.y_channels;
    end.vector = l.vector;
    end.residual_at = l.residual_at;
    end.residual_dtype = l.residual_dtype;
    end.residual_ld = end.channels;
    end.residual_upsample = l.upsample;
    end.rows = (int)l.shape.y_rows;
    end.columns = (int)l.shape.y_columns;
    for (int i = 0; i < FOV_END_OUTPUTS; i++) {
        end.output[i].data = m.y[i];
        end.output[i].dtype = l.y_dtype;
        end.output[i].first_channel = output_first(l, i);
        end.output[i].ld = i < l.outputs ? output_ld(l, i) : 0;
    }
    return end;
}

static std::vector<fov_end_channel> channels_of(const layer &l, uint32_t seed)
{
    std::vector<fov_end_channel> channels((size_t)l.shape.y_channels);
    const float                  k = (float)(l.shape.x_channels * l.shape.taps_down * l.shape.taps_across);
    for (size_t i = 0; i < channels.size(); i++) {
        const uint32_t bits = hash((uint32_t)i + seed);
        channels[i].scale = l.shape.dtype == FOV_U8 ? (1 + (float)(bits & 255) / 256) / (5000 * sqrtf(k)) : 1;
        channels[i].bias = (float)(bits >> 8 & 255) / 256 - 0.5F;
        channels[i].slope = l.relu || bits & 1 << 16 ? 0 : 0.1F;
        channels[i].inverse_scale = 60 + (float)(bits >> 20 & 63);
        channels[i].zero_point = (int)(bits >> 17 & 127);
        channels[i].start = (int)(bits & 0xfff) - 0x800;
        channels[i].residual_scale = 0.01F + (float)(bits & 63) / 10000;
        channels[i].residual_zero_point = (int)(bits >> 12 & 127);
    }
    return channels;
}

static void fill_async(void *data, fov_dtype dtype, size_t bytes, uint32_t seed, float scale, bool positive)
{
    fill<<<1024, 256, 0, stream>>>(data, dtype, (int64_t)(bytes / size_of(dtype)), seed, scale, positive);
}

static size_t y_bytes(const layer &l)
{
    return (size_t)y_pixels(l) * (size_t)(l.shape.y_channels + l.outputs * l.y_gap) * size_of(l.y_dtype);
}

static void outputs_lay(const layer &l, memory *m, void *y)
{
    char *at = (char *)y;
    for (int i = 0; i < FOV_END_OUTPUTS; i++) {
        m->y[i] = at;
        if (i < l.outputs) at += ((size_t)y_pixels(l) * (size_t)output_ld(l, i) * size_of(l.y_dtype) + 15) / 16 * 16;
    }
}

static memory memory_of(const layer &l, void *x, void *residual, void *y)
{
    memory                       m = {};
    const fov_hopper_shape      &s = l.shape;
    std::vector<fov_end_channel> channels = channels_of(l, 77);
    const float                  k = (float)(s.x_channels * s.taps_down * s.taps_across);
    const size_t                 weight_bytes = fov_hopper_weight_bytes(&s),
                 tap_elements = weight_bytes / size_of(s.dtype) / (size_t)(s.y_channels * s.taps_down * s.taps_across);
    m.x = x, m.residual = residual;
    m.x_bytes = (size_t)(s.images * s.x_rows * s.x_columns * s.x_ld) * size_of(s.dtype);
    m.residual_bytes = (size_t)y_pixels(l) * (size_t)s.y_channels * size_of(l.residual_dtype);
    outputs_lay(l, &m, y);
    m.weight = device_memory(weight_bytes);
    m.channel = device_memory(channels.size() * sizeof channels[0]);
    check(cudaMemcpy(m.channel, channels.data(), channels.size() * sizeof channels[0], cudaMemcpyHostToDevice), "copy");

    std::vector<float>  w((size_t)(s.y_channels * s.x_channels * s.taps_down * s.taps_across));
    std::vector<int8_t> w8(w.size());
    std::vector<char>   packed(weight_bytes);
    for (size_t i = 0; i < w.size(); i++) {
        const uint32_t bits = hash((uint32_t)i + 12345);
        w[i] = ((float)(bits >> 8) / 8388608.0F - 1) * 2 / sqrtf(k);
        w8[i] = (int8_t)(bits >> 9);
    }
    fov_hopper_pack(&s, s.dtype == FOV_U8 ? (const void *)w8.data() : w.data(), 0, s.y_channels, packed.data());
    check(cudaMemcpy(m.weight, packed.data(), weight_bytes, cudaMemcpyHostToDevice), "copy");
    (void)tap_elements;
    return m;
}

static void memory_free(memory *m)
{
    cudaFree(m->weight);
    cudaFree(m->channel);
}

static void launch(const layer &l, const memory &m, const fov_hopper_tiling &tiling)
{
    const fov_end      end = end_of(l, m);
    fov_hopper_launch  how;
    fov_hopper_params  params;
    cudaLaunchConfig_t config = {};
    if (fov_hopper_prepare(&driver, &l.shape, &tiling, processors, m.x, m.weight, &end, &how, &params, NULL) != FOV_OK) _exit(1);
    const void         *kernel = kernel_named(how.kernel);
    cudaLaunchAttribute attributes[2];
    attributes[0].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[0].val.programmaticStreamSerializationAllowed = 1;
    attributes[1].id = cudaLaunchAttributeClusterDimension;
    attributes[1].val.clusterDim.x = how.cluster;
    attributes[1].val.clusterDim.y = attributes[1].val.clusterDim.z = 1;
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)how.shared_bytes), "shared memory");
    config.gridDim = dim3(how.grid);
    config.blockDim = dim3(how.threads);
    config.dynamicSmemBytes = how.shared_bytes;
    config.stream = stream;
    config.attrs = attributes;
    config.numAttrs = how.cluster > 1 ? 2 : 1;
    void *arguments[] = {&params};
    check(cudaLaunchKernelExC(&config, kernel, arguments), "launch");
}

static void say(const layer &l, const fov_hopper_tiling &t)
{
    const fov_hopper_shape &s = l.shape;
    snprintf(doing, sizeof doing,
             "%s dtype %d %lldx%lldx%lldx%lld(%lld) to %lldx%lldx%lld window %dx%d stride %d pad %d,%d tile %dx%d m%d s%d l%d",
             l.name, (int)s.dtype, (long long)s.images, (long long)s.x_rows, (long long)s.x_columns, (long long)s.x_channels,
             (long long)s.x_ld, (long long)s.y_rows, (long long)s.y_columns, (long long)s.y_channels, s.taps_down, s.taps_across,
             s.stride_y, s.pad_top, s.pad_left, t.rows, t.columns, t.multicast, t.splits, t.loops);
    progress = progress + 1;
}

/* ---- proof */

static void prove(const layer &l)
{
    static void               *x, *residual, *y, *reference;
    static unsigned long long *wrong;
    const size_t               room = (size_t)64 << 20;
    if (!x) {
        x = device_memory(room), residual = device_memory(room), y = device_memory(room), reference = device_memory(room);
        wrong = (unsigned long long *)device_memory(16);
    }
    memory       m = memory_of(l, x, residual, reference);
    const size_t bytes = std::min(room, y_bytes(l) + 256);
    if (m.x_bytes > room || m.residual_bytes > room || y_bytes(l) + 256 > room) {
        printf("no room for %s\n", l.name);
        exit(1);
    }
    fill_async(x, l.shape.dtype, m.x_bytes, 5, 2, true);
    fill_async(residual, l.residual_dtype, m.residual_bytes, 6, 1, false);
    check(cudaMemsetAsync(reference, 0xff, room, stream), "memset");
    const int64_t count = y_pixels(l) * l.shape.y_channels;
    const int64_t tap_elements = (int64_t)(fov_hopper_weight_bytes(&l.shape) / size_of(l.shape.dtype)) /
                                 (l.shape.y_channels * l.shape.taps_down * l.shape.taps_across);
    plain<<<(unsigned)((count + 255) / 256), 256, 0, stream>>>(l.shape, m.x, m.weight, tap_elements, end_of(l, m));
    check(cudaStreamSynchronize(stream), "plain");
    outputs_lay(l, &m, y);
    if (!fov_hopper_takes(&l.shape)) printf("NOT TAKEN: %s\n", l.name), failures++;

    fov_hopper_tiling tiling;
    for (int i = 0; fov_hopper_candidate(&l.shape, i, &tiling); i++) {
        unsigned long long result[2];
        say(l, tiling);
        check(cudaMemsetAsync(y, 0xff, bytes, stream), "memset");
        check(cudaMemsetAsync(wrong, 0, 16, stream), "memset");
        launch(l, m, tiling);
        const int64_t elements = (int64_t)(bytes / size_of(l.y_dtype));
        compare<<<(unsigned)((elements + 255) / 256), 256, 0, stream>>>(y, reference, l.y_dtype, elements, l.shape.dtype == FOV_U8,
                                                                        wrong);
        check(cudaMemcpyAsync(result, wrong, 16, cudaMemcpyDeviceToHost, stream), "copy");
        check(cudaStreamSynchronize(stream), "check");
        checks++;
        if (result[0] == 0) continue;
        if (failures++ < 60) printf("WRONG: %s: %llu of %lld, first %llu\n", doing, result[0], (long long)elements, result[1]);
    }
    memory_free(&m);
}

static layer layer_of(const char *name, int times, fov_dtype dtype, int images, int rows, int columns, int cin, int cout,
                      int window, int stride, int residual_at)
{
    layer     l = {};
    const int pad = window / 2;
    l.name = name, l.times = times;
    l.shape.dtype = dtype, l.shape.images = images, l.shape.x_rows = rows, l.shape.x_columns = columns;
    l.shape.x_channels = l.shape.x_ld = cin, l.shape.y_channels = cout;
    l.shape.taps_down = l.shape.taps_across = window, l.shape.stride_y = l.shape.stride_x = stride;
    l.shape.pad_top = l.shape.pad_left = pad, l.shape.dilation_y = l.shape.dilation_x = 1;
    l.shape.y_rows = (rows + 2 * pad - window) / stride + 1;
    l.shape.y_columns = (columns + 2 * pad - window) / stride + 1;
    l.y_dtype = l.residual_dtype = dtype;
    l.residual_at = residual_at;
    l.upsample = l.outputs = 1;
    l.vector = 8;
    return l;
}

static void prove_odd(fov_dtype dtype)
{
    layer l;
    enum { NO = FOV_END_NO_RESIDUAL, BEFORE = FOV_END_RESIDUAL_BEFORE, AFTER = FOV_END_RESIDUAL_AFTER };
    prove(layer_of("1x1", 1, dtype, 1, 17, 23, 64, 64, 1, 1, NO));
    prove(layer_of("1x1 of 320", 1, dtype, 2, 17, 23, 320, 96, 1, 1, BEFORE));
    prove(layer_of("3x3", 1, dtype, 1, 17, 23, 64, 64, 3, 1, NO));
    prove(layer_of("3x3 of 128, 3 images", 1, dtype, 3, 17, 23, 128, 192, 3, 1, BEFORE));
    prove(layer_of("3x3 stride 2", 1, dtype, 3, 17, 23, 128, 64, 3, 2, AFTER));
    prove(layer_of("3x3 stride 2, even", 1, dtype, 2, 20, 24, 320, 256, 3, 2, NO));
    prove(layer_of("1x1 stride 2", 1, dtype, 3, 17, 23, 128, 64, 1, 2, NO));
    prove(layer_of("1x1 stride 2, even", 1, dtype, 2, 40, 40, 192, 512, 1, 2, BEFORE));
    prove(layer_of("5x5", 1, dtype, 2, 9, 70, 64, 128, 5, 1, NO));
    prove(layer_of("tiny", 1, dtype, 1, 1, 1, 128, 64, 3, 1, NO));
    l = layer_of("32 channels, ld 96, gap", 1, dtype, 2, 13, 11, 48, 88, 3, 1, BEFORE);
    l.shape.x_ld = 96, l.y_gap = 24;
    prove(l);
    l = layer_of("top pad 0, left pad 1, smaller", 1, dtype, 2, 19, 21, 64, 64, 3, 1, NO);
    l.shape.pad_top = 0, l.shape.y_rows = 17, l.shape.y_columns = 20;
    prove(l);
    l = layer_of("bottom pad only, stride 2", 1, dtype, 2, 20, 20, 64, 64, 3, 2, NO);
    l.shape.pad_top = l.shape.pad_left = 0, l.shape.y_rows = l.shape.y_columns = 10;
    prove(l);
    l = layer_of("dilated", 1, dtype, 2, 19, 21, 64, 64, 3, 1, NO);
    l.shape.pad_top = l.shape.pad_left = 2, l.shape.dilation_y = l.shape.dilation_x = 2;
    prove(l);
    l = layer_of("upsampled residual", 1, dtype, 2, 18, 22, 128, 128, 1, 1, AFTER);
    l.upsample = 2;
    prove(l);
    l = layer_of("three outputs", 1, dtype, 2, 18, 22, 128, 192, 3, 1, NO);
    l.outputs = 3, l.y_gap = 64;
    prove(l);
    l = layer_of("by 4", 1, dtype, 2, 18, 22, 128, 36, 1, 1, BEFORE);
    l.vector = 4;
    prove(l);
    l = layer_of("by 1", 1, dtype, 2, 18, 22, 128, 35, 1, 1, BEFORE);
    l.vector = 1;
    prove(l);
    const fov_dtype types[] = {FOV_U8, FOV_F16, FOV_BF16, FOV_F32};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++) {
            l = layer_of("types", 1, dtype, 1, 18, 22, 128, 128, 1, 1, (i + j) % 2 ? BEFORE : AFTER);
            l.y_dtype = types[i], l.residual_dtype = types[j];
            prove(l);
        }
}

/* ---- the network */

static std::vector<layer> network(fov_dtype dtype, int images)
{
    std::vector<layer> layers;
    const auto add = [&](const char *name, int times, int size, int cin, int cout, int window, int stride, int residual_at) {
        layers.push_back(layer_of(name, times, dtype, images, size, size, cin, cout, window, stride, residual_at));
    };
    enum { NO = FOV_END_NO_RESIDUAL, BEFORE = FOV_END_RESIDUAL_BEFORE, AFTER = FOV_END_RESIDUAL_AFTER };
    add("layer1.0.conv1", 1, 160, 64, 64, 1, 1, NO);
    add("layer1.x.conv2", 3, 160, 64, 64, 3, 1, NO);
    add("layer1.x.conv3", 3, 160, 64, 256, 1, 1, BEFORE);
    add("layer1.0.down", 1, 160, 64, 256, 1, 1, NO);
    add("layer1.x.conv1", 2, 160, 256, 64, 1, 1, NO);
    add("layer2.0.conv1", 1, 160, 256, 128, 1, 1, NO);
    add("layer2.0.conv2", 1, 160, 128, 128, 3, 2, NO);
    add("layer2.x.conv3", 4, 80, 128, 512, 1, 1, BEFORE);
    add("layer2.0.down", 1, 160, 256, 512, 1, 2, NO);
    add("layer2.x.conv1", 3, 80, 512, 128, 1, 1, NO);
    add("layer2.x.conv2", 3, 80, 128, 128, 3, 1, NO);
    add("layer3.0.conv1", 1, 80, 512, 256, 1, 1, NO);
    add("layer3.0.conv2", 1, 80, 256, 256, 3, 2, NO);
    add("layer3.x.conv3", 6, 40, 256, 1024, 1, 1, BEFORE);
    add("layer3.0.down", 1, 80, 512, 1024, 1, 2, NO);
    add("layer3.x.conv1", 5, 40, 1024, 256, 1, 1, NO);
    add("layer3.x.conv2", 5, 40, 256, 256, 3, 1, NO);
    add("layer4.0.conv1", 1, 40, 1024, 512, 1, 1, NO);
    add("layer4.0.conv2", 1, 40, 512, 512, 3, 2, NO);
    add("layer4.x.conv3", 3, 20, 512, 2048, 1, 1, BEFORE);
    add("layer4.0.down", 1, 40, 1024, 2048, 1, 2, NO);
    add("layer4.x.conv1", 2, 20, 2048, 512, 1, 1, NO);
    add("layer4.x.conv2", 2, 20, 512, 512, 3, 1, NO);
    add("fpn.output3", 1, 20, 2048, 256, 1, 1, NO);
    add("fpn.output2", 1, 40, 1024, 256, 1, 1, AFTER);
    add("fpn.output1", 1, 80, 512, 256, 1, 1, AFTER);
    add("fpn.merge2", 1, 40, 256, 256, 3, 1, NO);
    add("fpn.merge1", 1, 80, 256, 256, 3, 1, NO);
    for (int size = 80; size >= 20; size /= 2) {
        add("ssh.first", 1, size, 256, 192, 3, 1, NO);
        layers.back().outputs = 2;
        add("ssh.second", 1, size, 64, 128, 3, 1, NO);
        layers.back().outputs = 2;
        add("ssh.third", 1, size, 64, 64, 3, 1, NO);
        add("heads", 1, size, 256, 32, 1, 1, NO);
        layers.back().y_dtype = FOV_F32;
    }
    for (layer &l : layers) {
        l.relu = true;
        if (l.residual_at == AFTER) l.upsample = 2;
    }
    return layers;
}

template <class Launches> static float graph_us(int repeats, const Launches &launches)
{
    cudaGraph_t     graph;
    cudaGraphExec_t exec;
    cudaEvent_t     begin, end;
    float           best = 1e30F;
    check(cudaEventCreate(&begin), "event");
    check(cudaEventCreate(&end), "event");
    check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "capture");
    launches();
    check(cudaStreamEndCapture(stream, &graph), "capture");
    check(cudaGraphInstantiate(&exec, graph, 0), "instantiate");
    check(cudaGraphLaunch(exec, stream), "graph");
    for (int i = 0; i < repeats; i++) {
        float ms;
        check(cudaEventRecord(begin, stream), "event");
        check(cudaGraphLaunch(exec, stream), "graph");
        check(cudaEventRecord(end, stream), "event");
        check(cudaEventSynchronize(end), "graph");
        check(cudaEventElapsedTime(&ms, begin, end), "time");
        best = std::min(best, ms * 1000);
    }
    cudaGraphExecDestroy(exec);
    cudaGraphDestroy(graph);
    cudaEventDestroy(begin);
    cudaEventDestroy(end);
    return best;
}

static double macs(const layer &l)
{
    return (double)y_pixels(l) * (double)(l.shape.y_channels * l.shape.x_channels * l.shape.taps_down * l.shape.taps_across);
}

static void time_network(fov_dtype dtype, int images, bool all)
{
    const size_t room = (size_t)32 * 160 * 160 * 256 * 2 + 4096;
    static void *x, *residual, *y;
    if (!x) x = device_memory(room), residual = device_memory(room), y = device_memory(room);
    fill_async(x, dtype, room, 5, 2, true);
    fill_async(residual, dtype, room, 6, 1, false);
    std::vector<layer>             layers = network(dtype, images);
    std::vector<memory>            memories;
    std::vector<fov_hopper_tiling> chosen, best;
    double                         sum_chosen = 0, sum_best = 0, sum_macs = 0;
    printf("\n%s, %d images: microseconds of the chosen tiling and of the best\n", dtype == FOV_U8 ? "u8" : "f16", images);
    for (layer &l : layers) {
        memory            m = memory_of(l, x, residual, y);
        fov_hopper_tiling choice = fov_hopper_choose(&l.shape, processors), tiling, least = choice;
        float             us_choice = 0, us_least = 1e30F;
        std::string       others;
        const int         times = images == 1 ? 20 : images == 8 ? 8 : 3;
        for (int i = 0; fov_hopper_candidate(&l.shape, i, &tiling); i++) {
            const bool is_choice = !memcmp(&tiling, &choice, sizeof tiling);
            if (!all && !is_choice) continue;
            say(l, tiling);
            const float us = graph_us(2,
                                      [&] {
                                          for (int j = 0; j < times; j++) launch(l, m, tiling);
                                      }) /
                             (float)times;
            char text[64];
            snprintf(text, sizeof text, " %dx%dm%ds%dl%d:%.1f/%.1f", tiling.rows, tiling.columns, tiling.multicast, tiling.splits,
                     tiling.loops, us, fov_hopper_cost(&l.shape, &tiling, processors));
            others += text;
            if (is_choice) us_choice = us;
            if (us < us_least) us_least = us, least = tiling;
        }
        const fov_hopper_shape &s = l.shape;
        printf("%-15s %d x %3lldx%3lld %4lld>%4lld k%d s%d  %3dx%3d m%d s%d l%d %7.1f us %4.0f T  best %3dx%3d m%d s%d l%d %7.1f "
               "us %4.0f T\n",
               l.name, l.times, (long long)s.x_rows, (long long)s.x_columns, (long long)s.x_channels, (long long)s.y_channels,
               s.taps_down, s.stride_y, choice.rows, choice.columns, choice.multicast, choice.splits, choice.loops, us_choice,
               macs(l) * 2e-6 / us_choice, least.rows, least.columns, least.multicast, least.splits, least.loops, us_least,
               macs(l) * 2e-6 / us_least);
        if (all) printf("   %s\n", others.c_str());
        sum_chosen += us_choice * l.times, sum_best += us_least * l.times, sum_macs += macs(l) * l.times;
        memories.push_back(m);
        chosen.push_back(choice), best.push_back(least);
    }
    for (int which = 0; which < 2; which++) {
        snprintf(doing, sizeof doing, "the network");
        progress = progress + 1;
        const float us = graph_us(5, [&] {
            for (size_t i = 0; i < layers.size(); i++)
                for (int j = 0; j < layers[i].times; j++) launch(layers[i], memories[i], which ? best[i] : chosen[i]);
        });
        printf("%s %d images, %s tilings: sum %.1f us, in one graph %.1f us, %.0f T\n", dtype == FOV_U8 ? "u8" : "f16", images,
               which ? "best" : "chosen", which ? sum_best : sum_chosen, us, sum_macs * 2e-6 / us);
    }
    for (memory &m : memories) memory_free(&m);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char    *what = argc > 1 ? argv[1] : "all";
    cudaDeviceProp properties;
    setvbuf(stdout, NULL, _IOLBF, 0);
    std::thread(watch).detach();
    snprintf(doing, sizeof doing, "start");
    check(cudaGetDeviceProperties(&properties, 0), "device");
    processors = properties.multiProcessorCount;
    printf("%s, %d multiprocessors\n", properties.name, processors);
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "stream");
    driver_open();
    if (strcmp(what, "time")) {
        const fov_dtype types[] = {FOV_F16, FOV_BF16, FOV_U8};
        for (fov_dtype dtype : types) {
            prove_odd(dtype);
            for (const layer &l : network(dtype, 1)) prove(l);
            printf("dtype %d: %d checks, %d wrong\n", (int)dtype, checks, failures);
        }
    }
    if (strcmp(what, "check") && failures == 0) {
        const int images[] = {1, 8, 32};
        for (int n : images) {
            time_network(FOV_F16, n, argc < 3);
            time_network(FOV_U8, n, argc < 3);
        }
    }
    printf("%d checks, %d wrong\n", checks, failures);
    fflush(stdout);
    _exit(failures ? 1 : 0);
}
