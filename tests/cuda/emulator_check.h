// SPDX-License-Identifier: MIT
/* What the kernels of emulator_check.cu are given. */
#ifndef FOVEA_TESTS_CUDA_EMULATOR_CHECK_H
#define FOVEA_TESTS_CUDA_EMULATOR_CHECK_H

#include <stdint.h>

typedef struct check_params {
    const void *x, *weight;
    void       *y, *count;
    int32_t     mode;
} check_params;

/* check_mistake's */
enum {
    CHECK_LONELY_BARRIER,
    CHECK_DIVERGENCE,
    CHECK_RETURNED_LANE,
    CHECK_UNALIGNED,
    CHECK_OUTSIDE,
    CHECK_NEVER_WAITS,
    CHECK_BEYOND_SHARED
};

#endif
