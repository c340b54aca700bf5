// SPDX-License-Identifier: MIT
/* From a model to an engine: which precision, and what it takes to get there. */
#include "base/alloc.h"
#include "engine/engine.h"

fov_status fov_engine_build(const fov_model *model, const fov_engine_options *options, fov_engine **out, fov_error *err)
{
    static const fov_engine_options defaults = {0};
    fov_graph                      *graph;
    fov_pass_count                  passes[FOV_PASS_COUNT];
    fov_status                      st;
    if (!options) options = &defaults;
    *out = NULL;
    if ((st = fov_graph_clone(model->graph, &graph, err))) return st;
    if ((st = fov_graph_optimize(graph, passes, err))) {
        fov_graph_free(graph);
        return st;
    }
    if ((st = fov_engine_from_graph(graph, &model->settings, options->backend, options->keep_weights, out, err))) return st;
    for (int i = 0; i < FOV_PASS_COUNT; i++) (*out)->passes[i] = passes[i];
    return FOV_OK;
}
