// SPDX-License-Identifier: MIT
#include "repository.h"

#include "console.h"
#include "json_text.h"
#include "model_files.h"
#include "signals.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Never removed, so that what it counted is told as long as the server runs. */
typedef struct entry {
    char         *name, *version, *path;
    char          reason[1024];
    srv_model    *model;  /* NULL: not loaded */
    bool          wanted; /* and if it is not loaded, the server is not ready */
    srv_stats     stats;
    struct entry *next; /* by name and version */
} entry;

struct srv_repository {
    const srv_config *config;
    srv_crew         *crew;
    pthread_mutex_t   loading; /* one at a time */
    pthread_mutex_t   lock;    /* of the list and of what its entries say */
    entry            *first;
    char             *default_name;
    bool              no_memory;
    atomic_bool       stopping;
};

/* ---------------------------------------------------------------- entries */

static int compare_versions(const char *a, const char *b)
{
    const size_t m = strlen(a), n = strlen(b);
    return m != n ? (m > n) - (m < n) : strcmp(a, b); /* whole numbers without leading zeros */
}

static int compare(const entry *e, const char *name, const char *version)
{
    const int names = strcmp(e->name, name);
    return names ? names : compare_versions(e->version, version);
}

static void entry_free(entry *e)
{
    srv_model_release(e->model);
    free(e->name);
    free(e->version);
    free(e->path);
    free(e);
}

static entry *entry_new(const char *name, const char *version, const char *path)
{
    entry *e = calloc(1, sizeof *e);
    if (!e) return NULL;
    e->name = strdup(name);
    e->version = strdup(version);
    e->path = strdup(path);
    if (e->name && e->version && e->path) return e;
    entry_free(e);
    return NULL;
}

/* A srv_model_file: one that is there already stays. */
static void add(void *user, const char *name, const char *version, const char *path)
{
    srv_repository *r = user;
    entry         **at = &r->first;
    pthread_mutex_lock(&r->lock);
    while (*at && compare(*at, name, version) < 0) at = &(*at)->next;
    if (!*at || compare(*at, name, version)) {
        entry *e = entry_new(name, version, path);
        if (e) {
            e->next = *at;
            *at = e;
        } else {
            r->no_memory = true;
        }
    }
    pthread_mutex_unlock(&r->lock);
}

/* ---------------------------------------------------------------- loading */

/* The engine is made without the lock: requests go on meanwhile. */
static fov_status load_entry(srv_repository *r, entry *e, fov_error *err)
{
    srv_model *model, *before;
    fov_status st = srv_model_open(&(srv_identity){e->name, e->version, e->path}, r->config, r->crew, &e->stats, &model, err);
    pthread_mutex_lock(&r->lock);
    e->wanted = true;
    before = st ? NULL : e->model;
    if (!st) e->model = model;
    snprintf(e->reason, sizeof e->reason, "%s", st ? err->message : "");
    cli_utf8_settle(e->reason); /* it names files, and may have been cut */
    pthread_mutex_unlock(&r->lock);
    srv_model_release(before);
    return st;
}

static fov_status no_such_name(const char *name, fov_error *err)
{
    err->code = FOV_ERR_ARGUMENT;
    snprintf(err->message, sizeof err->message, "there is no model '%.200s'; GET /models lists them", name);
    return FOV_ERR_ARGUMENT;
}

/* Those that came meanwhile. A folder that is gone has none. */
static fov_status look_for_files(srv_repository *r, fov_error *err)
{
    r->no_memory = false;
    const bool looked = !r->config->folder || srv_model_files(r->config->folder, add, r);
    if (!r->no_memory && (looked || errno != ENOMEM)) return FOV_OK;
    err->code = FOV_ERR_MEMORY;
    snprintf(err->message, sizeof err->message, "no memory to look for models");
    return FOV_ERR_MEMORY;
}

static fov_status is_stopping(fov_error *err)
{
    snprintf(err->message, sizeof err->message, SRV_IS_STOPPING);
    return err->code = FOV_ERR_CANCELLED;
}

/* One that fails keeps no other from being loaded. @param found out: is there any? @return the first failure */
static fov_status load_versions(srv_repository *r, const char *name, bool *found, fov_error *err)
{
    fov_status st = FOV_OK;
    for (entry *e = r->first; e; e = e->next) {
        fov_error own = {0};
        if (strcmp(e->name, name) != 0) continue;
        *found = true;
        if (r->stopping) return is_stopping(err);
        const fov_status one = load_entry(r, e, &own);
        if (!one || st) continue;
        *err = own;
        st = one;
    }
    return st;
}

/* What fails while it stops may fail for that: its worker process is ended. */
fov_status srv_repository_load(srv_repository *r, const char *name, fov_error *err)
{
    bool found = false;
    pthread_mutex_lock(&r->loading);
    fov_status st = look_for_files(r, err);
    if (!st) st = load_versions(r, name, &found, err);
    if (r->stopping && st) st = is_stopping(err);
    pthread_mutex_unlock(&r->loading);
    return found || st ? st : no_such_name(name, err);
}

fov_status srv_repository_unload(srv_repository *r, const char *name, fov_error *err)
{
    bool found = false;
    pthread_mutex_lock(&r->loading);
    for (entry *e = r->first; e; e = e->next) {
        if (strcmp(e->name, name)) continue;
        found = true;
        pthread_mutex_lock(&r->lock);
        srv_model *model = e->model;
        e->model = NULL;
        e->wanted = false;
        snprintf(e->reason, sizeof e->reason, "unloaded");
        pthread_mutex_unlock(&r->lock);
        srv_model_release(model);
    }
    pthread_mutex_unlock(&r->loading);
    return found ? FOV_OK : no_such_name(name, err);
}

void srv_repository_stop(srv_repository *r)
{
    if (r) r->stopping = true;
}

/* ---------------------------------------------------------------- life */

static const entry *find_name(const srv_repository *r, const char *name)
{
    const entry *e = r->first;
    while (e && strcmp(e->name, name) != 0) e = e->next;
    return e;
}

/* "[NAME=]FILE" */
static bool add_file(srv_repository *r, const char *argument)
{
    const char  *equals = strchr(argument, '='), *path = equals ? equals + 1 : argument;
    char        *name = equals ? strndup(argument, (size_t)(equals - argument)) : srv_model_stem(argument);
    const entry *taken = name ? find_name(r, name) : NULL;
    const bool   serves = name && srv_model_name_serves(name) && !taken;
    if (taken)
        cli_error("--model %s: '%s' is the name of %s already: give another, as in --model faces=%s", argument, name, taken->path,
                  path);
    else if (!serves)
        cli_error("--model %s: '%s' cannot be a model's name in an address: give one, as in --model faces=%s", argument,
                  name ? name : "", path);
    else add(r, name, "1", path);
    if (serves && !r->default_name) r->default_name = name;
    else free(name);
    return serves;
}

static bool find_files(srv_repository *r)
{
    const srv_config *c = r->config;
    for (const char *const *file = c->files; file && *file; file++)
        if (!add_file(r, *file)) return false;
    if (c->folder && !srv_model_files(c->folder, add, r)) {
        cli_error("--models %s: %s", c->folder, strerror(errno));
        return false;
    }
    if (!c->folder && !c->files) add(r, "default", "1", "default");
    if (r->no_memory) cli_no_memory();
    else if (!r->first) cli_error("--models %s: has no model: expected NAME/VERSION/model.fov or NAME.fov below it", c->folder);
    return r->first && !r->no_memory;
}

/* The one asked for, else the first file, else the first name. */
static bool choose_default(srv_repository *r)
{
    const char *wanted = r->config->default_model;
    if (wanted || !r->default_name) {
        free(r->default_name);
        r->default_name = strdup(wanted ? wanted : r->first->name);
    }
    if (!r->default_name) {
        cli_no_memory();
        return false;
    }
    if (find_name(r, r->default_name)) return true;
    cli_error("--default-model %s: there is no model of that name", r->default_name);
    return false;
}

static bool load_all(srv_repository *r)
{
    fov_error err = {0};
    for (entry *e = r->first; e; e = e->next) {
        if (load_entry(r, e, &err)) {
            cli_error("%s", err.message);
            return false;
        }
        cli_detail("model %s, version %s: %s, %s, from %s", e->name, e->version,
                   fov_precision_name(srv_model_facts(e->model)->precision), srv_model_facts(e->model)->backend, e->path);
    }
    return true;
}

srv_repository *srv_repository_open(const srv_config *config, srv_crew *crew)
{
    srv_repository *r = calloc(1, sizeof *r);
    if (!r) {
        cli_no_memory();
        return NULL;
    }
    r->config = config;
    r->crew = crew;
    pthread_mutex_init(&r->loading, NULL);
    pthread_mutex_init(&r->lock, NULL);
    if (find_files(r) && choose_default(r) && load_all(r)) return r;
    srv_repository_free(r);
    return NULL;
}

void srv_repository_free(srv_repository *r)
{
    if (!r) return;
    for (entry *e = r->first, *next; e; e = next) {
        next = e->next;
        entry_free(e);
    }
    pthread_mutex_destroy(&r->loading);
    pthread_mutex_destroy(&r->lock);
    free(r->default_name);
    free(r);
}

/* ---------------------------------------------------------------- finding */

const char *srv_repository_default(const srv_repository *r)
{
    return r->default_name;
}

/* The list is in order, so that the last one that serves has the highest version. */
srv_model *srv_repository_find(srv_repository *r, const char *name, const char *version, fov_error *err)
{
    srv_model  *found = NULL;
    const char *reason = NULL;
    if (!name) name = r->default_name;
    pthread_mutex_lock(&r->lock);
    for (entry *e = r->first; e; e = e->next) {
        if (strcmp(e->name, name) || (version && strcmp(e->version, version))) continue;
        if (e->model) found = e->model;
        else reason = e->reason;
    }
    if (found) srv_model_refer(found);
    else if (reason) snprintf(err->message, sizeof err->message, "model '%.200s' is not loaded: %.700s", name, reason);
    else
        snprintf(err->message, sizeof err->message, "there is no model '%.200s'%s%.20s; GET /models lists them", name,
                 version ? " of version " : "", version ? version : "");
    pthread_mutex_unlock(&r->lock);
    err->code = FOV_ERR_ARGUMENT;
    return found;
}

void srv_repository_visit(srv_repository *r, srv_visit *visit, void *user)
{
    pthread_mutex_lock(&r->lock);
    for (entry *e = r->first; e; e = e->next)
        visit(user, &(srv_listing){e->name, e->version, e->path, e->reason, e->model, &e->stats});
    pthread_mutex_unlock(&r->lock);
}

bool srv_repository_device_failed(srv_repository *r)
{
    bool failed = false;
    pthread_mutex_lock(&r->lock);
    for (const entry *e = r->first; e; e = e->next) failed |= e->model && e->stats.device_failed;
    pthread_mutex_unlock(&r->lock);
    return failed;
}

bool srv_repository_is_ready(srv_repository *r)
{
    bool ready = true;
    pthread_mutex_lock(&r->lock);
    for (const entry *e = r->first; e; e = e->next)
        if (e->wanted && !e->model) ready = false;
    pthread_mutex_unlock(&r->lock);
    return ready;
}
