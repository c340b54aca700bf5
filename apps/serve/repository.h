// SPDX-License-Identifier: MIT
/* The models there are, by name and version, loaded or not:
 *
 *     FOLDER/NAME/VERSION/model.fov   any format that Fovea reads; VERSION is a whole number from 1
 *     FOLDER/NAME.fov                 version 1
 *
 * A request refers to what it found, so that it ends with the engine it began with, whatever is loaded or unloaded meanwhile. */
#ifndef FOVEA_SERVE_REPOSITORY_H
#define FOVEA_SERVE_REPOSITORY_H

#include "model.h"

typedef struct srv_repository srv_repository;

/** A model as it is now; the texts are valid during the visit, `stats` as long as the repository. */
typedef struct srv_listing {
    const char *name, *version, *path;
    const char *reason; /* why it is not loaded; "" */
    srv_model  *model;  /* NULL: not loaded; only valid during the visit */
    srv_stats  *stats;
} srv_listing;

typedef void srv_visit(void *user, const srv_listing *listing);

/**
 * Find all models that the configuration names, and load them.
 * @param config must outlive the repository
 * @param crew   the worker processes that are to have the engines, and must outlive it; NULL: this process
 * @return NULL: it was said what failed
 */
srv_repository *srv_repository_open(const srv_config *config, srv_crew *crew);
void            srv_repository_free(srv_repository *repository); /* NULL is allowed */

const char *srv_repository_default(const srv_repository *repository);

/**
 * Refer to a model that is ready.
 * @param name    NULL: the default
 * @param version NULL: the highest that is loaded
 * @param err     says what there is when it is not found
 * @return the caller's reference, or NULL
 */
srv_model *srv_repository_find(srv_repository *repository, const char *name, const char *version, fov_error *err);

/** Visit all, in the order of names and versions. Nothing is loaded or unloaded meanwhile. */
void srv_repository_visit(srv_repository *repository, srv_visit *visit, void *user);
/** Did the device of one that is loaded fail, at its last photo? Most failures of GPUs last until the process ends. */
bool srv_repository_device_failed(srv_repository *repository);
/** Are all that were asked for loaded? */
bool srv_repository_is_ready(srv_repository *repository);

/**
 * Load, or load anew, all versions of a name, looking for new ones. Takes as long as it takes; one at a time.
 * @return FOV_OK, FOV_ERR_ARGUMENT (there is none of that name), FOV_ERR_CANCELLED (the server stops), or why one could not be
 * loaded: it then is as it was, and the others are loaded
 */
fov_status srv_repository_load(srv_repository *repository, const char *name, fov_error *err);
/** @return FOV_OK, also where it was not loaded; FOV_ERR_ARGUMENT (there is none of that name) */
fov_status srv_repository_unload(srv_repository *repository, const char *name, fov_error *err);
/** From here on nothing is loaded, whoever waits for it. NULL is allowed. */
void srv_repository_stop(srv_repository *repository);

#endif
