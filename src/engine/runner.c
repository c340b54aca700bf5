// SPDX-License-Identifier: MIT
#include "engine/engine.h"

#include "base/clock.h"
#include "engine/remote.h"

static fov_status run_step(const fov_plan *plan, const fov_step *step, fov_pool *pool, fov_error *err)
{
    return step->lowered->run(step->lowered->impl, step->in, step->out, plan->arena + step->scratch_offset, pool, err);
}

/* @param seconds of each program; may be NULL */
static fov_status run_elsewhere(const fov_plan *plan, double *seconds, fov_error *err)
{
    fov_status st = fov_remote_give(plan, err);
    if (!st) st = fov_remote_run(plan, seconds, err);
    return st ? st : fov_remote_take(plan, err);
}

fov_status fov_plan_run(const fov_plan *plan, fov_pool *pool, fov_error *err)
{
    fov_status st = FOV_OK;
    if (plan->place) return run_elsewhere(plan, NULL, err);
    for (int i = plan->takes_rows; i < plan->n_step && !st; i++) st = run_step(plan, &plan->step[i], pool, err);
    return st;
}

fov_status fov_plan_run_timed(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *err)
{
    fov_status st = FOV_OK;
    double     start = fov_clock_s();
    if (plan->place) return run_elsewhere(plan, seconds, err);
    if (plan->takes_rows) seconds[0] = 0; /* run row by row, before */
    for (int i = plan->takes_rows; i < plan->n_step && !st; i++) {
        st = run_step(plan, &plan->step[i], pool, err);
        const double end = fov_clock_s();
        seconds[i] = end - start;
        start = end;
    }
    return st;
}

fov_status fov_plan_run_observed(const fov_plan *plan, fov_pool *pool, fov_observer *observe, void *context, fov_error *err)
{
    fov_status st = FOV_OK;
    if (plan->place) {
        st = fov_remote_give(plan, err);
        if (!st) st = fov_remote_run_observed(plan, observe, context, err);
        return st ? st : fov_remote_take(plan, err);
    }
    for (int i = 0; i < plan->n_step && !st; i++) {
        st = run_step(plan, &plan->step[i], pool, err);
        if (!st) st = observe(context, plan, &plan->step[i], err);
    }
    return st;
}
