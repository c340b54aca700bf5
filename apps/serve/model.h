// SPDX-License-Identifier: MIT
/* A model that is ready: its engine, on each GPU that was asked for, and detectors for whoever has a photo. Lives as long as
 * somebody refers to it, so that a request finishes with the engine that it began with. */
#ifndef FOVEA_SERVE_MODEL_H
#define FOVEA_SERVE_MODEL_H

#include <stdbool.h>

#include "config.h"
#include "stats.h"

typedef struct srv_model srv_model;

/**
 * @param stats must outlive the model
 * @param model out: the caller's reference, given back by srv_model_release()
 */
fov_status srv_model_open(const char *name, const char *version, const char *path, const srv_config *config, srv_stats *stats,
                          srv_model **model, fov_error *err);
srv_model *srv_model_refer(srv_model *model);
void       srv_model_release(srv_model *model); /* NULL is allowed */

const char       *srv_model_name(const srv_model *model);
const char       *srv_model_version(const srv_model *model);
const char       *srv_model_device(const srv_model *model); /* name of the GPU or processor; "" where unknown */
const fov_engine *srv_model_engine(const srv_model *model);
srv_stats        *srv_model_stats(const srv_model *model);

/** A detector on loan. */
typedef struct srv_loan {
    fov_detector *detector;
    size_t        place; /* of the engines */
    bool          wide;
} srv_loan;

/**
 * Borrow a detector: one that is idle, or else a new one.
 * @param wide one with all threads is preferred, for a photo that is alone; there is one
 */
fov_status srv_model_borrow(srv_model *model, bool wide, srv_loan *loan, fov_error *err);
void       srv_model_give_back(srv_model *model, const srv_loan *loan);

#endif
