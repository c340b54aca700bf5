// SPDX-License-Identifier: MIT
#include "model.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* An engine where it runs. */
typedef struct place {
    const char   *backend;
    int           device;
    fov_engine   *engine;
    struct place *next;
} place;

struct tri_model {
    char           *path;
    tri_settings    settings;
    pthread_mutex_t lock; /* of the places: Triton may open instances side by side */
    place          *places;
};

tri_model *tri_model_new(const char *path, const tri_settings *settings)
{
    tri_model *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->settings = *settings;
    if (!(m->path = strdup(path))) {
        free(m);
        return NULL;
    }
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void tri_model_free(tri_model *m)
{
    if (!m) return;
    for (place *p = m->places, *next; p; p = next) {
        next = p->next;
        fov_engine_free(p->engine);
        free(p);
    }
    pthread_mutex_destroy(&m->lock);
    free(m->path);
    free(m);
}

static fov_status no_memory(fov_error *err)
{
    snprintf(err->message, sizeof err->message, "no memory for an instance of the model");
    return err->code = FOV_ERR_MEMORY;
}

static fov_status open_place(tri_model *m, const char *backend, int device, const fov_engine **engine, fov_error *err)
{
    const fov_engine_options options = {.backend = backend, .device = device};
    place                   *p = m->places;
    while (p && (strcmp(p->backend, backend) != 0 || p->device != device)) p = p->next;
    if (!p) {
        if (!(p = calloc(1, sizeof *p))) return no_memory(err);
        const fov_status st = fov_engine_open(m->path, NULL, &options, &p->engine, err);
        if (st) {
            free(p);
            return st;
        }
        p->backend = backend;
        p->device = device;
        p->next = m->places;
        m->places = p;
    }
    *engine = p->engine;
    return FOV_OK;
}

fov_status tri_instance_open(tri_model *m, const char *backend, int device, tri_instance **instance, fov_error *err)
{
    tri_instance *in = *instance = calloc(1, sizeof *in);
    if (!in) return no_memory(err);
    pthread_mutex_lock(&m->lock);
    fov_status st = open_place(m, backend, device, &in->engine, err);
    pthread_mutex_unlock(&m->lock);
    if (!st) st = fov_detector_new(in->engine, &m->settings.detector, &in->detector, err);
    if (st) {
        free(in);
        *instance = NULL;
        return st;
    }
    in->settings = &m->settings;
    in->shares_passes = !strcmp(fov_engine_backend(in->engine), "cuda");
    return FOV_OK;
}

void tri_instance_close(tri_instance *in)
{
    if (!in) return;
    fov_detector_free(in->detector);
    free(in);
}
