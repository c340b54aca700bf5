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

/** A moment on it, as the C library's waits take one. */
static inline struct timespec cli_timespec(double seconds)
{
    const time_t whole = (time_t)seconds;
    return (struct timespec){whole, (long)((seconds - (double)whole) * 1e9)};
}

#endif
