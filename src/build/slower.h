// SPDX-License-Identifier: MIT
/* Where an engine takes longer than the same network in FP32. */
#ifndef FOVEA_BUILD_SLOWER_H
#define FOVEA_BUILD_SLOWER_H

#include "engine/engine.h"

/** What runs a plan and tells how long its steps took: fov_plan_run_timed(), or what a test puts in its place. */
typedef fov_status fov_slower_clock(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *err);

/** fov_engine_slower_json() by another clock. */
fov_status fov_slower_json(const fov_engine *engine, const fov_engine *fp32, fov_slower_clock *clock, fov_progress *progress,
                           void *progress_user, char **json, fov_error *err);

#endif
