// SPDX-License-Identifier: MIT
/* The reference backend: every node by its definition. Slow, obviously right, and what the others are compared with. */
#include "backend/backend.h"

extern const fov_backend fov_backend_reference;

const fov_backend fov_backend_reference = {.name = "reference", .lower = fov_lower_definition};
