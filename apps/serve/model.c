// SPDX-License-Identifier: MIT
#include "model.h"

#include "engine.h"

#include <pthread.h>
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

struct srv_model {
    char                *name, *version;
    char                 device[128];
    fov_detector_options narrow, wide;
    srv_stats           *stats;
    atomic_size_t        references;
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

static void model_free(srv_model *m)
{
    for (size_t i = 0; i < m->places; i++) place_clear(m->place + i);
    pthread_mutex_destroy(&m->lock);
    free(m->place);
    free(m->name);
    free(m->version);
    free(m);
}

static fov_status open_places(srv_model *m, const char *path, const srv_config *config, fov_error *err)
{
    for (; m->places < (config->n_device ? config->n_device : 1); m->places++) {
        fov_engine_options options = config->engine;
        if (config->n_device) options.device = config->devices[m->places];
        fov_status st = fov_engine_open(path, &config->model, &options, &m->place[m->places].engine, err);
        if (st) return st;
    }
    return FOV_OK;
}

/* What is made once, such as what a GPU needs, is made before the model counts as ready, and what cannot run is not. The first
 * photo is alone, so it gets the wide detector. */
static fov_status warm_up(srv_model *m, const srv_config *config, fov_error *err)
{
    fov_status st = FOV_OK;
    for (size_t i = 0; i < m->places && !st; i++) {
        place *p = m->place + i;
        st = fov_detector_new(p->engine, &m->wide, &p->wide, err);
        if (!st) st = fov_detector_prepare(p->wide, WARM_WIDTH, WARM_HEIGHT, &config->detect, err);
    }
    return st;
}

/* An engine has what it was built with: what else was asked for would be looked over. */
static fov_status check_choices(const char *path, const srv_config *config, fov_error *err)
{
    const char *given = config->engine.precision != FOV_PRECISION_AUTO ? "--precision"
                        : config->model.settings                       ? "a setting"
                        : config->model.head_plugin                    ? "--heads"
                                                                       : NULL;
    if (!given || !cli_is_engine(path)) return FOV_OK;
    err->code = FOV_ERR_UNSUPPORTED;
    snprintf(err->message, sizeof err->message, "%s: is an engine, for which %s was chosen when it was built: leave it out here",
             path, given);
    return FOV_ERR_UNSUPPORTED;
}

fov_status srv_model_open(const char *name, const char *version, const char *path, const srv_config *config, srv_stats *stats,
                          srv_model **model, fov_error *err)
{
    *model = NULL;
    fov_status st = check_choices(path, config, err);
    if (st) return st;
    srv_model *m = calloc(1, sizeof *m);
    if (!m) return no_memory(err);
    pthread_mutex_init(&m->lock, NULL);
    m->references = 1;
    m->stats = stats;
    m->name = strdup(name);
    m->version = strdup(version);
    m->place = calloc(config->n_device ? config->n_device : 1, sizeof *m->place);
    m->narrow = (fov_detector_options){.threads = 1, .tune_seconds = config->tune_seconds, .tf32 = config->tf32};
    m->wide = m->narrow;
    m->wide.threads = config->threads;
    st = m->name && m->version && m->place ? open_places(m, path, config, err) : no_memory(err);
    if (!st) st = warm_up(m, config, err);
    if (st) {
        model_free(m);
        return st;
    }
    const int device = config->n_device ? config->devices[0] : config->engine.device;
    if (fov_device_name(fov_engine_backend(m->place->engine), device, m->device, sizeof m->device, NULL)) *m->device = '\0';
    *model = m;
    return FOV_OK;
}

srv_model *srv_model_refer(srv_model *m)
{
    m->references++;
    return m;
}

void srv_model_release(srv_model *m)
{
    if (m && --m->references == 0) model_free(m);
}

const char *srv_model_name(const srv_model *m)
{
    return m->name;
}

const char *srv_model_version(const srv_model *m)
{
    return m->version;
}

const char *srv_model_device(const srv_model *m)
{
    return m->device;
}

const fov_engine *srv_model_engine(const srv_model *m)
{
    return m->place->engine;
}

srv_stats *srv_model_stats(const srv_model *m)
{
    return m->stats;
}

/* ---------------------------------------------------------------- detectors */

static size_t least_busy(const srv_model *m)
{
    size_t best = 0;
    for (size_t i = 1; i < m->places; i++)
        if (m->place[i].lent < m->place[best].lent) best = i;
    return best;
}

/* Take one that is there, or leave the detector NULL; what is lent is counted. */
static void take(srv_model *m, bool wide, srv_loan *loan)
{
    pthread_mutex_lock(&m->lock);
    loan->place = least_busy(m);
    place *p = m->place + loan->place;
    loan->wide = wide && !p->wide_lent;
    if (loan->wide) {
        loan->detector = p->wide;
        p->wide = NULL;
        p->wide_lent = true;
    } else if (p->n_idle) {
        loan->detector = p->idle[--p->n_idle];
    }
    p->lent++;
    pthread_mutex_unlock(&m->lock);
}

fov_status srv_model_borrow(srv_model *m, bool wide, srv_loan *loan, fov_error *err)
{
    *loan = (srv_loan){0};
    take(m, wide, loan);
    if (loan->detector) return FOV_OK;
    const fov_status st = fov_detector_new(m->place[loan->place].engine, loan->wide ? &m->wide : &m->narrow, &loan->detector, err);
    if (st) srv_model_give_back(m, loan);
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

void srv_model_give_back(srv_model *m, const srv_loan *loan)
{
    bool kept = true;
    pthread_mutex_lock(&m->lock);
    place *p = m->place + loan->place;
    p->lent--;
    if (loan->wide) {
        p->wide = loan->detector;
        p->wide_lent = false;
    } else if (loan->detector) {
        kept = keep(p, loan->detector);
    }
    pthread_mutex_unlock(&m->lock);
    if (!kept) fov_detector_free(loan->detector);
}
