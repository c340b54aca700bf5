// SPDX-License-Identifier: MIT
/* One run of an engine on a golden vector's pixels, with every layer shown. */
#include "engine/golden.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "graph/ops/walk.h"

typedef struct run {
    const fov_engine        *engine;
    const fov_golden_vector *vector;
    fov_golden_visit        *layer, *output;
    void                    *context;
} run;

static fov_status show(const run *r, fov_golden_visit *visit, const fov_plan *plan, const fov_view *view, int value, fov_error *err)
{
    size_t count;
    if (!fov_shape_count(&view->shape, &count)) return fov_fail(err, FOV_ERR_INTERNAL, "a layer without a closed shape");
    void    *bytes = fov_alloc_array(count, fov_dtype_size(view->dtype));
    fov_view dense = fov_view_dense(view->dtype, &view->shape, bytes);
    if (!bytes) return fov_fail_memory(err, "a layer");
    fov_view_copy_all(&dense, view);
    fov_status st = visit(r->context, plan, value, bytes, count, err);
    fov_free(bytes);
    return st;
}

static fov_status observe(void *context, const fov_plan *plan, const fov_step *step, fov_error *err)
{
    const run      *r = context;
    const fov_node *node = &plan->engine->graph->node[step->node[0]];
    fov_status      st = FOV_OK;
    for (int i = 0; i < node->n_out && !st; i++)
        if (node->out[i] != FOV_NONE) st = show(r, r->layer, plan, &step->out[i], node->out[i], err);
    return st;
}

static fov_status show_outputs(const run *r, const fov_plan *plan, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < plan->engine->graph->n_output && !st; i++) {
        const fov_view *output = fov_plan_output(plan, i);
        if (output->dtype != FOV_F32) return fov_fail(err, FOV_ERR_INTERNAL, "output %d of the network is no float", i);
        st = show(r, r->output, plan, output, i, err);
    }
    return st;
}

/* As the letterbox of a picture that has the input's size already. */
static void fill_input(const run *r, const fov_plan *plan)
{
    const fov_settings *settings = &r->engine->settings;
    const fov_view     *input = fov_plan_input(plan);
    const uint8_t      *pixel = r->vector->pixels;
    for (int64_t y = 0; y < r->vector->height; y++)
        for (int64_t x = 0; x < r->vector->width; x++, pixel += 3)
            for (int64_t c = 0; c < 3; c++)
                *fov_view_f32(input, (int64_t[]){0, c, y, x}) =
                    ((float)pixel[settings->bgr ? 2 - c : c] - settings->mean[c]) * settings->scale[c];
}

static fov_status run_plan(run *r, fov_plan *plan, fov_pool *pool, fov_error *err)
{
    unsigned char *arena = fov_alloc_aligned(plan->arena_bytes);
    if (!arena) return fov_fail_memory(err, "activations");
    fov_plan_bind(plan, arena);
    fill_input(r, plan);
    fov_status st = fov_plan_run_observed(plan, pool, observe, r, err);
    if (!st) st = show_outputs(r, plan, err);
    fov_free_aligned(arena);
    return st;
}

/* Where the engine's steps run elsewhere: the same there. */
static fov_status run_remote_plan(run *r, fov_plan *plan, fov_error *err)
{
    const fov_remote *remote = r->engine->backend->remote;
    unsigned char    *arena = fov_alloc_aligned(plan->arena_bytes);
    fov_place        *place = NULL;
    void             *memory = NULL;
    fov_status        st = arena ? remote->open(r->engine->device, &place, err) : fov_fail_memory(err, "activations");
    if (!st) st = remote->alloc(place, plan->arena_bytes, &memory, err);
    if (!st) {
        fov_plan_bind(plan, arena);
        st = fov_plan_compile(plan, place, memory, true, err);
    }
    if (!st) {
        fill_input(r, plan);
        st = fov_plan_run_observed(plan, NULL, observe, r, err);
    }
    if (!st) st = show_outputs(r, plan, err);
    fov_plan_release(plan);
    if (memory) remote->free(place, memory);
    remote->close(place);
    fov_free_aligned(arena);
    return st;
}

fov_status fov_golden_run(const fov_engine *engine, const fov_golden_vector *vector, fov_golden_visit *layer,
                          fov_golden_visit *output, void *context, fov_error *err)
{
    run        r = {engine, vector, layer, output, context};
    const int  threads = fov_cpu_threads();
    fov_plan  *plan = NULL;
    fov_pool  *pool = NULL;
    fov_status st = fov_plan_new(engine, 1, vector->height, vector->width, threads, true, &plan, err);
    if (!st) st = fov_pool_new(threads, &pool, err);
    if (!st) st = engine->backend->remote ? run_remote_plan(&r, plan, err) : run_plan(&r, plan, pool, err);
    fov_plan_free(plan);
    fov_pool_free(pool);
    return st;
}
