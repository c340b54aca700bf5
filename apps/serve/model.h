// SPDX-License-Identifier: MIT
/* A model that is ready: what is told of it, and where its engines are: here, or in worker processes. Lives as long as somebody
 * refers to it, so that a request finishes with the engine that it began with. */
#ifndef FOVEA_SERVE_MODEL_H
#define FOVEA_SERVE_MODEL_H

#include "engines.h"
#include "stats.h"

typedef struct srv_model srv_model;
typedef struct srv_crew  srv_crew;

/** Who it is, for those who ask. */
typedef struct srv_identity {
    const char *name, *version, *path;
} srv_identity;

/**
 * @param crew  the worker processes that are to have its engines; NULL: this process
 * @param stats must outlive the model
 * @param model out: the caller's reference, given back by srv_model_release()
 */
fov_status srv_model_open(const srv_identity *identity, const srv_config *config, srv_crew *crew, srv_stats *stats,
                          srv_model **model, fov_error *err);
/** The same of bytes that are here already, and in this process. */
fov_status srv_model_open_source(const srv_identity *identity, const srv_model_source *source, const srv_config *config,
                                 srv_stats *stats, srv_model **model, fov_error *err);
srv_model *srv_model_refer(srv_model *model);
void       srv_model_release(srv_model *model); /* NULL is allowed */

const char      *srv_model_name(const srv_model *model);
const char      *srv_model_version(const srv_model *model);
const srv_facts *srv_model_facts(const srv_model *model);
const char      *srv_model_certificate(const srv_model *model); /* JSON */
srv_stats       *srv_model_stats(const srv_model *model);
srv_engines     *srv_model_engines(const srv_model *model); /* NULL: they are in worker processes */
uint32_t         srv_model_id(const srv_model *model);      /* there */

#endif
