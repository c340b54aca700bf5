// SPDX-License-Identifier: MIT
#include "engine/engine.h"

fov_status fov_plan_run(const fov_plan *plan, fov_pool *pool, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < plan->n_step && !st; i++) {
        const fov_step    *step = &plan->step[i];
        const fov_lowered *lowered = &plan->engine->lowered[step->node];
        st = lowered->run(lowered->impl, step->in, step->out, plan->arena + step->scratch_offset, pool, err);
    }
    return st;
}
