// SPDX-License-Identifier: MIT
/* Golden vectors: inputs that an engine carries, and what its layers made of them where it was built. Replaying them tells whether
 * this machine, release and instruction set compute the same network. */
#ifndef FOVEA_ENGINE_GOLDEN_H
#define FOVEA_ENGINE_GOLDEN_H

#include "engine/engine.h"

void fov_golden_free(fov_golden *golden); /* NULL is allowed */

#endif
