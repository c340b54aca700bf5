// SPDX-License-Identifier: MIT
#include "build/compile.h"

#include "quant/typed.h"

static const double HALF_A_POINT = 0.005;

fov_status fov_compile_begin(fov_compile *compile, const fov_model *model, const fov_engine_options *options, fov_error *err)
{
    *compile = (fov_compile){.options = options,
                             .ranges = options->calibration,
                             .max_loss = options->max_loss > 0 ? options->max_loss : HALF_A_POINT,
                             .settings = model->settings};
    fov_status st = fov_graph_clone(model->graph, &compile->graph, err);
    if (!st) st = fov_graph_optimize(compile->graph, compile->passes, err);
    if (st) fov_compile_end(compile);
    return st;
}

void fov_compile_end(fov_compile *compile)
{
    fov_graph_free(compile->graph);
    compile->graph = NULL;
}

void fov_compile_types(const fov_compile *compile, fov_precision precision, fov_dtype *types)
{
    static const fov_dtype of_precision[] = {
        [FOV_PRECISION_AUTO] = FOV_F32, [FOV_PRECISION_FP32] = FOV_F32, [FOV_PRECISION_BF16] = FOV_BF16,
        [FOV_PRECISION_FP16] = FOV_F16, [FOV_PRECISION_INT8] = FOV_U8,  [FOV_PRECISION_MIXED] = FOV_U8};
    for (int i = 0; i < compile->graph->n_node; i++) types[i] = of_precision[precision];
}

static fov_status make(const fov_compile *compile, fov_graph *graph, const fov_dtype *types, bool keep_weights, fov_engine **engine,
                       fov_error *err)
{
    const fov_typing typing = {.node = types, .ranges = compile->ranges, .settings = &compile->settings};
    fov_status       st = fov_graph_set_types(graph, &typing, err);
    if (st) {
        fov_graph_free(graph);
        return st;
    }
    st = fov_engine_from_graph(graph, &compile->settings, compile->options->backend, compile->options->device, keep_weights, engine, err);
    for (int i = 0; i < FOV_PASS_COUNT && !st; i++) (*engine)->passes[i] = compile->passes[i];
    return st;
}

fov_status fov_compile_trial(const fov_compile *compile, const fov_dtype *types, fov_engine **engine, fov_error *err)
{
    fov_graph *graph;
    *engine = NULL;
    fov_status st = fov_graph_clone(compile->graph, &graph, err);
    return st ? st : make(compile, graph, types, false, engine, err);
}

fov_status fov_compile_finish(fov_compile *compile, const fov_dtype *types, fov_engine **engine, fov_error *err)
{
    fov_graph *graph = compile->graph;
    compile->graph = NULL;
    *engine = NULL;
    return make(compile, graph, types, compile->options->keep_weights, engine, err);
}
