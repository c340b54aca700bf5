// SPDX-License-Identifier: MIT
/* The library's allocator under observation: counts blocks and bytes, and fails on request. Where FOVEA_SITES names a file, the
 * places at which it failed are added to it at the end of the program, for tests/fault/sites.py. */
#ifndef FOVEA_TESTS_ALLOC_PROBE_H
#define FOVEA_TESTS_ALLOC_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What happened since alloc_probe_start(). Counters may be updated from several threads. */
typedef struct alloc_probe {
    uint64_t calls;       /* allocations and reallocations asked for                        */
    int64_t  blocks;      /* outstanding                                                    */
    int64_t  bytes, peak; /* outstanding, and the most there were                           */
    uint64_t failed;      /* calls that were refused                                        */
} alloc_probe;

/**
 * Install the probe through fov_allocator_set(). Nothing of the library may be alive.
 * @param fail_at   refuse this call (1 is the first) and every later one; 0: refuse none
 * @param max_bytes refuse what would take more than this at once; 0: no limit
 */
void alloc_probe_start(uint64_t fail_at, int64_t max_bytes);
/** The same, refusing nothing, and taking down from where the calls come. */
void alloc_probe_survey(void);
/**
 * The calls since alloc_probe_survey() that were the first from their place in the program, in all surveys so far. A place is a
 * function, and who called that.
 * @param call out: their numbers, the first is 1. @return how many there are, at most `capacity`
 */
size_t alloc_probe_places(uint64_t *call, size_t capacity);

/** What was counted so far. */
alloc_probe alloc_probe_now(void);
/** Give the default allocator back. Everything the library allocated must have been freed. */
alloc_probe alloc_probe_stop(void);

#endif
