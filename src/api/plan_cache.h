// SPDX-License-Identifier: MIT
/* The plans of one detector, the most recently used first, over one arena that serves them in turn. */
#ifndef FOVEA_API_PLAN_CACHE_H
#define FOVEA_API_PLAN_CACHE_H

#include "engine/engine.h"

enum { FOV_PLAN_CACHE_SIZE = 8 };

typedef struct fov_plan_cache {
    fov_plan      *plan[FOV_PLAN_CACHE_SIZE];
    unsigned char *arena;
    size_t         arena_bytes;
} fov_plan_cache;

/** The plan for an input size, made if needed and bound to the arena; belongs to the cache. */
fov_status fov_plan_cache_get(fov_plan_cache *cache, const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads,
                              bool whole, fov_plan **plan, fov_error *err);
void       fov_plan_cache_clear(fov_plan_cache *cache);

#endif
