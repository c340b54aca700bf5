// SPDX-License-Identifier: MIT
/* The kernels of MobileNet-0.25's backbone on a real GPU: each layer is compared with a plain loop (integers exactly), then timed
 * in a graph of dependent launches, with every tile that there is.
 *
 *     gcc -std=c11 -O2 -I src -I include -c src/backend/cuda/{chain,depthwise,first}.c src/graph/view.c
 *     nvcc -std=c++17 -O3 -arch=sm_90 -I src -I include -cudart static bench/cuda/chain_bench.cu \
 *         src/backend/cuda/kernels/{chain_bf16,chain_f16,chain_f32,chain_u8,depthwise,first}.cu chain.o depthwise.o first.o view.o
 */
extern "C" {
#include "graph/view.h"
}

#include "backend/cuda/kernels/chain_params.h"
#include "backend/cuda/kernels/end.cuh"
#include "backend/cuda/kernels/first_params.h"

extern "C" {
#include "backend/cuda/chain.h"
#include "backend/cuda/depthwise.h"
#include "backend/cuda/first.h"
}

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <vector>

enum { SECONDS = 60, REPEATS = 50, SIZE = 320, MOST_LAUNCHES = 16 };

#define CHECK(call)                                                                                                                \
    do {                                                                                                                           \
        const cudaError_t result = call;                                                                                           \
        if (result != cudaSuccess) {                                                                                               \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(result));                                      \
            fflush(stdout);                                                                                                        \
            _exit(2);                                                                                                              \
        }                                                                                                                          \
    } while (0)

/* ---------------------------------------------------------------- launches */

#define CHAINS_OF(of, type, stride, across)                                                                                        \
    of(fov_chain_##type##_s##stride##_##across##_1, fov_chain_params)                                                              \
        of(fov_chain_##type##_s##stride##_##across##_2, fov_chain_params)                                                          \
            of(fov_chain_##type##_s##stride##_##across##_n, fov_chain_params)
#define KERNELS_OF(of, type)                                                                                                       \
    CHAINS_OF(of, type, 1, 2)                                                                                                      \
    CHAINS_OF(of, type, 1, 4)                                                                                                      \
    CHAINS_OF(of, type, 2, 2)                                                                                                      \
    of(fov_depthwise_##type, fov_depthwise_params) of(fov_depthwise_##type##_s1, fov_depthwise_params)                             \
        of(fov_depthwise_##type##_s2, fov_depthwise_params)
#define FIRSTS_OF(of, groups)                                                                                                      \
    of(fov_first_1_##groups##_runs, fov_first_params) of(fov_first_2_##groups##_runs, fov_first_params)
#define KERNELS(of)                                                                                                                \
    KERNELS_OF(of, f16)                                                                                                            \
    KERNELS_OF(of, bf16)                                                                                                           \
    KERNELS_OF(of, u8)                                                                                                             \
    KERNELS_OF(of, f32)                                                                                                            \
    FIRSTS_OF(of, 1)                                                                                                               \
    FIRSTS_OF(of, 8)
#define DECLARE(name, params) extern "C" __global__ void name(const __grid_constant__ params p);
#define ROW(name, params) {#name, (const void *)name},

KERNELS(DECLARE)

static const struct {
    const char *name;
    const void *kernel;
} kernels[] = {KERNELS(ROW)};

/* A launch and its parameters. */
struct launch {
    fov_cuda_launch how;
    union {
        fov_chain_params     chain;
        fov_depthwise_params depthwise;
        fov_first_params     first;
    };
};

static const void *kernel_of(const char *name)
{
    for (const auto &row : kernels)
        if (!strcmp(row.name, name)) return row.kernel;
    printf("no kernel %s\n", name);
    _exit(2);
}

static void launch_one(launch *l, cudaStream_t stream)
{
    const void *kernel = kernel_of(l->how.kernel);
    if (l->how.shared_bytes > 48 << 10)
        CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)l->how.shared_bytes));
    cudaLaunchAttribute early = {};
    early.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    early.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(l->how.blocks);
    config.blockDim = dim3(l->how.threads);
    config.dynamicSmemBytes = l->how.shared_bytes;
    config.stream = stream;
    config.attrs = &early;
    config.numAttrs = 1;
    void *args[] = {&l->chain};
    CHECK(cudaLaunchKernelExC(&config, kernel, args));
}

/* Microseconds of the launches, one after the other, once. */
static double time_launches(launch *const *l, int count, int repeats)
{
    cudaStream_t    stream;
    cudaGraph_t     graph;
    cudaGraphExec_t exec;
    cudaEvent_t     begin, end;
    CHECK(cudaStreamCreate(&stream));
    CHECK(cudaEventCreate(&begin));
    CHECK(cudaEventCreate(&end));
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < repeats * count; i++) launch_one(l[i % count], stream);
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&exec, graph, 0));
    float best = 1e30F;
    for (int i = 0; i < 4; i++) {
        float ms;
        CHECK(cudaEventRecord(begin, stream));
        CHECK(cudaGraphLaunch(exec, stream));
        CHECK(cudaEventRecord(end, stream));
        CHECK(cudaEventSynchronize(end));
        CHECK(cudaEventElapsedTime(&ms, begin, end));
        best = fminf(best, ms);
    }
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphDestroy(graph));
    CHECK(cudaEventDestroy(begin));
    CHECK(cudaEventDestroy(end));
    CHECK(cudaStreamDestroy(stream));
    return 1e3 * best / repeats;
}

/* ---------------------------------------------------------------- plain loops */

struct plain_params {
    const void            *x, *pointwise;
    const float           *depthwise;
    const fov_end_channel *middle, *end;
    const int32_t         *zero_point;
    void                  *y;
    float                 *difference; /* the largest */
    int                    x_rows, x_columns, rows, columns, channels, outputs, stride, type, images;
};

static __device__ float plain_load(const void *data, int type, int64_t at)
{
    float v;
    fov_load_elements<1>(&v, data, type, at);
    return v;
}

static __device__ float plain_round(float v, int type)
{
    return type == FOV_F16 ? fov_f16_to_float(fov_float_to_f16(v)) : type == FOV_BF16 ? fov_bf16_to_float(fov_float_to_bf16(v)) : v;
}

static __device__ float plain_middle(const plain_params *p, int64_t image, int y, int x, int c)
{
    float sum = 0;
    for (int r = 0; r < 3; r++)
        for (int s = 0; s < 3; s++) {
            const int row = y * p->stride - 1 + r, column = x * p->stride - 1 + s;
            if (row < 0 || column < 0 || row >= p->x_rows || column >= p->x_columns) continue;
            const float v = plain_load(p->x, p->type, ((image * p->x_rows + row) * p->x_columns + column) * p->channels + c);
            sum = fmaf(p->type == FOV_U8 ? v - (float)p->zero_point[c] : v, p->depthwise[c * 9 + r * 3 + s], sum);
        }
    const fov_end_channel *m = &p->middle[c];
    float                  v = __fadd_rn(p->type == FOV_U8 ? __fmul_rn(sum, m->scale) : sum, m->bias);
    v = v < 0 ? __fmul_rn(m->slope, v) : v;
    return p->type == FOV_U8 ? (float)fov_quantize_u8(v, m->inverse_scale, m->zero_point) : plain_round(v, p->type);
}

__global__ void plain_chain(plain_params p)
{
    const int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i >= (int64_t)p.images * p.rows * p.columns * p.outputs) return;
    const int     o = (int)(i % p.outputs);
    const int64_t pixel = i / p.outputs, row = pixel / p.columns;
    double        sum = 0;
    int32_t       whole = 0;
    for (int c = 0; c < p.channels; c++) {
        const float v = plain_middle(&p, row / p.rows, (int)(row % p.rows), (int)(pixel % p.columns), c);
        if (p.type == FOV_U8) whole += (int)v * ((const int8_t *)p.pointwise)[o * p.channels + c];
        else sum += (double)v * plain_load(p.pointwise, p.type, (int64_t)o * p.channels + c);
    }
    const fov_end_channel *e = &p.end[o];
    float v = __fadd_rn(p.type == FOV_U8 ? fov_end_sum(whole, e) : (float)sum, e->bias), got = plain_load(p.y, p.type, i);
    v = v < 0 ? __fmul_rn(e->slope, v) : v;
    v = p.type == FOV_U8 ? (float)fov_quantize_u8(v, e->inverse_scale, e->zero_point) : v;
    const float off = fabsf(v - got) / (p.type == FOV_U8 ? 1 : 1 + fabsf(v));
    atomicMax((int *)p.difference, __float_as_int(off == off ? off : 1e30F));
}

struct plain_first_params {
    const float           *x, *weight;
    const fov_end_channel *end;
    const float           *y;
    float                 *difference;
    int                    x_size, size, outputs, window, stride, pad;
};

__global__ void plain_first(plain_first_params p)
{
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i >= p.size * p.size * p.outputs) return;
    const int o = i % p.outputs, pixel = i / p.outputs;
    double    sum = 0, all = 0;
    for (int c = 0; c < 3; c++)
        for (int r = 0; r < p.window; r++)
            for (int s = 0; s < p.window; s++) {
                const int row = pixel / p.size * p.stride - p.pad + r, column = pixel % p.size * p.stride - p.pad + s;
                if (row < 0 || column < 0 || row >= p.x_size || column >= p.x_size) continue;
                const double w = p.weight[((o * 3 + c) * p.window + r) * p.window + s], v = p.x[(row * p.x_size + column) * 3 + c];
                sum += v * w;
                all += fabs(v * w);
            }
    sum += p.end[o].bias;
    if (sum < 0) sum *= p.end[o].slope;
    const float off = (float)(fabs(sum - p.y[i]) / (all + 1));
    atomicMax((int *)p.difference, __float_as_int(off == off ? off : 1e30F));
}

/* ---------------------------------------------------------------- data */

static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525U + 1013904223U;
    return seed >> 8;
}

static float uniform(float range)
{
    return range * (2.0F * (float)next() / 16777216.0F - 1.0F);
}

static uint16_t to_f16(float v)
{
    return __half_as_ushort(__float2half_rn(v));
}

static float from_type(float v, fov_dtype type)
{
    uint32_t bits;
    memcpy(&bits, &v, 4);
    bits = (bits + 0x8000U) & 0xffff0000U;
    if (type == FOV_F16) return __half2float(__float2half_rn(v));
    if (type == FOV_BF16) memcpy(&v, &bits, 4);
    return v;
}

/* `count` elements of a type. Weights of U8 are I8. */
static std::vector<unsigned char> elements(fov_dtype type, size_t count, float range)
{
    std::vector<unsigned char> data(count * fov_dtype_size(type));
    for (size_t i = 0; i < count; i++) {
        const float v = from_type(uniform(range), type);
        uint32_t    bits;
        memcpy(&bits, &v, 4);
        if (type == FOV_F32) memcpy(&data[4 * i], &v, 4);
        else if (type == FOV_U8 || type == FOV_I8) data[i] = (unsigned char)next();
        else ((uint16_t *)data.data())[i] = type == FOV_F16 ? to_f16(v) : (uint16_t)(bits >> 16);
    }
    return data;
}

static void *upload(const void *data, size_t bytes)
{
    void *to;
    CHECK(cudaMalloc(&to, bytes));
    if (data) CHECK(cudaMemcpy(to, data, bytes, cudaMemcpyHostToDevice));
    return to;
}

static float *difference;
static void  *buffer[2]; /* activations, of random bits that are numbers of each type */

static float worst(void)
{
    float v;
    CHECK(cudaDeviceSynchronize());
    CHECK(cudaMemcpy(&v, difference, 4, cudaMemcpyDeviceToHost));
    CHECK(cudaMemset(difference, 0, 4));
    return v;
}

static std::vector<fov_end_channel> ends(int channels, fov_dtype type, float scale)
{
    std::vector<fov_end_channel> end((size_t)channels);
    for (auto &e : end) {
        e = {};
        e.scale = type == FOV_U8 ? scale * (1 + uniform(0.5F)) : 1;
        e.bias = uniform(0.2F);
        e.slope = 0.1F;
        e.inverse_scale = 90;
        e.zero_point = 100;
    }
    return end;
}

static fov_end end_of(const fov_end_channel *channel, void *data, int channels, fov_dtype type, int size)
{
    fov_end end = {};
    end.channel = channel;
    end.channels = channels;
    end.vector = 8;
    end.rows = end.columns = size;
    end.residual_upsample = 1;
    for (auto &output : end.output) output.first_channel = channels;
    end.output[0] = {data, channels, type, 0};
    return end;
}

/* ---------------------------------------------------------------- chains */

struct layer {
    int channels, outputs, stride, size /* of the output */, times;
};

static const layer layers[] = {{8, 16, 1, 320, 1},   {16, 32, 2, 160, 1},  {32, 32, 1, 160, 1},
                               {32, 64, 2, 80, 1},   {64, 64, 1, 80, 1},   {64, 128, 2, 40, 1},
                               {128, 128, 1, 40, 5}, {128, 256, 2, 20, 1}, {256, 256, 1, 20, 1}};

struct chain_data {
    fov_cuda_chain   chain;
    layer            l;
    void            *packed;
    fov_end_channel *end;
    plain_params     plain;
};

static chain_data make_chain(layer l, fov_dtype type)
{
    chain_data           d = {{type, l.channels, l.outputs, l.stride, 1, 1}, l};
    const size_t         channels = (size_t)l.channels;
    std::vector<float>   weight(channels * 9);
    std::vector<int32_t> zero(channels);
    for (auto &w : weight) w = type == FOV_U8 ? (float)(int)uniform(127) : from_type(uniform(0.6F), type);
    for (auto &z : zero) z = (int)(next() % 256);
    auto       middle = ends(l.channels, type, 0.00006F), end = ends(l.outputs, type, 0.0003F / sqrtf((float)l.channels));
    const auto pointwise = elements(type == FOV_U8 ? FOV_I8 : type, channels * (size_t)l.outputs, 1.5F / sqrtf((float)l.channels));
    for (size_t c = 0; c < channels && type == FOV_U8; c++)
        for (int t = 0; t < 9; t++) middle[c].start -= zero[c] * (int)weight[c * 9 + (size_t)t];
    for (size_t o = 0; o < end.size() && type == FOV_U8; o++)
        for (size_t c = 0; c < channels; c++) end[o].start -= middle[c].zero_point * (int8_t)pointwise[o * channels + c];
    const fov_cuda_chain_weights weights = {weight.data(), zero.data(), middle.data(), pointwise.data()};
    std::vector<unsigned char>   packed(fov_cuda_chain_bytes(&d.chain));
    fov_cuda_chain_pack(&d.chain, &weights, packed.data());
    d.packed = upload(packed.data(), packed.size());
    d.end = (fov_end_channel *)upload(end.data(), end.size() * sizeof end[0]);
    d.plain = {buffer[0],
               upload(pointwise.data(), pointwise.size()),
               (const float *)upload(weight.data(), weight.size() * 4),
               (const fov_end_channel *)upload(middle.data(), middle.size() * sizeof middle[0]),
               d.end,
               (const int32_t *)upload(zero.data(), zero.size() * 4),
               buffer[1],
               difference,
               l.size * l.stride,
               l.size * l.stride,
               l.size,
               l.size,
               l.channels,
               l.outputs,
               l.stride,
               type,
               1};
    return d;
}

static launch fill_chain(const chain_data *d, int images, const fov_cuda_chain_tile *tile, void *x, void *y)
{
    const layer          *l = &d->l;
    const fov_cuda_images in = {x, images, l->size * l->stride, l->size * l->stride, l->channels};
    const fov_end         end = end_of(d->end, y, l->outputs, d->chain.type, l->size);
    launch                made;
    fov_cuda_chain_fill(&d->chain, &in, d->packed, &end, tile, &made.chain, &made.how);
    return made;
}

static double bytes_of(const chain_data *d, int images)
{
    const double pixels = (double)d->l.size * d->l.size * images;
    return pixels * (double)fov_dtype_size(d->chain.type) * (d->l.channels * d->l.stride * d->l.stride + d->l.outputs);
}

static const fov_cuda_limits *limits;

static bool check_chain(const chain_data *d, const fov_cuda_chain_tile *tile)
{
    launch        l = fill_chain(d, 1, tile, buffer[0], buffer[1]);
    const int64_t outputs = (int64_t)d->l.size * d->l.size * d->l.outputs;
    const float   most = d->chain.type == FOV_U8 ? 0 : d->chain.type == FOV_F16 ? 4e-3F : d->chain.type == FOV_BF16 ? 3e-2F : 2e-5F;
    CHECK(cudaMemset(buffer[1], 0xff, (size_t)outputs * fov_dtype_size(d->chain.type)));
    launch_one(&l, 0);
    plain_chain<<<(unsigned)((outputs + 255) / 256), 256>>>(d->plain);
    const float off = worst();
    if (off <= most) return true;
    printf("WRONG %s tile %dx%d groups %d slices %d: %d -> %d at %d: off by %g\n", l.how.kernel, tile->tile_rows,
           tile->tile_columns, tile->groups, tile->block_slices, d->l.channels, d->l.outputs, d->l.size, (double)off);
    return false;
}

static bool choose_tile(const chain_data *d, int images, fov_cuda_chain_tile *tile)
{
    fov_cuda_chain_tile all[FOV_CHAIN_MOST_TILES];
    const int           count = fov_cuda_chain_tiles(&d->chain, d->l.size, d->l.size, limits, all);
    const int           chosen = fov_cuda_chain_choose(&d->chain, images, d->l.size, d->l.size, limits, all, count);
    if (chosen >= 0) *tile = all[chosen];
    return chosen >= 0;
}

static void run_chain(const chain_data *d, int images, int *checked, int *wrong, double *total)
{
    fov_cuda_chain_tile tile, best_tile = {}, rule;
    double              best = 1e30, by_rule = -1;
    const int           bytes = d->chain.channels * (int)fov_dtype_size(d->chain.type), packed = bytes < 32 ? 32 / bytes : 1;
    const int           slices = (packed * d->l.outputs + 31) / 32;
    const bool          ruled = choose_tile(d, images, &rule);
    printf("%s %3d->%3d s%d %3d x%-2d:", fov_dtype_name(d->chain.type), d->l.channels, d->l.outputs, d->l.stride, d->l.size,
           images);
    for (int i = 0; fov_cuda_chain_tile_of(&d->chain, i, d->l.size, d->l.size, &tile); i++)
        for (tile.block_slices = 1; tile.block_slices <= slices; tile.block_slices *= 2) {
            if (fov_cuda_chain_shared(&d->chain, &tile) > limits->shared_bytes) continue;
            if (images == 1) {
                ++*checked;
                if (!check_chain(d, &tile)) ++*wrong;
            }
            launch       l = fill_chain(d, images, &tile, buffer[0], buffer[1]), *one = &l;
            const double us = time_launches(&one, 1, images == 1 ? REPEATS : 10);
            printf(" %d/%d/%d/%d:%.2f", tile.across, tile.groups, tile.threads, tile.block_slices, us);
            if (us < best) {
                best = us;
                best_tile = tile;
            }
            if (ruled && rule.across == tile.across && rule.groups == tile.groups && rule.threads == tile.threads &&
                rule.block_slices == tile.block_slices)
                by_rule = us;
        }
    printf(" | best %d/%d/%d/%d (%dx%d) %.2f us %.0f GB/s, rule %d/%d/%d/%d %.2f us\n", best_tile.across, best_tile.groups,
           best_tile.threads, best_tile.block_slices, best_tile.tile_rows, best_tile.tile_columns, best,
           bytes_of(d, images) / best / 1e3, rule.across, rule.groups, rule.threads, rule.block_slices, by_rule);
    fflush(stdout);
    *total += best * d->l.times;
}

/* ---------------------------------------------------------------- the others */

static launch make_first(int outputs, int window, fov_dtype weight_type, fov_dtype y, int images, bool check)
{
    const fov_cuda_first conv = {3, outputs, window, window, 2, 2, window / 2, window / 2};
    std::vector<float>   weight((size_t)(outputs * 3 * window * window));
    int                  parts;
    for (auto &w : weight) w = from_type(uniform(0.3F), weight_type);
    std::vector<unsigned char> packed(fov_cuda_first_bytes(&conv));
    fov_cuda_first_pack(&conv, weight.data(), packed.data(), &parts);
    const auto            end = ends(outputs, FOV_F32, 1);
    const fov_cuda_images in = {buffer[0], images, SIZE * 2, SIZE * 2, 3};
    fov_end e = end_of((const fov_end_channel *)upload(end.data(), end.size() * sizeof end[0]), buffer[1], outputs, y, SIZE);
    launch  l;
    fov_cuda_first_fill(&conv, &in, upload(packed.data(), packed.size()), parts, &e, limits, &l.first, &l.how);
    if (!check) return l;
    launch exact = l;
    exact.first.end.output[0].dtype = FOV_F32;
    launch_one(&exact, 0);
    const plain_first_params plain = {(const float *)buffer[0],
                                      (const float *)upload(weight.data(), weight.size() * 4),
                                      e.channel,
                                      (const float *)buffer[1],
                                      difference,
                                      SIZE * 2,
                                      SIZE,
                                      outputs,
                                      window,
                                      2,
                                      window / 2};
    plain_first<<<(unsigned)(SIZE * SIZE * outputs + 255) / 256, 256>>>(plain);
    printf("first %dx%d 3->%d of %s, %d parts: off by %.2g of the sum of magnitudes\n", window, window, outputs,
           fov_dtype_name(weight_type), parts, (double)worst());
    return l;
}

static void run_first(int outputs, int window, fov_dtype weight_type, fov_dtype y)
{
    for (int images = 1; images <= 32; images = images == 1 ? 8 : 4 * images) {
        launch       l = make_first(outputs, window, weight_type, y, images, images == 1), *one = &l;
        const double us = time_launches(&one, 1, images == 1 ? REPEATS : 10);
        const double bytes = images * (SIZE * SIZE * 4.0 * 12 + (double)SIZE * SIZE * outputs * (double)fov_dtype_size(y));
        printf("first %dx%d 3->%d %s->%s x%d: %.2f us %.0f GB/s\n", window, window, outputs, fov_dtype_name(weight_type),
               fov_dtype_name(y), images, us, bytes / us / 1e3);
    }
}

static void run_depthwise(fov_dtype type, int channels, int stride, int size)
{
    const fov_cuda_depthwise   conv = {type, channels, 3, 3, stride, stride, 1, 1, 1, 1};
    std::vector<float>         weight((size_t)channels * 9, 0.125F);
    std::vector<int32_t>       zero((size_t)channels, 7);
    std::vector<unsigned char> packed(fov_cuda_depthwise_bytes(&conv));
    fov_cuda_depthwise_pack(&conv, weight.data(), zero.data(), packed.data());
    const auto end = ends(channels, type, 0.01F);
    void      *end_on = upload(end.data(), end.size() * sizeof end[0]), *packed_on = upload(packed.data(), packed.size());
    for (int images = 1; images <= 32; images = images == 1 ? 8 : 4 * images) {
        const fov_cuda_images in = {buffer[0], images, size * stride, size * stride, channels};
        const fov_end         e = end_of((const fov_end_channel *)end_on, buffer[1], channels, type, size);
        launch                l, *one = &l;
        fov_cuda_depthwise_fill(&conv, &in, packed_on, &e, &l.depthwise, &l.how);
        const double us = time_launches(&one, 1, images == 1 ? REPEATS : 10);
        printf("depthwise %s %d s%d %d x%d: %.2f us %.0f GB/s\n", fov_dtype_name(type), channels, stride, size, images, us,
               (double)images * size * size * channels * (stride * stride + 1) * (double)fov_dtype_size(type) / us / 1e3);
    }
}

/* All of the backbone, each layer reading what the one before wrote. */
static void run_backbone(fov_dtype type, int images, const std::vector<chain_data> &chains)
{
    launch made[MOST_LAUNCHES], *all[MOST_LAUNCHES];
    int    count = 0;
    made[count++] = make_first(8, 3, type == FOV_U8 ? FOV_F32 : type, type, images, false);
    for (const auto &d : chains)
        for (int i = 0; i < d.l.times; i++) {
            fov_cuda_chain_tile tile;
            if (!choose_tile(&d, images, &tile)) return;
            made[count] = fill_chain(&d, images, &tile, buffer[count % 2], buffer[(count + 1) % 2]);
            count++;
        }
    for (int i = 0; i < count; i++) all[i] = &made[i];
    printf("backbone %s x%d by rule: %d launches, %.1f us\n", fov_dtype_name(type), images, count, time_launches(all, count, 10));
}

static void on_alarm(int number)
{
    (void)number;
    static const char text[] = "watchdog: it hangs, or takes too long\n";
    if (write(1, text, sizeof text - 1)) _exit(3);
    _exit(3);
}

int main(void)
{
    const size_t   bytes = (size_t)32 * SIZE * SIZE * 64 * 4 + (1 << 20); /* of the largest activation */
    cudaDeviceProp device;
    signal(SIGALRM, on_alarm);
    alarm(SECONDS);
    CHECK(cudaGetDeviceProperties(&device, 0));
    const fov_cuda_limits given = {device.multiProcessorCount, device.sharedMemPerBlockOptin};
    limits = &given;
    printf("%s, %d processors, %zu bytes of shared memory\n", device.name, given.processors, given.shared_bytes);
    for (auto &b : buffer) b = upload(NULL, bytes);
    difference = (float *)upload(NULL, 4);
    CHECK(cudaMemset(difference, 0, 4));
    const fov_dtype types[] = {FOV_F16, FOV_U8, FOV_BF16, FOV_F32};
    int             checked = 0, wrong = 0;
    for (fov_dtype type : types) {
        const auto              x = elements(type, (size_t)1 << 24, 1);
        std::vector<chain_data> chains;
        for (size_t at = 0; at + x.size() <= bytes; at += x.size())
            CHECK(cudaMemcpy((unsigned char *)buffer[0] + at, x.data(), x.size(), cudaMemcpyHostToDevice));
        for (const auto &l : layers) chains.push_back(make_chain(l, type));
        for (int images = 1; images <= 32; images = images == 1 ? 8 : 4 * images) {
            double total = 0;
            if (images > 1 && type == FOV_BF16) break;
            for (const auto &d : chains) run_chain(&d, images, &checked, &wrong, &total);
            printf("%s x%d: chains of the backbone at their best: %.1f us\n", fov_dtype_name(type), images, total);
        }
        printf("%d tiles checked, %d wrong\n", checked, wrong);
        if (type == FOV_F32) {
            run_first(8, 3, FOV_F16, FOV_F16);
            run_first(8, 3, FOV_F32, FOV_U8);
            run_first(64, 7, FOV_F16, FOV_F16);
            run_first(64, 7, FOV_BF16, FOV_BF16);
            run_first(64, 7, FOV_F32, FOV_F32);
        }
        if (type == FOV_F16 || type == FOV_U8) {
            run_depthwise(type, 16, 1, 160);
            run_depthwise(type, 128, 1, 40);
            run_depthwise(type, 64, 2, 80);
        }
        for (int images = 1; images <= 32; images = images == 1 ? 8 : 4 * images) run_backbone(type, images, chains);
    }
    CHECK(cudaDeviceSynchronize());
    printf("%s\n", wrong ? "FAILED" : "done");
    return wrong ? 1 : 0;
}
