// SPDX-License-Identifier: MIT
/* A model's optimised graph, from which engines of several precisions are made and measured. */
#ifndef FOVEA_BUILD_COMPILE_H
#define FOVEA_BUILD_COMPILE_H

#include "engine/engine.h"
#include "quant/ranges.h"

/** What one build works on. */
typedef struct fov_compile {
    const fov_engine_options     *options;
    const struct fov_calibration *ranges;   /* NULL: none needed so far */
    double                        max_loss; /* options->max_loss, or its default */
    fov_graph                    *graph;    /* optimised, FP32 */
    fov_settings                  settings;
    fov_pass_count                passes[FOV_PASS_COUNT];
} fov_compile;

fov_status fov_compile_begin(fov_compile *compile, const fov_model *model, const fov_engine_options *options, fov_error *err);
void       fov_compile_end(fov_compile *compile);

/** Types of all nodes for one precision: fov_typing.node. @param types out: n_node of compile->graph */
void fov_compile_types(const fov_compile *compile, fov_precision precision, fov_dtype *types);
/** An engine to measure: of a copy of the graph, whose convolutions compute in `types`. */
fov_status fov_compile_trial(const fov_compile *compile, const fov_dtype *types, fov_engine **engine, fov_error *err);
/** The engine that was asked for: of the graph itself, which is gone afterwards. */
fov_status fov_compile_finish(fov_compile *compile, const fov_dtype *types, fov_engine **engine, fov_error *err);

#endif
