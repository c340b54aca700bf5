// SPDX-License-Identifier: MIT
#include "backend/cuda/staging.h"

enum { ALIGNMENT = 64, LEAST_BYTES = 4 << 20 };

size_t fov_cuda_staging_rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* Half as much again: pinning memory takes milliseconds, and photos of a folder differ. */
static size_t with_room(size_t bytes)
{
    const size_t more = bytes + bytes / 2;
    return more < LEAST_BYTES ? LEAST_BYTES : more;
}

static void clear_block(fov_place *place)
{
    fov_cuda_free_pinned(place->device, place->staging.host);
    fov_cuda_free(place->device, place->staging.device);
    place->staging = (fov_cuda_staging){0};
}

fov_status fov_cuda_staging_reserve(fov_place *place, size_t bytes, fov_error *err)
{
    fov_cuda_staging *s = &place->staging;
    void             *host, *device;
    s->sent = 0;
    if (bytes <= s->bytes) return FOV_OK;
    clear_block(place);
    const size_t larger = with_room(bytes);
    fov_status   st = fov_cuda_alloc_pinned(place->device, larger, "photos", &host, err);
    s->host = host;
    if (st) return st;
    if ((st = fov_cuda_alloc(place->device, larger, "photos", &device, err))) {
        clear_block(place);
        return st;
    }
    s->device = device;
    s->bytes = larger;
    return FOV_OK;
}

fov_status fov_cuda_staging_send(fov_place *place, size_t end, fov_error *err)
{
    const fov_cuda_driver *driver = place->device->driver;
    fov_cuda_staging      *s = &place->staging;
    if (end <= s->sent) return FOV_OK;
    fov_status st = fov_cuda_check(
        driver,
        driver->MemcpyHtoDAsync((CUdeviceptr)(uintptr_t)(s->device + s->sent), s->host + s->sent, end - s->sent, place->stream), err,
        "GPU %d (%s): copy of %zu bytes to it", place->device->index, place->device->name, end - s->sent);
    s->sent = end;
    return st;
}

fov_status fov_cuda_result_reserve(fov_place *place, size_t bytes, fov_error *err)
{
    if (bytes <= place->result_bytes) return FOV_OK;
    fov_cuda_free_pinned(place->device, place->result);
    place->result_bytes = 0;
    fov_status st = fov_cuda_alloc_pinned(place->device, bytes, "faces", &place->result, err);
    if (!st) place->result_bytes = bytes;
    return st;
}

void fov_cuda_staging_clear(fov_place *place)
{
    clear_block(place);
    fov_cuda_free_pinned(place->device, place->result);
    place->result = NULL;
    place->result_bytes = 0;
}
