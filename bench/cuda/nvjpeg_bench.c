// SPDX-License-Identifier: MIT
/* JPEG files decoded by nvJPEG, by each of its backends, and by libjpeg: how long it takes, and how far their pixels are apart.
 *
 * usage: nvjpeg_bench PHOTO.jpg...
 * It takes the decoder's file in, to choose backends that callers cannot. */
#include "backend/cuda/nvjpeg.c" /* NOLINT(bugprone-suspicious-include): as said above */

#include "base/clock.h"
#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SECONDS = 36, MOST = 32, ROUNDS = 10 };

extern const fov_codec fov_codec_jpeg;

typedef struct photo {
    fov_buffer      file;
    fov_encoded     in;
    fov_jpeg_header header;
    fov_photo       expected;
    unsigned char  *pixels; /* on the device */
    size_t          pitch;
} photo;

static fov_error err;

static void must(fov_status st)
{
    if (!st) return;
    printf("failed: %s\n", err.message);
    exit(1);
}

static void load(const fov_nvjpeg *d, const char *path, photo *p)
{
    int orientation;
    must(fov_file_read(path, 1 << 28, &p->file, &err));
    p->in = (fov_encoded){p->file.data, p->file.size, path};
    must(fov_nvjpeg_look(d, &p->in, NULL, &p->header, &err));
    must(fov_codec_jpeg.decode(&p->in, NULL, &p->expected, &orientation, &err));
    p->pitch = fov_nvjpeg_pitch(&p->header);
    void *memory;
    must(fov_cuda_alloc(d->device, p->pitch * (size_t)p->header.height, "a photo", &memory, &err));
    p->pixels = memory;
}

static void time_libjpeg(const photo *photos, int count)
{
    double best = 1e9;
    for (int round = 0; round < 3; round++) {
        const double start = fov_clock_s();
        for (int i = 0; i < count; i++) {
            fov_photo other = {0};
            int       orientation;
            must(fov_codec_jpeg.decode(&photos[i].in, NULL, &other, &orientation, &err));
            fov_free_aligned(other.pixels);
        }
        const double took = fov_clock_s() - start;
        if (took < best) best = took;
    }
    printf("libjpeg, one thread: %.1f us a photo\n", best / count * 1e6);
}

static void compare(const fov_nvjpeg *d, const photo *photos, int count)
{
    double sum = 0, samples = 0;
    int    most = 0;
    for (int i = 0; i < count; i++) {
        const photo   *p = &photos[i];
        const size_t   bytes = p->pitch * (size_t)p->header.height, row = 3 * (size_t)p->header.width;
        unsigned char *now = malloc(bytes);
        must(fov_cuda_download(d->device, now, p->pixels, bytes, &err));
        for (int y = 0; y < p->header.height; y++)
            for (size_t x = 0; x < row; x++) {
                const int differ = abs(now[(size_t)y * p->pitch + x] - p->expected.pixels[(size_t)y * row + x]);
                sum += differ;
                most = differ > most ? differ : most;
            }
        samples += (double)row * p->header.height;
        free(now);
    }
    printf("    against libjpeg: mean difference %.4f, largest %d\n", sum / samples, most);
}

static void time_batches(fov_nvjpeg *d, const char *name, const photo *photos, int count, int batch)
{
    fov_nvjpeg_picture picture[MOST];
    double             best = 1e9, host = 0;
    int                decoded = 0;
    CUstream           stream;
    d->device->driver->StreamCreate(&stream, CU_STREAM_NON_BLOCKING);
    for (int i = 0; i < batch; i++) {
        const photo *p = &photos[i % count];
        picture[i] = (fov_nvjpeg_picture){&p->in, &p->header, p->pixels, p->pitch, false};
    }
    for (int round = 0; round < ROUNDS; round++) {
        const double start = fov_clock_s();
        must(fov_nvjpeg_decode(d, picture, (size_t)batch, stream, &err));
        const double returned = fov_clock_s() - start;
        d->device->driver->StreamSynchronize(stream);
        const double took = fov_clock_s() - start;
        if (took < best) {
            best = took;
            host = returned;
        }
    }
    for (int i = 0; i < batch; i++) decoded += picture[i].decoded;
    printf("%-12s batch %2d: %8.1f us a photo, of which %8.1f until the call returned; %d decoded\n", name, batch,
           best / batch * 1e6, host / batch * 1e6, decoded);
    d->device->driver->StreamDestroy(stream);
}

static void with_backend(fov_nvjpeg *d, int backend, const char *name, const photo *photos, int count)
{
    close_engine(d->lib, &d->many);
    d->initialised = 0;
    const int result = open_engine(d->lib, backend, &d->many);
    printf("%s: status %d\n", name, result);
    if (result) return;
    for (int batch = 2; batch <= MOST; batch *= 4) time_batches(d, name, photos, count, batch);
    compare(d, photos, count);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    static photo           photos[MOST];
    const fov_cuda_device *device;
    fov_nvjpeg            *d;
    const int              count = argc - 1 < MOST ? argc - 1 : MOST;
    if (count < 1) {
        fprintf(stderr, "usage: nvjpeg_bench PHOTO.jpg...\n");
        return 2;
    }
    alarm(SECONDS);
    must(fov_cuda_device_open(0, &device, &err));
    const double start = fov_clock_s();
    must(fov_nvjpeg_new(device, &d, &err));
    printf("%s, nvJPEG started in %.0f ms\n", device->name, (fov_clock_s() - start) * 1e3);
    for (int i = 0; i < count; i++) load(d, argv[i + 1], &photos[i]);
    printf("%d photos, the first %d x %d\n", count, photos[0].header.width, photos[0].header.height);
    time_libjpeg(photos, count);
    for (int i = 0; i < count; i++) time_batches(d, "single", &photos[i], 1, 1);
    compare(d, photos, count);
    with_backend(d, FOV_NVJPEG_BACKEND_HARDWARE, "hardware", photos, count);
    with_backend(d, FOV_NVJPEG_BACKEND_GPU_HYBRID, "GPU hybrid", photos, count);
    with_backend(d, FOV_NVJPEG_BACKEND_DEFAULT, "default", photos, count);
    return 0;
}
