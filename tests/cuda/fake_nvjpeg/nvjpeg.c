// SPDX-License-Identifier: MIT
/* Stands in for nvJPEG: decodes by libjpeg into the fake driver's memory, which is the host's. FAKE_NVJPEG in the environment says
 * what goes wrong: no_start, no_memory, no_flags, no_hardware, no_batches (neither hardware nor another), bad_batch, bad,
 * other_size. */
#include "backend/cuda/nvjpeg_api.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

/* Tells its batches and single pictures, for tests to read. */
EXPORT int fake_nvjpeg_batched, fake_nvjpeg_single;

struct nvjpegHandle {
    int backend;
};
struct nvjpegJpegState {
    int batch;
};

static bool goes_wrong(const char *how)
{
    const char *said = getenv("FAKE_NVJPEG");
    return said && !strcmp(said, how);
}

static bool is_absent(int backend)
{
    if (backend == FOV_NVJPEG_BACKEND_HARDWARE) return goes_wrong("no_hardware") || goes_wrong("no_batches");
    return backend == FOV_NVJPEG_BACKEND_GPU_HYBRID && goes_wrong("no_batches");
}

#define CALL(name, parameters) EXPORT int nvjpeg##name parameters;
FOV_NVJPEG_CALLS(CALL)
#undef CALL

int nvjpegCreateEx(int backend, void *device_allocator, void *pinned_allocator, unsigned flags, fov_nvjpeg_handle *handle)
{
    (void)device_allocator, (void)pinned_allocator;
    if (goes_wrong("no_start") || is_absent(backend)) return FOV_NVJPEG_IMPLEMENTATION_NOT_SUPPORTED;
    if (goes_wrong("no_memory")) return FOV_NVJPEG_ALLOCATOR_FAILURE;
    if (goes_wrong("no_flags") && flags) return 2;
    *handle = malloc(sizeof **handle);
    if (!*handle) return FOV_NVJPEG_ALLOCATOR_FAILURE;
    (*handle)->backend = backend;
    return 0;
}

int nvjpegDestroy(fov_nvjpeg_handle handle)
{
    free(handle);
    return 0;
}

int nvjpegJpegStateCreate(fov_nvjpeg_handle handle, fov_nvjpeg_state *state)
{
    (void)handle;
    *state = calloc(1, sizeof **state);
    return 0;
}

int nvjpegJpegStateDestroy(fov_nvjpeg_state state)
{
    free(state);
    return 0;
}

/* ---------------------------------------------------------------- by libjpeg */

typedef struct reader {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr         error;
    jmp_buf                       escape;
} reader;

static void fail(j_common_ptr common)
{
    longjmp(((reader *)common->client_data)->escape, 1);
}

static void say_nothing(j_common_ptr common)
{
    (void)common;
}

static void start(reader *r, const unsigned char *data, size_t size)
{
    r->info.err = jpeg_std_error(&r->error);
    r->error.error_exit = fail;
    r->error.output_message = say_nothing;
    jpeg_create_decompress(&r->info);
    r->info.client_data = r;
    jpeg_mem_src(&r->info, data, size);
    jpeg_read_header(&r->info, TRUE);
}

int nvjpegGetImageInfo(fov_nvjpeg_handle handle, const unsigned char *data, size_t size, int *components, int *subsampling,
                       int *widths, int *heights)
{
    reader r;
    (void)handle;
    if (!setjmp(r.escape)) {
        start(&r, data, size);
        *components = r.info.num_components;
        *subsampling = 0;
        widths[0] = (int)r.info.image_width + goes_wrong("other_size");
        heights[0] = (int)r.info.image_height;
        jpeg_destroy_decompress(&r.info);
        return 0;
    }
    jpeg_destroy_decompress(&r.info);
    return FOV_NVJPEG_BAD_JPEG;
}

static int decode(const unsigned char *data, size_t size, const fov_nvjpeg_image *image)
{
    reader       r;
    volatile int result = FOV_NVJPEG_BAD_JPEG;
    if (!setjmp(r.escape)) {
        start(&r, data, size);
        r.info.out_color_space = JCS_RGB;
        jpeg_start_decompress(&r.info);
        while (r.info.output_scanline < r.info.output_height) {
            JSAMPROW row = image->channel[0] + image->pitch[0] * r.info.output_scanline;
            jpeg_read_scanlines(&r.info, &row, 1);
        }
        if (!r.error.num_warnings) result = 0;
    }
    jpeg_destroy_decompress(&r.info);
    return result;
}

int nvjpegDecode(fov_nvjpeg_handle handle, fov_nvjpeg_state state, const unsigned char *data, size_t size, int format,
                 fov_nvjpeg_image *image, fov_nvjpeg_stream stream)
{
    (void)handle, (void)state, (void)stream;
    if (format != FOV_NVJPEG_RGBI || goes_wrong("bad")) return FOV_NVJPEG_BAD_JPEG;
    fake_nvjpeg_single++;
    return decode(data, size, image);
}

int nvjpegDecodeBatchedInitialize(fov_nvjpeg_handle handle, fov_nvjpeg_state state, int count, int threads, int format)
{
    (void)handle;
    state->batch = count;
    return format == FOV_NVJPEG_RGBI && threads > 0 ? 0 : 2;
}

int nvjpegDecodeBatched(fov_nvjpeg_handle handle, fov_nvjpeg_state state, const unsigned char *const *data, const size_t *size,
                        fov_nvjpeg_image *image, fov_nvjpeg_stream stream)
{
    (void)handle, (void)stream;
    if (goes_wrong("bad_batch") || goes_wrong("bad")) return FOV_NVJPEG_NOT_SUPPORTED;
    for (int i = 0; i < state->batch; i++) {
        const int result = decode(data[i], size[i], &image[i]);
        if (result) return result;
    }
    fake_nvjpeg_batched += state->batch;
    return 0;
}
