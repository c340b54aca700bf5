// SPDX-License-Identifier: MIT
#include "crew/crew.h"

#include "clock.h"
#include "console.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END_S = 10 }; /* that ended processes may take */

/* A model that all processes have. Its bytes are kept for those that are started later. */
typedef struct record {
    uint32_t         id;
    char            *name, *version;
    srv_model_source source;
    struct record   *next; /* in the order of their numbers */
} record;

struct srv_crew {
    srv_nursery    *nursery;
    double          load_s;
    pthread_mutex_t lock; /* of the list */
    record         *first;
    size_t          models, most; /* that are, and may be, in it */
    uint32_t        last_id;
    srv_process   **process;
    size_t          count;
};

/* ---------------------------------------------------------------- the list */

static void record_free(record *r)
{
    if (!r) return;
    srv_model_source_close(&r->source);
    free(r->name);
    free(r->version);
    free(r);
}

/* NULL: no memory, or no descriptor. */
static record *record_new(uint32_t id, const char *name, const char *version, const srv_model_source *source)
{
    record *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->id = id;
    r->name = strdup(name);
    r->version = strdup(version);
    r->source = (srv_model_source){strdup(source->path), -1, source->bytes, source->settings ? strdup(source->settings) : NULL};
    if (source->fd >= 0) r->source.fd = fcntl(source->fd, F_DUPFD_CLOEXEC, 0);
    if (r->name && r->version && r->source.path && !r->source.settings == !source->settings &&
        (r->source.fd < 0) == (source->fd < 0))
        return r;
    record_free(r);
    return NULL;
}

static record *copy_of_next(srv_crew *c, uint32_t after, bool *failed)
{
    pthread_mutex_lock(&c->lock);
    const record *r = c->first;
    while (r && r->id <= after) r = r->next;
    record *copy = r ? record_new(r->id, r->name, r->version, &r->source) : NULL;
    *failed = r && !copy;
    pthread_mutex_unlock(&c->lock);
    return copy;
}

static bool is_listed(srv_crew *c, uint32_t id)
{
    pthread_mutex_lock(&c->lock);
    const record *r = c->first;
    while (r && r->id != id) r = r->next;
    pthread_mutex_unlock(&c->lock);
    return r != NULL;
}

static void add(srv_crew *c, record *r)
{
    record **at = &c->first;
    pthread_mutex_lock(&c->lock);
    while (*at) at = &(*at)->next;
    *at = r;
    c->models++;
    pthread_mutex_unlock(&c->lock);
}

static record *take_out(srv_crew *c, uint32_t id)
{
    pthread_mutex_lock(&c->lock);
    record **at = &c->first;
    while (*at && (*at)->id != id) at = &(*at)->next;
    record *r = *at;
    if (r) *at = r->next;
    c->models -= r != NULL;
    pthread_mutex_unlock(&c->lock);
    return r;
}

/* ---------------------------------------------------------------- life */

/* One that was unloaded meanwhile is unloaded here, too. */
static bool load_listed(srv_crew *c, srv_process *p, const record *r)
{
    fov_error     err = {0};
    srv_load_done done;
    bool          good = srv_process_load(p, &(srv_load){r->id, r->name, r->version, &r->source}, &done, &err);
    free(done.certificate);
    if (good && done.status) cli_error("%s", err.message);
    if (good && !is_listed(c, r->id)) srv_process_unload(p, r->id);
    return good && !done.status;
}

/* A srv_process_prepare. */
static bool prepare(void *user, srv_process *p)
{
    srv_crew *c = user;
    record   *r;
    uint32_t  after = 0;
    bool      good = true, failed = false;
    while (good && (r = copy_of_next(c, after, &failed))) {
        good = load_listed(c, p, r);
        after = r->id;
        record_free(r);
    }
    return good && !failed;
}

static bool start_all(srv_crew *c, const srv_config *config)
{
    for (; c->count < (size_t)config->processes; c->count++)
        if (!(c->process[c->count] = srv_process_new(c->count, config, c->nursery, prepare, c))) return false;
    for (size_t i = 0; i < c->count; i++) {
        if (!srv_process_lock_up(c->process[i])) return false;
        srv_process_unlock(c->process[i]);
    }
    return true;
}

srv_crew *srv_crew_new(const srv_config *config, srv_nursery *nursery)
{
    srv_crew *c = calloc(1, sizeof *c);
    if (c) c->process = calloc((size_t)config->processes, sizeof(srv_process *));
    if (!c || !c->process) {
        free(c);
        cli_no_memory();
        return NULL;
    }
    c->nursery = nursery;
    c->load_s = config->load_s;
    c->most = SIZE_MAX;
    pthread_mutex_init(&c->lock, NULL);
    if (start_all(c, config)) return c;
    (void)srv_crew_free(c);
    return NULL;
}

void srv_crew_limit(srv_crew *c, size_t more)
{
    c->most = more < SIZE_MAX - c->models ? c->models + more : SIZE_MAX;
}

void srv_crew_end(srv_crew *c)
{
    for (size_t i = 0; c && i < c->count; i++) srv_process_end(c->process[i]);
}

bool srv_crew_free(srv_crew *c)
{
    const double until = cli_now_s() + END_S;
    bool         ended = true;
    srv_crew_end(c);
    for (size_t i = 0; c && i < c->count; i++) ended &= srv_process_free(c->process[i], until);
    if (!c || !ended) return ended;
    for (record *r = c->first, *next; r; r = next) {
        next = r->next;
        record_free(r);
    }
    pthread_mutex_destroy(&c->lock);
    free(c->process);
    free(c);
    return true;
}

/* ---------------------------------------------------------------- models */

/* One that is given up looks at no photos. @return false: it ended */
static bool load_into(srv_process *p, const srv_load *load, srv_load_done *done, fov_error *err)
{
    bool good = true;
    if (!srv_process_lock_up(p)) return srv_process_state_of(p) == SRV_GIVEN_UP;
    if (!srv_process_has(p, load->id)) {
        free(done->certificate);
        good = srv_process_load(p, load, done, err);
    }
    srv_process_unlock(p);
    return good;
}

/* What one says holds for all, for they are alike. @return false: one ended, or none has it */
static bool load_into_all(srv_crew *c, const srv_load *load, srv_load_done *done, fov_error *err)
{
    bool good = true;
    for (size_t i = 0; i < c->count && good && !done->status; i++) good = load_into(c->process[i], load, done, err);
    return good && (done->status || done->certificate);
}

/* None waits for the others before it can be started anew. One that was, before the model was listed, lacks it: so all are asked
 * again once it is. @return false: one ended */
static bool try_load(srv_crew *c, record *r, srv_load_done *done, fov_error *err)
{
    const srv_load load = {r->id, r->name, r->version, &r->source};
    bool           good = load_into_all(c, &load, done, err);
    if (good && !done->status) {
        add(c, r);
        good = load_into_all(c, &load, done, err);
    }
    if (good && !done->status) return true;
    free(done->certificate);
    done->certificate = NULL;
    (void)take_out(c, r->id);
    for (size_t i = 0; i < c->count; i++) srv_process_unload(c->process[i], r->id);
    return good;
}

static fov_status fail(fov_error *err, fov_status status, const char *path, const char *why)
{
    err->code = status;
    snprintf(err->message, sizeof err->message, "%s: %s", path, why);
    return status;
}

static fov_status not_loaded(const srv_load_done *done, const char *path, double seconds, fov_error *err)
{
    if (!done->late) return fail(err, FOV_ERR_INTERNAL, path, "the worker process that loaded it crashed, twice");
    snprintf(err->message, sizeof err->message, "%s: loading it took longer than %g s, and was ended (fovea serve --load-time)",
             path, seconds);
    return err->code = FOV_ERR_INTERNAL;
}

/* A process may end for what else is in it: the model gets a second chance, but not where it took its time. */
fov_status srv_crew_load(srv_crew *c, const srv_identity *identity, const srv_model_source *source, uint32_t *id, srv_facts *facts,
                         char **certificate, fov_error *err)
{
    srv_load_done done = {0};
    pthread_mutex_lock(&c->lock);
    const uint32_t number = ++c->last_id;
    const bool     room = c->models < c->most;
    pthread_mutex_unlock(&c->lock);
    if (!room) return fail(err, FOV_ERR_LIMIT, source->path, "no descriptor is left for another model: unload one (ulimit -n)");
    record *r = record_new(number, identity->name, identity->version, source);
    if (!r) return fail(err, FOV_ERR_MEMORY, source->path, "no memory for a model");
    const bool good = try_load(c, r, &done, err) || (!done.late && try_load(c, r, &done, err));
    if (good && !done.status) {
        *id = number;
        *facts = done.facts;
        *certificate = done.certificate;
        return FOV_OK;
    }
    record_free(r);
    return good ? done.status : not_loaded(&done, source->path, c->load_s, err);
}

void srv_crew_unload(srv_crew *c, uint32_t id)
{
    record_free(take_out(c, id));
    for (size_t i = 0; i < c->count; i++) srv_process_unload(c->process[i], id);
}

/* ---------------------------------------------------------------- what is told of them */

srv_process *srv_crew_process(srv_crew *c, size_t worker, size_t *lane)
{
    *lane = worker / c->count;
    return c->process[worker % c->count];
}

size_t srv_crew_count(const srv_crew *c, srv_process_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < c->count; i++) count += srv_process_state_of(c->process[i]) == state;
    return count;
}

uint64_t srv_crew_restarts(const srv_crew *c)
{
    uint64_t restarts = 0;
    for (size_t i = 0; i < c->count; i++) restarts += srv_process_restarts(c->process[i]);
    return restarts;
}
