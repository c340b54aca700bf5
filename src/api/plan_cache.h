// SPDX-License-Identifier: MIT
/* The plans of one detector, the most recently used first, over one arena that serves them in turn. */
#ifndef FOVEA_API_PLAN_CACHE_H
#define FOVEA_API_PLAN_CACHE_H

#include "engine/engine.h"

enum { FOV_PLAN_CACHE_SIZE = 8, FOV_RECENT_CALLS = 8 };

typedef struct fov_plan_cache {
    fov_plan      *plan[FOV_PLAN_CACHE_SIZE];
    unsigned char *arena;
    size_t         arena_bytes;
    fov_place     *place;                    /* where the plans run, set by whoever owns the cache; NULL: on the host */
    void          *remote_arena;             /* as large, there */
    size_t         needed;                   /* by the call at hand: the largest of its plans */
    size_t         recent[FOV_RECENT_CALLS]; /* what the last calls needed, the latest first; 0: none */
} fov_plan_cache;

/** How a plan is to be run. */
typedef enum fov_plan_use {
    FOV_PLAN_FAST,  /* as fast as it can */
    FOV_PLAN_TIMED, /* the same steps, one by one */
    FOV_PLAN_FACES, /* from photos to faces, where it runs elsewhere */
    FOV_PLAN_WHOLE, /* every value is in memory after its step */
} fov_plan_use;

/** The plan for an input size, made if needed and bound to the arena; belongs to the cache. */
fov_status fov_plan_cache_get(fov_plan_cache *cache, const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads,
                              fov_plan_use use, fov_plan **plan, fov_error *err);
/**
 * A caller's call is over, its plans' values are not needed any more. Gives the arena back when it is over 4 times as large as the
 * second largest need of the last FOV_RECENT_CALLS calls: a single large photo among small ones does not hold its memory, sizes
 * that alternate within that range do not reallocate, and neither do large photos that come again.
 * @return whether it was given back
 */
bool fov_plan_cache_settle(fov_plan_cache *cache);
void fov_plan_cache_clear(fov_plan_cache *cache);

#endif
