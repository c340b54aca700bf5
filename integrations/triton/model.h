// SPDX-License-Identifier: MIT
/* A model of Triton's repository: its settings, and its engine on each device that instances run on. Instances of one device share
 * the engine; each has a detector of its own. */
#ifndef FOVEA_TRITON_MODEL_H
#define FOVEA_TRITON_MODEL_H

#include "interface.h"
#include "settings.h"

typedef struct tri_model tri_model;

typedef struct tri_instance {
    const tri_settings *settings;
    const fov_engine   *engine;
    fov_detector       *detector;
    bool                shares_passes; /* on a GPU: several photos at once are faster */
} tri_instance;

/** @param path of the engine @param settings copied @return NULL: no memory */
tri_model *tri_model_new(const char *path, const tri_settings *settings);
/** Once its instances are closed. NULL is allowed. */
void tri_model_free(tri_model *model);

/** @param backend, device as in fov_engine_options. May be called by several threads at once. */
fov_status tri_instance_open(tri_model *model, const char *backend, int device, tri_instance **instance, fov_error *err);
void       tri_instance_close(tri_instance *instance); /* NULL is allowed */

#endif
