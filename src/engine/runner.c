// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "engine/engine.h"

fov_status fov_plan_run(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *err)
{
    double before = seconds ? fov_clock_s() : 0;
    for (int i = 0; i < plan->n_step; i++) {
        const fov_step    *step = &plan->step[i];
        const fov_lowered *lowered = &plan->engine->lowered[step->node];
        fov_status         st = lowered->run(lowered->impl, step->in, step->out, plan->arena + step->scratch_offset, pool, err);
        if (st) return st;
        if (seconds) {
            double now = fov_clock_s();
            seconds[i] = now - before;
            before = now;
        }
    }
    return FOV_OK;
}
