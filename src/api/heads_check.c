// SPDX-License-Identifier: MIT
#include "api/heads_check.h"

enum { HEADS_PER_LEVEL = 3 };

/* A graph from a file may answer for some sizes as the settings say, and otherwise for others. */
fov_status fov_heads_check(const fov_plan *plan, fov_error *err)
{
    static const int    numbers[HEADS_PER_LEVEL] = {2, 4, 10};
    const fov_settings *settings = &plan->engine->settings;
    const fov_graph    *graph = plan->engine->graph;
    if (fov_graph_gives_table(graph)) return FOV_OK;
    for (int i = 0; i < graph->n_output; i++) {
        const fov_level *level = &settings->level[i / HEADS_PER_LEVEL];
        const int64_t    channels = numbers[i % HEADS_PER_LEVEL] * (int64_t)level->n_anchor;
        const fov_dtype  dtype = fov_plan_output(plan, i)->dtype;
        const fov_shape *head = &fov_plan_output(plan, i)->shape, *first = &fov_plan_output(plan, i - i % HEADS_PER_LEVEL)->shape;
        char             text[128];
        if (dtype != FOV_F32 || head->rank != 4 || head->dim[0] != plan->n || head->dim[1] != channels ||
            head->dim[2] != first->dim[2] || head->dim[3] != first->dim[3])
            return fov_fail(
                err, FOV_ERR_FORMAT,
                "output '%.200s' is %s for %lld inputs of %lldx%lld, which is no head of %lld channels beside the others",
                graph->value[graph->output[i]].name, fov_shape_print(head, text, sizeof text), (long long)plan->n,
                (long long)plan->w, (long long)plan->h, (long long)channels);
    }
    return FOV_OK;
}
