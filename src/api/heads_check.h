// SPDX-License-Identifier: MIT
#ifndef FOVEA_API_HEADS_CHECK_H
#define FOVEA_API_HEADS_CHECK_H

#include "engine/engine.h"

/** Whether a plan's outputs are the heads that its engine's settings describe, as whoever decodes them will assume. */
fov_status fov_heads_check(const fov_plan *plan, fov_error *err);

#endif
