// SPDX-License-Identifier: MIT
/* Plans whose steps run elsewhere. Every value has its place in two arenas, one there and one on the host; what the host gives and what
 * it is to see is copied, and nothing else of the host's arena is ever touched. */
#include "engine/remote.h"

#include "base/alloc.h"

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
        st = remote_of(plan)->compile(plan->place, calls + i * each, each, &plan->program[i], err);
        plan->n_program = i + 1;
    }
    return st;
}

fov_status fov_plan_compile(fov_plan *plan, fov_place *place, void *memory, bool stepwise, fov_error *err)
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
        st = compile(plan, calls, stepwise, err);
        fov_plan_bind(plan, host);
    }
    fov_free(calls);
    if (st) fov_plan_release(plan);
    return st;
}

void fov_plan_release(fov_plan *plan)
{
    for (int i = 0; i < plan->n_program; i++) remote_of(plan)->release(plan->program[i]);
    fov_free(plan->program);
    plan->program = NULL;
    plan->n_program = 0;
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
    for (int i = 0; i < plan->n_program && !st; i++)
        st = remote_of(plan)->run(plan->program[i], seconds ? &seconds[i] : NULL, err);
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
