// SPDX-License-Identifier: MIT
#ifndef FOVEA_CLI_CLOCK_H
#define FOVEA_CLI_CLOCK_H

#include <time.h>

/** Seconds on a clock that never jumps. */
static inline double cli_now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
