// SPDX-License-Identifier: MIT
#include "backend/cuda/nvjpeg.h"

#include "backend/cuda/nvjpeg_api.h"
#include "base/alloc.h"

#include <dlfcn.h>
#include <pthread.h>

enum { PITCH_ALIGNMENT = 16, MAX_BATCH = 64 };

/* ---------------------------------------------------------------- the library */

/* Those versions whose functions are the same. */
static const char *const names[] = {"libnvjpeg.so.13", "libnvjpeg.so.12"};

typedef struct library {
#define CALL(name, parameters) int(*name) parameters;
    FOV_NVJPEG_CALLS(CALL)
#undef CALL
    void *handle;
} library;

/* Never closed again: other decoders may use it, and CUDA does not like to be unloaded. */
static bool open_library(library *lib)
{
    bool complete = true;
    for (size_t i = 0; i < sizeof names / sizeof *names && !lib->handle; i++) lib->handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    if (!lib->handle) return false;
#define CALL(name, parameters) complete &= (*(void **)&lib->name = dlsym(lib->handle, "nvjpeg" #name)) != NULL;
    FOV_NVJPEG_CALLS(CALL)
#undef CALL
    return complete;
}

static const library *the_library(fov_error *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static library         lib;
    static bool            complete;

    pthread_mutex_lock(&mutex);
    if (!complete) complete = open_library(&lib);
    pthread_mutex_unlock(&mutex);
    if (complete) return &lib;
    fov_fail(err, FOV_ERR_DEVICE,
             lib.handle ? "nvJPEG: the library lacks functions; install that of CUDA 12 or 13"
                        : "nvJPEG: neither %s nor %s is here: install CUDA's libnvjpeg, or have photos decoded by the processor",
             names[0], names[1]);
    return NULL;
}

/* ---------------------------------------------------------------- a decoder */

/* A backend of nvJPEG with a state of its own. */
typedef struct engine {
    fov_nvjpeg_handle handle;
    fov_nvjpeg_state  state;
} engine;

struct fov_nvjpeg {
    const fov_cuda_device *device;
    const library         *lib;
    engine                 one;         /* a picture at a time, of any kind */
    engine                 many;        /* batches; the decoders beside the multiprocessors where there are some. May be absent */
    bool                   hardware;    /* of `many` */
    int                    initialised; /* batch that `many` is ready for */
    CUevent                done;        /* with the last call's pictures */
};

static void close_engine(const library *lib, engine *e)
{
    if (e->state) lib->JpegStateDestroy(e->state);
    if (e->handle) lib->Destroy(e->handle);
    *e = (engine){0};
}

/* Versions that do not know a flag refuse them all. */
static int open_engine(const library *lib, int backend, engine *e)
{
    int result = lib->CreateEx(backend, NULL, NULL, FOV_NVJPEG_STRICT | FOV_NVJPEG_INTERPOLATE, &e->handle);
    if (result) result = lib->CreateEx(backend, NULL, NULL, 0, &e->handle);
    if (result) e->handle = NULL;
    else result = lib->JpegStateCreate(e->handle, &e->state);
    if (result) close_engine(lib, e);
    return result;
}

static fov_status open_engines(fov_nvjpeg *d, fov_error *err)
{
    const int result = open_engine(d->lib, FOV_NVJPEG_BACKEND_DEFAULT, &d->one);
    if (result == FOV_NVJPEG_ALLOCATOR_FAILURE)
        return fov_fail(err, FOV_ERR_MEMORY, "GPU %d (%s): no memory for nvJPEG", d->device->index, d->device->name);
    if (result)
        return fov_fail(
            err, FOV_ERR_DEVICE,
            "GPU %d (%s): nvJPEG cannot be started (status %d): have photos decoded by the processor, or see that driver "
            "and CUDA libraries fit each other",
            d->device->index, d->device->name, result);
    d->hardware = !open_engine(d->lib, FOV_NVJPEG_BACKEND_HARDWARE, &d->many);
    if (!d->hardware) open_engine(d->lib, FOV_NVJPEG_BACKEND_GPU_HYBRID, &d->many);
    return fov_cuda_check(d->device->driver, d->device->driver->EventCreate(&d->done, CU_EVENT_DISABLE_TIMING), err,
                          "GPU %d (%s): an event for nvJPEG", d->device->index, d->device->name);
}

fov_status fov_nvjpeg_new(const fov_cuda_device *device, fov_nvjpeg **out, fov_error *err)
{
    *out = NULL;
    const library *lib = the_library(err);
    if (!lib) return FOV_ERR_DEVICE;
    fov_status st = fov_cuda_device_use(device, err);
    if (st) return st;
    fov_nvjpeg *d = fov_calloc(1, sizeof *d);
    if (!d) return fov_fail_memory(err, "a JPEG decoder");
    d->device = device;
    d->lib = lib;
    if ((st = open_engines(d, err))) {
        fov_nvjpeg_free(d);
        return st;
    }
    *out = d;
    return FOV_OK;
}

void fov_nvjpeg_free(fov_nvjpeg *d)
{
    if (!d) return;
    if (!fov_cuda_device_use(d->device, NULL)) {
        if (d->done) {
            d->device->driver->EventSynchronize(d->done);
            d->device->driver->EventDestroy(d->done);
        }
        close_engine(d->lib, &d->many);
        close_engine(d->lib, &d->one);
    }
    fov_free(d);
}

bool fov_nvjpeg_has_hardware(const fov_nvjpeg *d)
{
    return d->hardware;
}

/* ---------------------------------------------------------------- looking */

size_t fov_nvjpeg_pitch(const fov_jpeg_header *header)
{
    return (3 * (size_t)header->width + PITCH_ALIGNMENT - 1) / PITCH_ALIGNMENT * PITCH_ALIGNMENT;
}

/* Where nvJPEG sees another picture than we do, one of us is being led astray. */
static bool agrees(const fov_nvjpeg *d, const fov_encoded *in, const fov_jpeg_header *header)
{
    int components = 0, subsampling = FOV_NVJPEG_SUBSAMPLING_UNKNOWN, width[FOV_NVJPEG_COMPONENTS] = {0},
        height[FOV_NVJPEG_COMPONENTS] = {0};
    if (d->lib->GetImageInfo(d->one.handle, in->data, in->size, &components, &subsampling, width, height)) return false;
    return subsampling != FOV_NVJPEG_SUBSAMPLING_UNKNOWN && components == header->components && width[0] == header->width &&
           height[0] == header->height;
}

fov_status fov_nvjpeg_look(const fov_nvjpeg *d, const fov_encoded *in, const fov_photo_options *options, fov_jpeg_header *header,
                           fov_error *err)
{
    fov_status st = fov_jpeg_header_read(in, header, err);
    if (!st) st = fov_photo_check_limits(header->width, header->height, options, in->name, err);
    if (st) return st;
    if (!agrees(d, in, header))
        return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: a JPEG that nvJPEG does not take, which is left to libjpeg", in->name);
    return FOV_OK;
}

/* ---------------------------------------------------------------- decoding */

static fov_nvjpeg_image image_of(const fov_nvjpeg_picture *p)
{
    return (fov_nvjpeg_image){.channel = {p->pixels}, .pitch = {p->pitch}};
}

static void decode_one(const fov_nvjpeg *d, fov_nvjpeg_picture *p, CUstream stream)
{
    fov_nvjpeg_image image = image_of(p);
    p->decoded = !d->lib->Decode(d->one.handle, d->one.state, p->in->data, p->in->size, FOV_NVJPEG_RGBI, &image, stream);
}

/* What the hardware takes. */
static bool is_simple(const fov_nvjpeg_picture *p)
{
    return p->header->baseline && p->header->scans == 1;
}

/* All or none of up to MAX_BATCH pictures. */
static bool decode_batch(fov_nvjpeg *d, fov_nvjpeg_picture *const *picture, int count, CUstream stream)
{
    const unsigned char *data[MAX_BATCH];
    size_t               size[MAX_BATCH];
    fov_nvjpeg_image     image[MAX_BATCH];
    if (!d->many.handle) return false;
    for (int i = 0; i < count; i++) {
        data[i] = picture[i]->in->data;
        size[i] = picture[i]->in->size;
        image[i] = image_of(picture[i]);
    }
    if (d->initialised != count) {
        d->initialised = 0;
        if (d->lib->DecodeBatchedInitialize(d->many.handle, d->many.state, count, 1, FOV_NVJPEG_RGBI)) return false;
        d->initialised = count;
    }
    if (d->lib->DecodeBatched(d->many.handle, d->many.state, data, size, image, stream)) return false;
    for (int i = 0; i < count; i++) picture[i]->decoded = true;
    return true;
}

static void decode_simple(fov_nvjpeg *d, fov_nvjpeg_picture *picture, size_t count, CUstream stream)
{
    fov_nvjpeg_picture *batch[MAX_BATCH];
    int                 in_batch = 0;
    for (size_t i = 0; i < count; i++)
        if (is_simple(&picture[i])) batch[in_batch++] = &picture[i];
    if (in_batch > 1) decode_batch(d, batch, in_batch, stream);
}

fov_status fov_nvjpeg_decode(fov_nvjpeg *d, fov_nvjpeg_picture *picture, size_t count, CUstream stream, fov_error *err)
{
    const fov_cuda_driver *driver = d->device->driver;
    fov_status             st = fov_cuda_device_use(d->device, err);
    for (size_t i = 0; i < count; i++) picture[i].decoded = false;
    for (size_t first = 0; first < count && !st; first += MAX_BATCH) {
        const size_t some = count - first < MAX_BATCH ? count - first : MAX_BATCH;
        st = fov_cuda_check(driver, driver->EventSynchronize(d->done), err, "GPU %d (%s): decoding JPEGs", d->device->index,
                            d->device->name);
        if (st) break;
        decode_simple(d, picture + first, some, stream);
        for (size_t i = first; i < first + some; i++)
            if (!picture[i].decoded) decode_one(d, &picture[i], stream);
        st = fov_cuda_check(driver, driver->EventRecord(d->done, stream), err, "GPU %d (%s): decoding JPEGs", d->device->index,
                            d->device->name);
    }
    return st;
}
