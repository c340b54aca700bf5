// SPDX-License-Identifier: MIT
#include "engine/golden.h"

#include "base/alloc.h"

void fov_golden_free(fov_golden *golden)
{
    fov_free(golden);
}
