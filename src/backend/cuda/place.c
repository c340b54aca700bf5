// SPDX-License-Identifier: MIT
#include "backend/cuda/place.h"

#include "backend/cuda/decoder.h"
#include "backend/cuda/program.h"
#include "backend/cuda/staging.h"
#include "base/alloc.h"

#include <stdio.h>

static fov_status check(int device, fov_error *err)
{
    const fov_cuda_device *opened;
    return fov_cuda_device_open(device, &opened, err);
}

static fov_status name_device(int device, char *name, size_t bytes, fov_error *err)
{
    const fov_cuda_device *opened;
    fov_status             st = fov_cuda_device_open(device, &opened, err);
    if (bytes) snprintf(name, bytes, "%s", st ? "" : opened->name);
    return st;
}

static void close_place(fov_place *place)
{
    if (!place) return;
    const fov_cuda_driver *driver = place->device->driver;
    fov_cuda_device_use(place->device, NULL);
    fov_cuda_staging_clear(place);
    if (place->stream) driver->StreamDestroy(place->stream);
    if (place->start) driver->EventDestroy(place->start);
    if (place->end) driver->EventDestroy(place->end);
    fov_free(place);
}

static fov_status open_stream(fov_place *place, fov_error *err)
{
    const fov_cuda_driver *driver = place->device->driver;
    fov_status             st = fov_cuda_device_use(place->device, err);
    if (!st) st = fov_cuda_check(driver, driver->StreamCreate(&place->stream, CU_STREAM_NON_BLOCKING), err, "a stream");
    if (!st) st = fov_cuda_check(driver, driver->EventCreate(&place->start, CU_EVENT_DEFAULT), err, "an event");
    return st ? st : fov_cuda_check(driver, driver->EventCreate(&place->end, CU_EVENT_DEFAULT), err, "an event");
}

static fov_status open_place(int device, fov_place **out, fov_error *err)
{
    fov_place *place = fov_calloc(1, sizeof *place);
    *out = NULL;
    if (!place) return fov_fail_memory(err, "a place on a GPU");
    fov_status st = fov_cuda_device_open(device, &place->device, err);
    if (st) {
        fov_free(place);
        return st;
    }
    if ((st = open_stream(place, err))) close_place(place);
    else *out = place;
    return st;
}

static fov_status configure(fov_place *place, const fov_place_options *options, fov_error *err)
{
    const fov_cuda_device *d = place->device;
    if (options->tf32 && d->capability < FOV_CUDA_TF32_CAPABILITY)
        return fov_fail(err, FOV_ERR_DEVICE, "GPU %d (%s) has capability %d.%d, and TF32 came with 8.0: leave it out, or use FP16",
                        d->index, d->name, d->capability / 10, d->capability % 10);
    place->options = *options;
    return FOV_OK;
}

static fov_status alloc(fov_place *place, size_t bytes, void **memory, fov_error *err)
{
    return fov_cuda_alloc(place->device, bytes, "activations", memory, err);
}

static void free_memory(fov_place *place, void *memory)
{
    fov_cuda_free(place->device, memory);
}

static fov_status upload(fov_place *place, void *to, const void *from, size_t bytes, fov_error *err)
{
    return fov_cuda_upload(place->device, to, from, bytes, err);
}

static fov_status download(fov_place *place, void *to, const void *from, size_t bytes, fov_error *err)
{
    return fov_cuda_download(place->device, to, from, bytes, err);
}

const fov_remote fov_cuda_remote = {
    .check = check,
    .name = name_device,
    .open = open_place,
    .close = close_place,
    .configure = configure,
    .alloc = alloc,
    .free = free_memory,
    .upload = upload,
    .download = download,
    .compile = fov_program_compile,
    .run = fov_program_run,
    .compile_faces = fov_program_compile_faces,
    .start = fov_program_start,
    .finish = fov_program_finish,
    .open_decoder = fov_decoder_open,
    .close_decoder = fov_decoder_close,
    .decode = fov_decoder_decode,
    .release_picture = fov_decoder_release,
    .release = fov_program_free,
};
