// SPDX-License-Identifier: MIT
/* Both ends of the GPU's path on a real GPU: photos -> the network's input, and heads -> faces. Each is compared with the CPU's and
 * then timed, launches one after another in a graph.
 *
 * usage: ends_bench [letterbox | faces]
 * nvcc -std=c++17 -O3 -arch=sm_90 -cudart static -I src -I include bench/cuda/ends_bench.cu build/libfovea.a -o ends_bench */
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vector>

extern "C" {
#include "api/geometry.h"
#include "backend/cuda/faces.h"
#include "backend/cuda/letterbox.h"
}
#include "backend/cuda/kernels/kernel.cuh"

namespace letterbox_kernel
{
#include "backend/cuda/kernels/letterbox.cu"
}
namespace faces_kernel
{
#include "backend/cuda/kernels/faces.cu"
}

enum { SECONDS = 36, REPEATS = 20, ROUNDS = 15, SIDE = 640, MOST_IMAGES = 32 };

#define CHECK(call)                                                                                                                \
    do {                                                                                                                           \
        const cudaError_t result_ = (call);                                                                                        \
        if (result_ != cudaSuccess) {                                                                                              \
            printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(result_));                                     \
            fflush(stdout);                                                                                                        \
            _exit(1);                                                                                                              \
        }                                                                                                                          \
    } while (0)

static cudaStream_t stream;
static int          wrong;
static uint64_t     dice = 1;

static float random_float(float low, float high)
{
    dice = dice * 6364136223846793005U + 1442695040888963407U;
    return low + (high - low) * (float)(dice >> 40) * 0x1p-24F;
}

static void *device_memory(size_t bytes)
{
    void *memory;
    CHECK(cudaMalloc(&memory, bytes));
    return memory;
}

/** `early`: programmatic dependent launch. */
template <class Params> static void launch(void (*kernel)(const Params), fov_cuda_grid grid, const Params &params, bool early)
{
    cudaLaunchAttribute attribute = {};
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
    cudaLaunchConfig_t config = {};
    config.gridDim = dim3(grid.x, grid.y);
    config.blockDim = dim3(grid.threads);
    config.dynamicSmemBytes = grid.shared_bytes;
    config.stream = stream;
    config.attrs = &attribute;
    config.numAttrs = early ? 1 : 0;
    CHECK(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, (int)grid.shared_bytes));
    CHECK(cudaLaunchKernelEx(&config, kernel, params));
}

/** Microseconds of what `work` launches: the least of several graphs of many. */
template <class Work> static float microseconds(Work work)
{
    cudaGraph_t     graph;
    cudaGraphExec_t exec;
    cudaEvent_t     start, end;
    float           best = 1e30F;
    CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    for (int i = 0; i < REPEATS; i++) work();
    CHECK(cudaStreamEndCapture(stream, &graph));
    CHECK(cudaGraphInstantiate(&exec, graph, 0));
    CHECK(cudaEventCreate(&start));
    CHECK(cudaEventCreate(&end));
    for (int i = 0; i < ROUNDS; i++) {
        float ms;
        CHECK(cudaEventRecord(start, stream));
        CHECK(cudaGraphLaunch(exec, stream));
        CHECK(cudaEventRecord(end, stream));
        CHECK(cudaEventSynchronize(end));
        CHECK(cudaEventElapsedTime(&ms, start, end));
        if (ms < best) best = ms;
    }
    CHECK(cudaEventDestroy(start));
    CHECK(cudaEventDestroy(end));
    CHECK(cudaGraphExecDestroy(exec));
    CHECK(cudaGraphDestroy(graph));
    return best * 1000 / REPEATS;
}

/* ---------------------------------------------------------------- letterbox */

static fov_letterbox box_of(int width, int height)
{
    const double  ratio = fmin((double)SIDE / width, (double)SIDE / height);
    fov_letterbox box = {};
    box.scaled_w = fov_scaled(width, ratio);
    box.scaled_h = fov_scaled(height, ratio);
    box.out_w = box.out_h = SIDE;
    box.left = (SIDE - box.scaled_w) / 2;
    box.top = (SIDE - box.scaled_h) / 2;
    for (int c = 0; c < 3; c++) {
        box.fill[c] = 128;
        box.mean[c] = 104.0F + 6 * (float)c;
        box.scale[c] = 1;
    }
    box.bgr = true;
    return box;
}

static fov_image upright_of(const fov_cuda_photo *photo, std::vector<uint8_t> &pixels)
{
    const int      width = fov_cuda_photo_width(photo), height = fov_cuda_photo_height(photo);
    const fov_walk walk = fov_orientation_walk(photo->orientation, photo->image.width, photo->image.height, 3, photo->image.pitch);
    pixels.resize((size_t)width * height * 3 + 64);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            memcpy(&pixels[((size_t)y * width + x) * 3], photo->image.data + walk.first + x * walk.step_x + y * walk.step_y, 3);
    return fov_image{pixels.data(), width, height, (ptrdiff_t)width * 3, FOV_RGB8};
}

static size_t differing(const fov_letterbox *box, const fov_image *image, const float *now)
{
    fov_error            err;
    fov_pool            *pool;
    const size_t         floats = (size_t)SIDE * SIDE * 3;
    std::vector<float>   expected(floats);
    std::vector<uint8_t> scratch(fov_letterbox_scratch(box, image->width, image->height, 1) + 1);
    size_t               count = 0;
    if (fov_pool_new(1, &pool, &err)) return floats;
    fov_letterbox_run(box, image, expected.data(), 3, scratch.data(), pool);
    fov_pool_free(pool);
    for (size_t i = 0; i < floats; i++) count += memcmp(&expected[i], &now[i], sizeof(float)) != 0;
    return count;
}

static void letterbox_case(int width, int height, int orientation, int images)
{
    std::vector<uint8_t> pixels((size_t)width * height * 3), turned;
    for (uint8_t &p : pixels) p = (uint8_t)random_float(0, 255.99F);
    const fov_cuda_photo photo = {{pixels.data(), width, height, (ptrdiff_t)width * 3, FOV_RGB8}, orientation, false};
    const fov_image      upright = upright_of(&photo, turned);
    const fov_letterbox  box = box_of(upright.width, upright.height);
    const size_t         each = fov_cuda_letterbox_bytes(&box, &photo), table = MOST_IMAGES * 512, bytes = table + each * images;
    const size_t         floats = (size_t)SIDE * SIDE * 3 * images;
    unsigned char       *host, *device = (unsigned char *)device_memory(bytes);
    float               *out = (float *)device_memory(floats * sizeof *out);
    std::vector<float>   now(floats);
    CHECK(cudaMallocHost(&host, bytes));
    for (int i = 0; i < images; i++) {
        fov_cuda_letterbox_stage(&box, &photo, host + table + each * i, device + table + each * i, (fov_letterbox_image *)host + i);
        fov_cuda_letterbox_copy(&box, &photo, host + table + each * i, 0, height);
    }
    CHECK(cudaMemcpy(device, host, bytes, cudaMemcpyHostToDevice));
    fov_letterbox_params params;
    fov_cuda_grid        grid;
    fov_cuda_letterbox_launch(&box, images, (const fov_letterbox_image *)device, out, 3, &params, &grid);
    launch(letterbox_kernel::fov_letterbox_tiles, grid, params, false);
    CHECK(cudaStreamSynchronize(stream));
    CHECK(cudaMemcpy(now.data(), out, floats * sizeof *out, cudaMemcpyDeviceToHost));
    size_t differ = 0;
    for (int i = 0; i < images; i += 13) differ += differing(&box, &upright, &now[floats / images * i]);
    wrong += differ > 0;
    const float  us = microseconds([&] { launch(letterbox_kernel::fov_letterbox_tiles, grid, params, false); });
    const float  early = microseconds([&] { launch(letterbox_kernel::fov_letterbox_tiles, grid, params, true); });
    const double moved = ((double)width * height * 3 + (double)SIDE * SIDE * 12) * images;
    printf("letterbox %4d x %4d, orientation %d, batch %2d: %8.2f us (early launch %8.2f), %7.1f GB/s, %zu floats differ\n", width,
           height, orientation, images, us, early, moved / us * 1e-3, differ);
    fflush(stdout);
    CHECK(cudaFree(device));
    CHECK(cudaFree(out));
    CHECK(cudaFreeHost(host));
}

/* ---------------------------------------------------------------- faces */

/* Heads of an input of SIDE x SIDE. */
typedef struct heads {
    fov_settings  settings;
    fov_cuda_head host[FOV_MAX_LEVELS], device[FOV_MAX_LEVELS];
    size_t        floats[FOV_MAX_LEVELS][3];
} heads;

static heads heads_new(int images)
{
    heads h = {};
    h.settings = fov_settings_default();
    for (int k = 0; k < h.settings.n_level; k++) {
        const int side = SIDE / h.settings.level[k].stride, anchors = h.settings.level[k].n_anchor, width[3] = {2, 4, 10};
        float    *memory[3], *copy[3];
        for (int j = 0; j < 3; j++) {
            h.floats[k][j] = (size_t)images * side * side * anchors * width[j];
            memory[j] = (float *)calloc(h.floats[k][j], sizeof(float));
            copy[j] = (float *)device_memory(h.floats[k][j] * sizeof(float));
        }
        fov_cuda_head head = {{side, side, memory[0], memory[1], memory[2], 2 * anchors, 4 * anchors, 10 * anchors}};
        head.scores_image = (ptrdiff_t)h.floats[k][0] / images;
        head.boxes_image = (ptrdiff_t)h.floats[k][1] / images;
        head.landmarks_image = (ptrdiff_t)h.floats[k][2] / images;
        h.host[k] = h.device[k] = head;
        h.device[k].head.scores = copy[0];
        h.device[k].head.boxes = copy[1];
        h.device[k].head.landmarks = copy[2];
    }
    return h;
}

static void heads_free(heads *h)
{
    for (int k = 0; k < h->settings.n_level; k++) {
        const float *memory[3] = {h->host[k].head.scores, h->host[k].head.boxes, h->host[k].head.landmarks};
        const float *copy[3] = {h->device[k].head.scores, h->device[k].head.boxes, h->device[k].head.landmarks};
        for (int j = 0; j < 3; j++) {
            free((void *)memory[j]);
            CHECK(cudaFree((void *)copy[j]));
        }
    }
}

/* Scores that no face has, in all images. */
static void clear(heads *h)
{
    for (int k = 0; k < h->settings.n_level; k++)
        for (size_t i = 0; i < h->floats[k][0]; i++) ((float *)h->host[k].head.scores)[i] = i % 2 ? random_float(-7, -4) : 0.0F;
}

/* The anchors around a face that see it: each has a box and a score of its own. @return how many */
static int put_face(heads *h, int image, float x, float y, float side)
{
    int count = 0;
    for (int k = 0; k < h->settings.n_level; k++) {
        const fov_level     *level = &h->settings.level[k];
        const fov_cuda_head *c = &h->host[k];
        for (int a = 0; a < level->n_anchor; a++) {
            if (fabsf(logf(side / level->side[a])) > 0.5F) continue;
            for (int cell = 0; cell < c->head.rows * c->head.columns; cell++) {
                const float cx = (cell % c->head.columns + 0.5F) * level->stride,
                            cy = (cell / c->head.columns + 0.5F) * level->stride;
                if (fmaxf(fabsf(cx - x), fabsf(cy - y)) > 0.3F * side) continue;
                float *score = (float *)c->head.scores + image * c->scores_image + cell * c->head.scores_ld + 2 * a;
                float *box = (float *)c->head.boxes + image * c->boxes_image + cell * c->head.boxes_ld + 4 * a;
                score[1] = random_float(0.1F, 6);
                box[0] = (x - cx) / (h->settings.variance[0] * level->side[a]) + random_float(-0.3F, 0.3F);
                box[1] = (y - cy) / (h->settings.variance[0] * level->side[a]) + random_float(-0.3F, 0.3F);
                box[2] = box[3] = logf(side / level->side[a]) / h->settings.variance[1] + random_float(-0.2F, 0.2F);
                count++;
            }
        }
    }
    return count;
}

static bool same_faces(const heads *h, int image, const fov_mapping *mapping, const fov_detect_options *options,
                       const fov_faces *now)
{
    fov_error       err;
    fov_face_buffer buffer = {};
    fov_faces       expected;
    fov_head        head[FOV_MAX_LEVELS];
    for (int k = 0; k < h->settings.n_level; k++) {
        head[k] = h->host[k].head;
        head[k].scores += image * h->host[k].scores_image;
        head[k].boxes += image * h->host[k].boxes_image;
        head[k].landmarks += image * h->host[k].landmarks_image;
    }
    bool same = !fov_face_decode(&h->settings, head, mapping, options, &buffer, &expected, &err) && expected.count == now->count;
    for (size_t i = 0; same && i < expected.count; i++)
        for (int j = 0; j < FOV_FACES_FLOATS; j++) {
            const float a = ((const float *)&expected.face[i])[j], b = ((const float *)&now->face[i])[j];
            if (!(fabsf(a - b) <= 1e-4F * (1 + fabsf(a)))) same = false;
        }
    fov_face_buffer_clear(&buffer);
    return same;
}

static void faces_case(int faces_per_image, float least, float most, float threshold, int images)
{
    heads              h = heads_new(images);
    fov_detect_options options = fov_detect_options_default();
    fov_cuda_faces     faces;
    fov_error          err;
    fov_mapping        mapping[MOST_IMAGES];
    int                candidates = 0;
    clear(&h);
    options.score_threshold = threshold;
    for (int i = 0; i < images; i++) {
        mapping[i] = {{0, 107}, {1.6F, 1.6F}};
        for (int j = 0; j < faces_per_image; j++)
            candidates += put_face(&h, i, random_float(0, SIDE), random_float(0, SIDE), random_float(least, most));
    }
    for (int k = 0; k < h.settings.n_level; k++) {
        CHECK(cudaMemcpy((void *)h.device[k].head.scores, h.host[k].head.scores, h.floats[k][0] * 4, cudaMemcpyHostToDevice));
        CHECK(cudaMemcpy((void *)h.device[k].head.boxes, h.host[k].head.boxes, h.floats[k][1] * 4, cudaMemcpyHostToDevice));
        CHECK(cudaMemcpy((void *)h.device[k].head.landmarks, h.host[k].head.landmarks, h.floats[k][2] * 4, cudaMemcpyHostToDevice));
    }
    if (fov_cuda_faces_init(&faces, &h.settings, h.device, images, &options, &err)) wrong++;
    void *work = device_memory(faces.work_bytes), *result, *on_device = device_memory(sizeof mapping);
    CHECK(cudaMallocHost(&result, faces.result_bytes));
    CHECK(cudaMemset(work, 0, faces.zero_bytes));
    CHECK(cudaMemcpy(on_device, mapping, sizeof mapping, cudaMemcpyHostToDevice));
    fov_cuda_faces_place(&faces, work, result, (const fov_mapping *)on_device);
    const fov_cuda_grid collect = fov_cuda_faces_collect_grid(&faces), keep = fov_cuda_faces_keep_grid(&faces);
    const auto          run = [&](bool early) {
        launch(faces_kernel::fov_faces_collect, collect, faces.params, early);
        launch(faces_kernel::fov_faces_keep, keep, faces.params, early);
    };
    const float into_host = microseconds([&] { run(true); });
    CHECK(cudaStreamSynchronize(stream));
    int    differ = 0;
    size_t found = 0;
    for (int i = 0; i < images; i++) {
        fov_faces now;
        fov_cuda_faces_read(&faces, result, i, &now);
        differ += !same_faces(&h, i, &mapping[i], &options, &now);
        found += now.count;
    }
    wrong += differ > 0;
    void *result_on_device = device_memory(faces.result_bytes);
    fov_cuda_faces_place(&faces, work, result_on_device, (const fov_mapping *)on_device);
    const float    late = microseconds([&] { run(false); }), early = microseconds([&] { run(true); });
    fov_cuda_faces none = faces;
    none.params.threshold = 1;
    none.params.least = INFINITY;
    const float nothing = microseconds([&] {
        launch(faces_kernel::fov_faces_collect, collect, none.params, true);
        launch(faces_kernel::fov_faces_keep, keep, none.params, true);
    });
    const float collecting = microseconds([&] { launch(faces_kernel::fov_faces_collect, collect, none.params, false); });
    printf(
        "faces threshold %.2f, %6.1f likely anchors, %6.1f faces, batch %2d: %8.2f us (early launch %8.2f, into host memory %8.2f; "
        "no candidates %6.2f, collecting none %6.2f), %d images differ\n",
        threshold, (double)candidates / images, (double)found / images, images, late, early, into_host, nothing, collecting,
        differ);
    fflush(stdout);
    CHECK(cudaFree(work));
    CHECK(cudaFree(on_device));
    CHECK(cudaFree(result_on_device));
    CHECK(cudaFreeHost(result));
    heads_free(&h);
}

int main(int argc, char **argv)
{
    cudaDeviceProp properties;
    alarm(SECONDS); /* its signal ends the program: a kernel that hangs would keep it for ever */
    CHECK(cudaSetDevice(0));
    CHECK(cudaGetDeviceProperties(&properties, 0));
    printf("%s, %d multiprocessors\n", properties.name, properties.multiProcessorCount);
    CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    if (argc < 2 || !strcmp(argv[1], "letterbox")) {
        for (int images : {1, 8, 32}) letterbox_case(1024, 683, 1, images);
        for (int images : {1, 8}) letterbox_case(1023, 683, 6, images);
        for (int images : {1, 8}) letterbox_case(3840, 2160, 1, images);
        letterbox_case(320, 240, 3, 1);
    }
    if (argc < 2 || !strcmp(argv[1], "faces")) {
        for (int images : {1, 8, 32}) faces_case(4, 40, 200, 0.5F, images);
        for (int images : {1, 8, 32}) faces_case(20, 30, 100, 0.5F, images);
        for (int images : {1, 8, 32}) faces_case(100, 14, 60, 0.5F, images);
        for (int images : {1, 8}) faces_case(300, 12, 40, 0.02F, images);
        for (int images : {1, 8}) faces_case(300, 12, 40, 0, images);
    }
    printf(wrong ? "WRONG: %d cases\n" : "all right\n", wrong);
    return wrong > 0;
}
