// SPDX-License-Identifier: MIT
/* Both engines are lowered anew for every instruction set that this machine has, as a machine that has no more would lower them,
 * and run in turn. What counts is the best of a few runs: other programs only add to it. */
#include "build/slower.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

enum { SIDE = 320, LEAST_ROUNDS = 3, MOST_ROUNDS = 20, MAX_LAYERS = 5, OTHER = 0, FP32 = 1 };

static const double ENOUGH_SECONDS = 0.3; /* of both together, on one instruction set */
static const double NOISE = 1.03;         /* what is closer to 1 than that is the same */

/* One of the two on one instruction set. */
typedef struct runner {
    fov_engine    *engine;
    fov_plan      *plan;
    unsigned char *arena;
    double        *seconds, *best; /* n_step: of the last run, of the best of each step */
    double         total;          /* of the best run */
} runner;

/* ---------------------------------------------------------------- runs */

/* Any numbers that a picture could be. */
static fov_status fill_input(const fov_plan *plan, fov_error *err)
{
    float      row[SIDE * 3];
    fov_status st = FOV_OK;
    for (int y = 0; y < SIDE && !st; y++) {
        for (int i = 0; i < SIDE * 3; i++) row[i] = (float)((i * 37 + y * 101) % 256 - 128);
        if (plan->takes_rows) st = fov_plan_put_row(plan, 0, y, row, err);
        else memcpy((float *)fov_plan_input(plan)->data + (size_t)y * SIDE * 3, row, sizeof row);
    }
    return st;
}

static void runner_close(runner *r)
{
    fov_plan_free(r->plan);
    fov_engine_free(r->engine);
    fov_free_aligned(r->arena);
    fov_free(r->seconds);
    *r = (runner){0};
}

static fov_status runner_open(runner *r, const fov_engine *like, fov_error *err)
{
    fov_graph *graph;
    *r = (runner){0};
    fov_status st = fov_graph_clone(like->graph, &graph, err);
    if (!st) st = fov_engine_from_graph(graph, &like->settings, like->backend->name, like->device, false, &r->engine, err);
    if (!st) st = fov_plan_new(r->engine, 1, SIDE, SIDE, 1, false, &r->plan, err);
    if (st) return st;
    r->arena = fov_alloc_aligned(r->plan->arena_bytes);
    r->seconds = fov_alloc_array(2 * (size_t)r->plan->n_step, sizeof *r->seconds);
    if (!r->arena || !r->seconds) return fov_fail_memory(err, "the times of an engine");
    r->best = r->seconds + r->plan->n_step;
    fov_plan_bind(r->plan, r->arena);
    return FOV_OK;
}

/* What the network reads is part of the arena, whose other parts a run writes: it is there anew for each. */
static fov_status runner_run(runner *r, fov_slower_clock *clock, fov_pool *pool, bool first, double *spent, fov_error *err)
{
    double     total = 0;
    fov_status st = fill_input(r->plan, err);
    if (!st) st = clock(r->plan, pool, r->seconds, err);
    for (int i = r->plan->takes_rows; i < r->plan->n_step && !st; i++) {
        total += r->seconds[i];
        if (first || r->seconds[i] < r->best[i]) r->best[i] = r->seconds[i];
    }
    if (first || total < r->total) r->total = total;
    *spent += total;
    return st;
}

static fov_status run_in_turn(runner *both, fov_slower_clock *clock, fov_pool *pool, fov_error *err)
{
    double     spent = 0;
    fov_status st = FOV_OK;
    for (int round = 0; round < MOST_ROUNDS && (round < LEAST_ROUNDS || spent < ENOUGH_SECONDS) && !st; round++)
        for (int i = 0; i < 2 && !st; i++) st = runner_run(&both[i], clock, pool, round == 0, &spent, err);
    return st;
}

/* ---------------------------------------------------------------- layers */

typedef struct layer {
    const char *name;
    double      seconds, fp32;
} layer;

static const char *name_at(const runner *r, int step, bool first)
{
    const fov_step *s = &r->plan->step[step];
    return r->engine->graph->value[r->engine->graph->node[s->node[first ? 0 : s->nodes - 1]].out[0]].name;
}

/* Seconds of the step that runs the same layers in FP32; 0: there is none. */
static double same_in_fp32(const runner *both, int step)
{
    for (int i = both[FP32].plan->takes_rows; i < both[FP32].plan->n_step; i++)
        if (!strcmp(name_at(&both[FP32], i, false), name_at(&both[OTHER], step, false)) &&
            !strcmp(name_at(&both[FP32], i, true), name_at(&both[OTHER], step, true)))
            return both[FP32].best[i];
    return 0;
}

/* Layers that lose most, the worst first. @return how many */
static int worst_layers(const runner *both, layer *worst)
{
    int count = 0;
    for (int i = both[OTHER].plan->takes_rows; i < both[OTHER].plan->n_step; i++) {
        const layer l = {name_at(&both[OTHER], i, false), both[OTHER].best[i], same_in_fp32(both, i)};
        int         at = count;
        if (!(l.fp32 > 0 && l.seconds > NOISE * l.fp32)) continue;
        while (at > 0 && worst[at - 1].seconds - worst[at - 1].fp32 < l.seconds - l.fp32) at--;
        if (at == MAX_LAYERS) continue;
        if (count < MAX_LAYERS) count++;
        memmove(worst + at + 1, worst + at, (size_t)(count - 1 - at) * sizeof *worst);
        worst[at] = l;
    }
    return count;
}

static json_t *slower_json(const char *cpu, const runner *both)
{
    layer     worst[MAX_LAYERS];
    const int count = worst_layers(both, worst);
    json_t   *layers = json_array();
    for (int i = 0; i < count; i++)
        fov_json_add(&layers, json_pack("{s:o, s:f, s:f}", "name", fov_json_name(worst[i].name), "seconds", worst[i].seconds,
                                        "fp32_seconds", worst[i].fp32));
    return json_pack("{s:s, s:f, s:f, s:o}", "cpu", cpu, "seconds", both[OTHER].total, "fp32_seconds", both[FP32].total, "layers",
                     layers);
}

/* ---------------------------------------------------------------- instruction sets */

typedef struct levels {
    const fov_engine *engine, *fp32;
    fov_slower_clock *clock;
    fov_pool         *pool;
    json_t           *found;
} levels;

static fov_status try_level(const levels *l, unsigned features, const char *name, fov_error *err)
{
    runner both[2] = {0};
    fov_cpu_limit_thread(features);
    fov_status st = runner_open(&both[OTHER], l->engine, err);
    if (!st) st = runner_open(&both[FP32], l->fp32, err);
    if (!st) st = run_in_turn(both, l->clock, l->pool, err);
    fov_cpu_limit_thread(~0U);
    if (!st && both[OTHER].total > NOISE * both[FP32].total && json_array_append_new(l->found, slower_json(name, both)))
        st = fov_fail_memory(err, "what is slower");
    runner_close(&both[OTHER]);
    runner_close(&both[FP32]);
    return st;
}

static int count_bits(unsigned bits)
{
    int count = 0;
    for (; bits; bits &= bits - 1) count++;
    return count;
}

/* Each with those below it. */
static fov_status try_levels(const levels *l, fov_progress *progress, void *user, fov_error *err)
{
    const unsigned all = fov_cpu_features();
    const size_t   total = 1 + (size_t)count_bits(all);
    unsigned       have = 0, bit = 0;
    fov_status     st = FOV_OK;
    for (size_t i = 0; i < total && !st; i++) {
        if (progress && !progress(user, "timing instruction sets", i, total))
            return fov_fail(err, FOV_ERR_CANCELLED, "stopped while timing instruction sets");
        st = try_level(l, have, bit ? fov_cpu_feature_name(bit) : "generic", err);
        bit = all & ~have;
        bit &= ~bit + 1; /* the lowest */
        have |= bit;
    }
    return st;
}

static fov_status check_engines(const fov_engine *engine, const fov_engine *fp32, fov_error *err)
{
    if (!engine->keeps_weights || !fp32->keeps_weights)
        return fov_fail(err, FOV_ERR_ARGUMENT, "engines to be timed anew need their weights: build both with keep_weights");
    if (fp32->precision != FOV_PRECISION_FP32)
        return fov_fail(err, FOV_ERR_ARGUMENT, "the engine to compare with is %s: one of fp32 is needed",
                        fov_precision_name(fp32->precision));
    return FOV_OK;
}

fov_status fov_slower_json(const fov_engine *engine, const fov_engine *fp32, fov_slower_clock *clock, fov_progress *progress,
                           void *progress_user, char **json, fov_error *err)
{
    levels     l = {.engine = engine, .fp32 = fp32, .clock = clock};
    fov_status st = check_engines(engine, fp32, err);
    *json = NULL;
    if (st || (st = fov_pool_new(1, &l.pool, err))) return st;
    l.found = json_array();
    if (!strcmp(engine->backend->name, "cpu")) st = try_levels(&l, progress, progress_user, err);
    fov_pool_free(l.pool);
    if (st) json_decref(l.found);
    else if (!(*json = fov_json_take(l.found))) st = fov_fail_memory(err, "what is slower");
    return st;
}

fov_status fov_engine_slower_json(const fov_engine *engine, const fov_engine *fp32, fov_progress *progress, void *progress_user,
                                  char **json, fov_error *err)
{
    return fov_slower_json(engine, fp32, fov_plan_run_timed, progress, progress_user, json, err);
}
