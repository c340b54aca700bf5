// SPDX-License-Identifier: MIT
#include "backend/cuda/decoder.h"

#include "backend/cuda/nvjpeg.h"
#include "base/alloc.h"

struct fov_decoder {
    const fov_cuda_device *device;
    fov_nvjpeg            *nvjpeg;
    CUstream               stream;
};

void fov_decoder_close(fov_decoder *d)
{
    if (!d) return;
    fov_nvjpeg_free(d->nvjpeg);
    if (d->stream && !fov_cuda_device_use(d->device, NULL)) d->device->driver->StreamDestroy(d->stream);
    fov_free(d);
}

static fov_status open_all(fov_decoder *d, int device, fov_error *err)
{
    fov_status st = fov_cuda_device_open(device, &d->device, err);
    if (!st) st = fov_nvjpeg_new(d->device, &d->nvjpeg, err);
    if (!st && !fov_nvjpeg_has_hardware(d->nvjpeg))
        st = fov_fail(err, FOV_ERR_DEVICE, "GPU %d (%s): no decoder of JPEGs beside the multiprocessors, which are no faster than libjpeg",
                      device, d->device->name);
    const fov_cuda_driver *driver = st ? NULL : d->device->driver;
    return st ? st : fov_cuda_check(driver, driver->StreamCreate(&d->stream, CU_STREAM_NON_BLOCKING), err, "a stream");
}

fov_status fov_decoder_open(int device, fov_decoder **out, fov_error *err)
{
    fov_decoder *d = fov_calloc(1, sizeof *d);
    *out = NULL;
    if (!d) return fov_fail_memory(err, "a JPEG decoder");
    fov_status st = open_all(d, device, err);
    if (st) fov_decoder_close(d);
    else *out = d;
    return st;
}

void fov_decoder_release(fov_decoder *d, fov_remote_picture *picture)
{
    fov_cuda_free(d->device, picture->memory);
    picture->memory = NULL;
    picture->bytes = 0;
}

/* Grows only: photos of a folder are much alike, and freeing device memory waits for all streams. */
static fov_status reserve(fov_decoder *d, fov_remote_picture *p, fov_error *err)
{
    const size_t bytes = fov_nvjpeg_pitch(p->header) * (size_t)p->header->height;
    if (bytes <= p->bytes) return FOV_OK;
    fov_decoder_release(d, p);
    fov_status st = fov_cuda_alloc(d->device, bytes, "decoded photos", &p->memory, err);
    if (!st) p->bytes = bytes;
    return st;
}

/* A picture that nvJPEG does not take, or has no memory for, is left out. */
static size_t choose(fov_decoder *d, fov_remote_picture *picture, size_t count, fov_nvjpeg_picture *chosen, size_t *index)
{
    size_t taken = 0;
    for (size_t i = 0; i < count; i++) {
        fov_remote_picture *p = &picture[i];
        fov_jpeg_header     header;
        p->decoded = false;
        if (fov_nvjpeg_look(d->nvjpeg, p->in, p->options, &header, NULL) || reserve(d, p, NULL)) continue;
        chosen[taken] = (fov_nvjpeg_picture){p->in, p->header, p->memory, fov_nvjpeg_pitch(p->header), false};
        index[taken++] = i;
    }
    return taken;
}

fov_status fov_decoder_decode(fov_decoder *d, fov_remote_picture *picture, size_t count, fov_error *err)
{
    fov_nvjpeg_picture     chosen[FOV_DECODER_BATCH];
    size_t                 index[FOV_DECODER_BATCH];
    const fov_cuda_driver *driver = d->device->driver;
    const size_t           taken = choose(d, picture, count, chosen, index);
    fov_status             st = fov_nvjpeg_decode(d->nvjpeg, chosen, taken, d->stream, err);
    const fov_status       ended = fov_cuda_check(driver, driver->StreamSynchronize(d->stream), err, "GPU %d (%s): decoding JPEGs",
                                                  d->device->index, d->device->name);
    if (!st) st = ended;
    for (size_t i = 0; i < taken && !st; i++) {
        fov_remote_picture *p = &picture[index[i]];
        p->decoded = chosen[i].decoded;
        p->image = (fov_image){p->memory, p->header->width, p->header->height, (ptrdiff_t)chosen[i].pitch, FOV_RGB8};
    }
    return st;
}
