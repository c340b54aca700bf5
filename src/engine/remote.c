// SPDX-License-Identifier: MIT
/* Plans whose steps run elsewhere. Every value has its place in two arenas, one there and one on the host; what the host gives and
 * what it is to see is copied, and nothing else of the host's arena is ever touched. */
#include "engine/remote.h"

#include "base/alloc.h"

enum { MAX_HEADS = 3 * FOV_MAX_LEVELS };

static const fov_remote *remote_of(const fov_plan *plan)
{
    return plan->engine->backend->remote;
}

void *fov_plan_remote(const fov_plan *plan, const fov_view *view)
{
    return plan->remote_arena + ((unsigned char *)view->data - plan->arena);
}

/* From the first to the last element, and what lies between them. */
static size_t extent_bytes(const fov_view *view)
{
    int64_t last = 0;
    for (int i = 0; i < view->shape.rank; i++) {
        if (view->shape.dim[i] < 1) return 0;
        last += (view->shape.dim[i] - 1) * view->stride[i];
    }
    return (size_t)(last + 1) * fov_dtype_size(view->dtype);
}

static fov_status upload(const fov_plan *plan, const fov_view *view, fov_error *err)
{
    return remote_of(plan)->upload(plan->place, fov_plan_remote(plan, view), view->data, extent_bytes(view), err);
}

/* Outputs that follow from constants lie elsewhere on the host, and are there already. */
static bool in_arena(const fov_plan *plan, const fov_view *view)
{
    const uintptr_t at = (uintptr_t)view->data, arena = (uintptr_t)plan->arena;
    return at >= arena && at - arena < plan->arena_bytes;
}

static fov_status download(const fov_plan *plan, const fov_view *view, fov_error *err)
{
    if (!in_arena(plan, view)) return FOV_OK;
    return remote_of(plan)->download(plan->place, view->data, fov_plan_remote(plan, view), extent_bytes(view), err);
}

/* ---------------------------------------------------------------- making ready */

static void fill_calls(const fov_plan *plan, fov_call *calls)
{
    for (int i = 0; i < plan->n_step; i++) {
        const fov_step *step = &plan->step[i];
        calls[i] = (fov_call){step->lowered, step->in, step->out, plan->arena + step->scratch_offset, step->wave};
    }
}

static fov_status compile(fov_plan *plan, const fov_call *calls, bool stepwise, fov_error *err)
{
    const int  count = stepwise ? plan->n_step : 1, each = stepwise ? 1 : plan->n_step;
    fov_status st = FOV_OK;
    for (int i = 0; i < count && !st; i++) {
        st = remote_of(plan)->compile(plan->place, calls + (ptrdiff_t)i * each, each, &plan->program[i], err);
        plan->n_program = i + 1;
    }
    return st;
}

/* Photos to faces, as one. */
static fov_status compile_faces(fov_plan *plan, const fov_call *calls, fov_error *err)
{
    const fov_engine *engine = plan->engine;
    fov_view          head[MAX_HEADS];
    if (engine->graph->n_output > MAX_HEADS)
        return fov_fail(err, FOV_ERR_INTERNAL, "a network with %d outputs; please report this model", engine->graph->n_output);
    for (int i = 0; i < engine->graph->n_output; i++) head[i] = *fov_plan_output(plan, i);
    const fov_ends ends = {&engine->settings, fov_plan_input(plan), head};
    fov_status     st = remote_of(plan)->compile_faces(plan->place, calls, plan->n_step, &ends, &plan->program[0], err);
    plan->n_program = 1;
    plan->faces = true;
    return st;
}

typedef enum use { STEPWISE, AT_ONCE, TO_FACES } use;

static fov_status make_ready(fov_plan *plan, fov_place *place, void *memory, use how, fov_error *err)
{
    unsigned char *const host = plan->arena;
    fov_call            *calls = fov_calloc((size_t)plan->n_step, sizeof *calls);
    fov_status           st = FOV_OK;
    fov_plan_release(plan);
    plan->place = place;
    plan->remote_arena = memory;
    plan->program = fov_calloc((size_t)plan->n_step + 1, sizeof *plan->program); /* also where nothing is to be done at all */
    if (!calls || !plan->program) st = fov_fail_memory(err, "the programs of a plan");
    if (!st) {
        fov_plan_bind(plan, memory);
        fill_calls(plan, calls);
        st = how == TO_FACES ? compile_faces(plan, calls, err) : compile(plan, calls, how == STEPWISE, err);
        fov_plan_bind(plan, host);
    }
    fov_free(calls);
    if (st) fov_plan_release(plan);
    return st;
}

fov_status fov_plan_compile(fov_plan *plan, fov_place *place, void *memory, bool stepwise, fov_error *err)
{
    return make_ready(plan, place, memory, stepwise ? STEPWISE : AT_ONCE, err);
}

fov_status fov_plan_compile_faces(fov_plan *plan, fov_place *place, void *memory, fov_error *err)
{
    return make_ready(plan, place, memory, TO_FACES, err);
}

void fov_plan_release(fov_plan *plan)
{
    for (int i = 0; i < plan->n_program; i++) remote_of(plan)->release(plan->program[i]);
    fov_free(plan->program);
    plan->program = NULL;
    plan->n_program = 0;
    plan->faces = false;
    plan->place = NULL;
    plan->remote_arena = NULL;
}

/* ---------------------------------------------------------------- running */

fov_status fov_remote_give(const fov_plan *plan, fov_error *err)
{
    return upload(plan, fov_plan_input(plan), err);
}

fov_status fov_remote_take(const fov_plan *plan, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < plan->engine->graph->n_output && !st; i++) st = download(plan, fov_plan_output(plan, i), err);
    return st;
}

fov_status fov_remote_run(const fov_plan *plan, double *seconds, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < plan->n_program && !st; i++) st = remote_of(plan)->run(plan->program[i], seconds ? &seconds[i] : NULL, err);
    return st;
}

fov_status fov_remote_run_observed(const fov_plan *plan, fov_observer *observe, void *context, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < plan->n_program && !st; i++) {
        const fov_step *step = &plan->step[i];
        st = remote_of(plan)->run(plan->program[i], NULL, err);
        for (int j = 0; j < step->n_out && !st; j++)
            if (step->value[j] != FOV_NONE) st = download(plan, &step->out[j], err);
        if (!st) st = observe(context, plan, step, err);
    }
    return st;
}

fov_status fov_remote_start(const fov_plan *plan, const fov_remote_photo *photo, const fov_detect_options *options, fov_pool *pool,
                            fov_error *err)
{
    return remote_of(plan)->start(plan->program[0], photo, options, pool, err);
}

fov_status fov_remote_finish(const fov_plan *plan, fov_faces *faces, fov_error *err)
{
    return remote_of(plan)->finish(plan->program[0], faces, err);
}
