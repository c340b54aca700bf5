// SPDX-License-Identifier: MIT
#include "engines.h"

#include "heap.h"
#include "json_in.h"
#include "json_read.h"
#include "json_text.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_WIDTH = 640, WARM_HEIGHT = 480 };

/* An engine on one device, and its detectors. */
typedef struct place {
    fov_engine    *engine;
    fov_detector **idle; /* a stack: the last one used has its memory in the caches */
    size_t         n_idle, capacity, lent;
    fov_detector  *wide; /* NULL: lent, or not made yet */
    bool           wide_lent;
} place;

struct srv_engines {
    const srv_config    *config;
    fov_detector_options narrow, wide;
    pthread_mutex_t      lock; /* of the places */
    place               *place;
    size_t               places;
};

static fov_status no_memory(fov_error *err)
{
    err->code = FOV_ERR_MEMORY;
    snprintf(err->message, sizeof err->message, "no memory for a model");
    return FOV_ERR_MEMORY;
}

/* ---------------------------------------------------------------- life */

static void place_clear(place *p)
{
    for (size_t i = 0; i < p->n_idle; i++) fov_detector_free(p->idle[i]);
    fov_detector_free(p->wide);
    fov_engine_free(p->engine);
    free(p->idle);
}

void srv_engines_free(srv_engines *e)
{
    if (!e) return;
    for (size_t i = 0; i < e->places; i++) place_clear(e->place + i);
    pthread_mutex_destroy(&e->lock);
    free(e->place);
    free(e);
    srv_heap_give_back();
}

/* As fov_engine_open() does with a file. */
static fov_status open_engine(const srv_model_source *source, const void *bytes, const fov_model_options *model_options,
                              const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    fov_model *model = NULL;
    if (source->fd < 0) return fov_engine_open("default", model_options, options, engine, err);
    if (srv_is_engine(bytes, source->bytes))
        return fov_engine_load_memory(bytes, source->bytes, source->path, options, engine, err);
    fov_status st = fov_model_load_memory(bytes, source->bytes, source->path, model_options, &model, err);
    if (!st) st = fov_engine_build(model, options, engine, err);
    fov_model_free(model);
    return st;
}

static fov_status open_places(srv_engines *e, const srv_model_source *source, fov_error *err)
{
    const srv_config *config = e->config;
    fov_status        st = FOV_OK;
    const void       *bytes = srv_model_source_map(source);
    if (!bytes) return no_memory(err);
    fov_model_options model_options = config->model;
    model_options.settings = source->settings;
    for (; e->places < (config->n_device ? config->n_device : 1) && !st; e->places += !st) {
        fov_engine_options options = config->engine;
        if (config->n_device) options.device = config->devices[e->places];
        st = open_engine(source, bytes, &model_options, &options, &e->place[e->places].engine, err);
    }
    srv_model_source_unmap(source, bytes);
    return st;
}

/* What is made once, such as what a GPU needs, is made before the model counts as ready, and what cannot run is not. The first
 * photo is alone, so it gets the wide detector. */
static fov_status warm_up(srv_engines *e, fov_error *err)
{
    fov_status st = FOV_OK;
    for (size_t i = 0; i < e->places && !st; i++) {
        place *p = e->place + i;
        st = fov_detector_new(p->engine, &e->wide, &p->wide, err);
        if (!st) st = fov_detector_prepare(p->wide, WARM_WIDTH, WARM_HEIGHT, &e->config->detect, err);
    }
    return st;
}

fov_status srv_engines_open(const srv_model_source *source, const srv_config *config, srv_engines **engines, fov_error *err)
{
    *engines = NULL;
    srv_engines *e = calloc(1, sizeof *e);
    place       *first = calloc(config->n_device ? config->n_device : 1, sizeof *first);
    if (!e || !first) {
        free(e);
        free(first);
        return no_memory(err);
    }
    pthread_mutex_init(&e->lock, NULL);
    e->config = config;
    e->place = first;
    e->narrow = (fov_detector_options){.threads = 1, .tune_seconds = config->tune_seconds, .tf32 = config->tf32};
    e->wide = e->narrow;
    e->wide.threads = config->threads;
    fov_status st = open_places(e, source, err);
    if (!st) st = warm_up(e, err);
    if (!st) *engines = e;
    else srv_engines_free(e);
    return st;
}

static bool get_family(const fov_engine *engine, char *family, size_t bytes)
{
    bool        no_memory;
    const char *text = fov_engine_certificate(engine);
    json_t     *certificate = srv_json_read(text, strlen(text), 0, NULL, &no_memory);
    snprintf(family, bytes, "%s", cli_json_text_of(json_object_get(certificate, "source"), "family"));
    cli_utf8_settle(family);
    json_decref(certificate);
    return !no_memory;
}

bool srv_engines_facts(const srv_engines *e, srv_facts *facts)
{
    const fov_engine *engine = e->place->engine;
    const int         device = e->config->n_device ? e->config->devices[0] : e->config->engine.device;
    *facts = (srv_facts){.precision = fov_engine_precision(engine)};
    snprintf(facts->backend, sizeof facts->backend, "%s", fov_engine_backend(engine));
    cli_utf8_settle(facts->backend);
    if (fov_device_name(facts->backend, device, facts->device, sizeof facts->device, NULL)) *facts->device = '\0';
    cli_utf8_settle(facts->device);
    return get_family(engine, facts->family, sizeof facts->family);
}

const char *srv_engines_certificate(const srv_engines *e)
{
    return fov_engine_certificate(e->place->engine);
}

/* ---------------------------------------------------------------- detectors */

static size_t least_busy(const srv_engines *e)
{
    size_t best = 0;
    for (size_t i = 1; i < e->places; i++)
        if (e->place[i].lent < e->place[best].lent) best = i;
    return best;
}

/* Take one that is there, or leave the detector NULL; what is lent is counted. */
static void take(srv_engines *e, bool wide, srv_loan *loan)
{
    pthread_mutex_lock(&e->lock);
    loan->place = least_busy(e);
    place *p = e->place + loan->place;
    loan->wide = wide && !p->wide_lent;
    if (loan->wide) {
        loan->detector = p->wide;
        p->wide = NULL;
        p->wide_lent = true;
    } else if (p->n_idle) {
        loan->detector = p->idle[--p->n_idle];
    }
    p->lent++;
    pthread_mutex_unlock(&e->lock);
}

fov_status srv_engines_borrow(srv_engines *e, bool wide, srv_loan *loan, fov_error *err)
{
    *loan = (srv_loan){0};
    take(e, wide, loan);
    if (loan->detector) return FOV_OK;
    const fov_status st = fov_detector_new(e->place[loan->place].engine, loan->wide ? &e->wide : &e->narrow, &loan->detector, err);
    if (st) srv_engines_give_back(e, loan);
    return st;
}

/* Without room to keep it, a detector is freed. */
static bool keep(place *p, fov_detector *detector)
{
    if (p->n_idle == p->capacity) {
        const size_t   capacity = p->capacity + 16;
        fov_detector **more = realloc(p->idle, capacity * sizeof *more);
        if (!more) return false;
        p->idle = more;
        p->capacity = capacity;
    }
    p->idle[p->n_idle++] = detector;
    return true;
}

void srv_engines_give_back(srv_engines *e, const srv_loan *loan)
{
    bool kept = true;
    pthread_mutex_lock(&e->lock);
    place *p = e->place + loan->place;
    p->lent--;
    if (loan->wide) {
        p->wide = loan->detector;
        p->wide_lent = false;
    } else if (loan->detector) {
        kept = keep(p, loan->detector);
    }
    pthread_mutex_unlock(&e->lock);
    if (!kept) fov_detector_free(loan->detector);
}
