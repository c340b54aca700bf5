// SPDX-License-Identifier: MIT
/* A model's engine, on each GPU that was asked for, and detectors for whoever has a photo. It is where the photos are looked at:
 * in a worker process, or in the server's own without isolation. */
#ifndef FOVEA_SERVE_ENGINES_H
#define FOVEA_SERVE_ENGINES_H

#include "facts.h"
#include "model_source.h"

typedef struct srv_engines srv_engines;

/** Parse, build and warm up. @param config must outlive the engines */
fov_status srv_engines_open(const srv_model_source *source, const srv_config *config, srv_engines **engines, fov_error *err);
void       srv_engines_free(srv_engines *engines); /* NULL is allowed */

/** @return false: no memory */
bool        srv_engines_facts(const srv_engines *engines, srv_facts *facts);
const char *srv_engines_certificate(const srv_engines *engines); /* JSON; valid as long as the engines */

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
fov_status srv_engines_borrow(srv_engines *engines, bool wide, srv_loan *loan, fov_error *err);
void       srv_engines_give_back(srv_engines *engines, const srv_loan *loan);

#endif
