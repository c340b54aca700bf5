// SPDX-License-Identifier: MIT
#include "model.h"

#include "crew/crew.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct srv_model {
    char         *name, *version, *certificate;
    srv_facts     facts;
    srv_stats    *stats;
    atomic_size_t references;
    srv_engines  *engines; /* NULL: `crew` has them, as `id` */
    srv_crew     *crew;
    uint32_t      id;
};

static void model_free(srv_model *m)
{
    if (m->id) srv_crew_unload(m->crew, m->id);
    srv_engines_free(m->engines);
    free(m->certificate);
    free(m->name);
    free(m->version);
    free(m);
}

static fov_status no_memory(fov_error *err)
{
    err->code = FOV_ERR_MEMORY;
    snprintf(err->message, sizeof err->message, "no memory for a model");
    return FOV_ERR_MEMORY;
}

static srv_model *model_new(const srv_identity *identity, srv_stats *stats)
{
    srv_model *m = calloc(1, sizeof *m);
    if (!m) return NULL;
    m->references = 1;
    m->stats = stats;
    m->name = strdup(identity->name);
    m->version = strdup(identity->version);
    if (m->name && m->version) return m;
    model_free(m);
    return NULL;
}

static fov_status open_here(srv_model *m, const srv_model_source *source, const srv_config *config, fov_error *err)
{
    const fov_status st = srv_engines_open(source, config, &m->engines, err);
    if (st) return st;
    m->certificate = strdup(srv_engines_certificate(m->engines));
    return m->certificate && srv_engines_facts(m->engines, &m->facts) ? FOV_OK : no_memory(err);
}

static fov_status open_source(const srv_identity *identity, const srv_model_source *source, const srv_config *config,
                              srv_crew *crew, srv_stats *stats, srv_model **model, fov_error *err)
{
    *model = NULL;
    srv_model *m = model_new(identity, stats);
    if (!m) return no_memory(err);
    m->crew = crew;
    const fov_status st =
        crew ? srv_crew_load(crew, identity, source, &m->id, &m->facts, &m->certificate, err) : open_here(m, source, config, err);
    if (st) model_free(m);
    else *model = m;
    return st;
}

fov_status srv_model_open_source(const srv_identity *identity, const srv_model_source *source, const srv_config *config,
                                 srv_stats *stats, srv_model **model, fov_error *err)
{
    return open_source(identity, source, config, NULL, stats, model, err);
}

fov_status srv_model_open(const srv_identity *identity, const srv_config *config, srv_crew *crew, srv_stats *stats,
                          srv_model **model, fov_error *err)
{
    srv_model_source source;
    *model = NULL;
    fov_status st = srv_model_source_open(identity->path, config, &source, err);
    if (!st) st = open_source(identity, &source, config, crew, stats, model, err);
    srv_model_source_close(&source);
    return st;
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

const srv_facts *srv_model_facts(const srv_model *m)
{
    return &m->facts;
}

const char *srv_model_certificate(const srv_model *m)
{
    return m->certificate;
}

srv_stats *srv_model_stats(const srv_model *m)
{
    return m->stats;
}

srv_engines *srv_model_engines(const srv_model *m)
{
    return m->engines;
}

uint32_t srv_model_id(const srv_model *m)
{
    return m->id;
}
