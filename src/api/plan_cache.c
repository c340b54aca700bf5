// SPDX-License-Identifier: MIT
#include "api/plan_cache.h"

#include "api/heads_check.h"
#include "base/alloc.h"

#include <string.h>

static bool fits(const fov_plan *plan, int64_t n, int64_t h, int64_t w, bool whole)
{
    return plan && plan->n == n && plan->h == h && plan->w == w && plan->whole == whole;
}

static const fov_remote *remote_of(const fov_plan_cache *cache)
{
    return cache->plan[0]->engine->backend->remote;
}

/* Move entry `i` to the front. */
static void promote(fov_plan_cache *cache, int i)
{
    fov_plan *plan = cache->plan[i];
    for (; i > 0; i--) cache->plan[i] = cache->plan[i - 1];
    cache->plan[0] = plan;
}

static void free_arena(fov_plan_cache *cache)
{
    for (int i = 0; i < FOV_PLAN_CACHE_SIZE; i++) {
        if (!cache->plan[i]) continue;
        fov_plan_release(cache->plan[i]);
        cache->plan[i]->arena = NULL;
    }
    if (cache->remote_arena) remote_of(cache)->free(cache->place, cache->remote_arena);
    cache->remote_arena = NULL;
    fov_free_aligned(cache->arena);
    cache->arena = NULL;
    cache->arena_bytes = 0;
}

/* The arena only grows here; settling gives it back. */
static fov_status fit_arena(fov_plan_cache *cache, size_t bytes, fov_error *err)
{
    if (bytes > cache->needed) cache->needed = bytes;
    if (bytes <= cache->arena_bytes) return FOV_OK;
    free_arena(cache);
    cache->arena = fov_alloc_aligned(bytes);
    if (!cache->arena)
        return fov_fail(err, FOV_ERR_MEMORY, "no memory for %zu MiB of activations; choose a smaller size", bytes >> 20);
    cache->arena_bytes = bytes;
    if (!cache->place) return FOV_OK;
    fov_status st = remote_of(cache)->alloc(cache->place, bytes, &cache->remote_arena, err);
    if (st) free_arena(cache);
    return st;
}

static bool is_ready(const fov_plan_cache *cache, const fov_plan *plan, fov_plan_use use)
{
    const bool stepwise = use != FOV_PLAN_FAST && use != FOV_PLAN_FACES;
    return plan->place && plan->remote_arena == cache->remote_arena && plan->faces == (use == FOV_PLAN_FACES) &&
           (plan->n_program > 1) == stepwise;
}

/* What is compiled stays so until the arena moves or another use comes. */
static fov_status make_ready(const fov_plan_cache *cache, fov_plan *plan, fov_plan_use use, fov_error *err)
{
    fov_plan_bind(plan, cache->arena);
    if (!cache->place || is_ready(cache, plan, use)) return FOV_OK;
    if (use != FOV_PLAN_FACES) return fov_plan_compile(plan, cache->place, cache->remote_arena, use != FOV_PLAN_FAST, err);
    fov_status st = fov_heads_check(plan, err);
    return st ? st : fov_plan_compile_faces(plan, cache->place, cache->remote_arena, err);
}

bool fov_plan_cache_settle(fov_plan_cache *cache)
{
    size_t largest = 0, second = 0;
    if (!cache->needed) return false;
    memmove(cache->recent + 1, cache->recent, (FOV_RECENT_CALLS - 1) * sizeof *cache->recent);
    cache->recent[0] = cache->needed;
    cache->needed = 0;
    for (int i = 0; i < FOV_RECENT_CALLS; i++) {
        if (cache->recent[i] > largest) {
            second = largest;
            largest = cache->recent[i];
        } else if (cache->recent[i] > second) {
            second = cache->recent[i];
        }
    }
    if (!second || cache->arena_bytes / 4 <= second) return false;
    free_arena(cache);
    return true;
}

fov_status fov_plan_cache_get(fov_plan_cache *cache, const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads,
                              fov_plan_use use, fov_plan **out, fov_error *err)
{
    const bool whole = use == FOV_PLAN_WHOLE;
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
    if ((st = make_ready(cache, cache->plan[0], use, err))) return st;
    *out = cache->plan[0];
    return FOV_OK;
}

void fov_plan_cache_clear(fov_plan_cache *cache)
{
    fov_place *place = cache->place;
    free_arena(cache);
    for (int i = 0; i < FOV_PLAN_CACHE_SIZE; i++) fov_plan_free(cache->plan[i]);
    *cache = (fov_plan_cache){.place = place};
}
