// SPDX-License-Identifier: MIT
#include "api/plan_cache.h"

#include "base/alloc.h"

static bool fits(const fov_plan *plan, int64_t n, int64_t h, int64_t w, bool whole)
{
    return plan && plan->n == n && plan->h == h && plan->w == w && plan->whole == whole;
}

/* Move entry `i` to the front. */
static void promote(fov_plan_cache *cache, int i)
{
    fov_plan *plan = cache->plan[i];
    for (; i > 0; i--) cache->plan[i] = cache->plan[i - 1];
    cache->plan[0] = plan;
}

/* The arena grows to what a plan needs. It shrinks when a plan needs less than a quarter of it: a single large photo among
 * small ones must not hold its memory for good, and sizes that alternate within that range must not reallocate each time. */
static fov_status fit_arena(fov_plan_cache *cache, size_t bytes, fov_error *err)
{
    if (bytes <= cache->arena_bytes && bytes >= cache->arena_bytes / 4) return FOV_OK;
    fov_free_aligned(cache->arena);
    cache->arena_bytes = 0;
    for (int i = 0; i < FOV_PLAN_CACHE_SIZE; i++)
        if (cache->plan[i]) cache->plan[i]->arena = NULL;
    cache->arena = fov_alloc_aligned(bytes);
    if (!cache->arena)
        return fov_fail(err, FOV_ERR_MEMORY, "no memory for %zu MiB of activations; choose a smaller size", bytes >> 20);
    cache->arena_bytes = bytes;
    return FOV_OK;
}

fov_status fov_plan_cache_get(fov_plan_cache *cache, const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads,
                              bool whole, fov_plan **out, fov_error *err)
{
    int        i = 0, last = FOV_PLAN_CACHE_SIZE - 1;
    fov_status st;

    *out = NULL;
    while (i <= last && !fits(cache->plan[i], n, h, w, whole)) i++;
    if (i > last) {
        fov_plan *plan;
        if ((st = fov_plan_new(engine, n, h, w, threads, whole, &plan, err))) return st;
        fov_plan_free(cache->plan[last]);
        cache->plan[last] = plan;
        i = last;
    }
    promote(cache, i);
    if ((st = fit_arena(cache, cache->plan[0]->arena_bytes, err))) return st;
    fov_plan_bind(cache->plan[0], cache->arena);
    *out = cache->plan[0];
    return FOV_OK;
}

void fov_plan_cache_clear(fov_plan_cache *cache)
{
    for (int i = 0; i < FOV_PLAN_CACHE_SIZE; i++) fov_plan_free(cache->plan[i]);
    fov_free_aligned(cache->arena);
    *cache = (fov_plan_cache){0};
}
