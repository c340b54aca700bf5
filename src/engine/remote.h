// SPDX-License-Identifier: MIT
/* Running plans that fov_plan_compile() made ready. */
#ifndef FOVEA_ENGINE_REMOTE_H
#define FOVEA_ENGINE_REMOTE_H

#include "engine/engine.h"

/** The input, as it lies in the host's arena, to the place. */
fov_status fov_remote_give(const fov_plan *plan, fov_error *err);
/** All programs. @param seconds out, one a program; may be NULL */
fov_status fov_remote_run(const fov_plan *plan, double *seconds, fov_error *err);
/** One program a step; the outputs of each are brought to the host before it is shown. */
fov_status fov_remote_run_observed(const fov_plan *plan, fov_observer *observe, void *context, fov_error *err);
/** The graph's outputs to the host's arena. */
fov_status fov_remote_take(const fov_plan *plan, fov_error *err);

/* Of those that fov_plan_compile_faces() made ready, as fov_remote.start and finish. */
fov_status fov_remote_start(const fov_plan *plan, const fov_remote_photo *photo, const fov_detect_options *options, fov_pool *pool,
                            fov_error *err);
fov_status fov_remote_finish(const fov_plan *plan, fov_faces *faces, fov_error *err);

#endif
