// SPDX-License-Identifier: MIT
#include "backend/cuda/device.h"

#include "base/alloc.h"

#include <pthread.h>
#include <string.h>

typedef struct copy {
    const fov_cuda_device *device;
    void                  *address;
    struct copy           *next;
} copy;

typedef struct copies {
    pthread_mutex_t mutex;
    copy           *first; /* few: one for each GPU in use */
} copies;

/* Engines, whose constants these are, do not change; what is known of devices does. */
struct fov_cuda_constant {
    void   *host;
    size_t  bytes;
    copies *copies;
};

typedef struct whole {
    fov_cuda_constant constant;
    copies            copies;
} whole;

fov_status fov_cuda_constant_memory(size_t bytes, void **host, fov_error *err)
{
    *host = fov_alloc_aligned(bytes);
    if (!*host) return fov_fail_memory(err, "packed weights");
    memset(*host, 0, bytes);
    return FOV_OK;
}

fov_status fov_cuda_constant_new(void *host, size_t bytes, fov_cuda_constant **constant, fov_error *err)
{
    whole *w = fov_calloc(1, sizeof *w);
    *constant = NULL;
    if (!w) {
        fov_free_aligned(host);
        return fov_fail_memory(err, "a constant of the CUDA backend");
    }
    w->constant = (fov_cuda_constant){host, bytes, &w->copies};
    pthread_mutex_init(&w->copies.mutex, NULL);
    *constant = &w->constant;
    return FOV_OK;
}

static copy *find(const fov_cuda_constant *c, const fov_cuda_device *device)
{
    copy *at = c->copies->first;
    while (at && at->device != device) at = at->next;
    return at;
}

static fov_status fill(const fov_cuda_constant *c, copy *made, fov_error *err)
{
    fov_status st = fov_cuda_alloc(made->device, c->bytes, "weights", &made->address, err);
    if (!st) st = fov_cuda_upload(made->device, made->address, c->host, c->bytes, err);
    if (st) fov_cuda_free(made->device, made->address);
    return st;
}

static fov_status add_copy(const fov_cuda_constant *c, const fov_cuda_device *device, fov_error *err)
{
    copy *made = fov_calloc(1, sizeof *made);
    if (!made) return fov_fail_memory(err, "a constant of the CUDA backend");
    made->device = device;
    fov_status st = fill(c, made, err);
    if (st) {
        fov_free(made);
        return st;
    }
    made->next = c->copies->first;
    c->copies->first = made;
    return FOV_OK;
}

fov_status fov_cuda_constant_on(const fov_cuda_constant *c, const fov_cuda_device *device, const void **address, fov_error *err)
{
    fov_status st = FOV_OK;
    *address = NULL;
    pthread_mutex_lock(&c->copies->mutex);
    if (!find(c, device)) st = add_copy(c, device, err);
    if (!st) *address = find(c, device)->address;
    pthread_mutex_unlock(&c->copies->mutex);
    return st;
}

const void *fov_cuda_constant_host(const fov_cuda_constant *c)
{
    return c->host;
}

void fov_cuda_constant_free(fov_cuda_constant *c)
{
    if (!c) return;
    for (copy *at = c->copies->first, *next; at; at = next) {
        next = at->next;
        fov_cuda_free(at->device, at->address);
        fov_free(at);
    }
    pthread_mutex_destroy(&c->copies->mutex);
    fov_free_aligned(c->host);
    fov_free(c); /* the first member of a whole */
}
