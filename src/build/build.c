// SPDX-License-Identifier: MIT
/* From a model to an engine: which precision, and what it takes to get there. */
#include "base/alloc.h"
#include "build/compile.h"

static fov_status build(fov_compile *compile, fov_engine **engine, fov_error *err)
{
    fov_dtype *types = fov_alloc_array((size_t)compile->graph->n_node, sizeof *types);
    if (!types) return fov_fail_memory(err, "precisions");
    fov_compile_types(compile, compile->options->precision, types);
    fov_status st = fov_compile_finish(compile, types, engine, err);
    fov_free(types);
    return st;
}

fov_status fov_engine_build(const fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    static const fov_engine_options defaults = {0};
    fov_compile                     compile;
    *engine = NULL;
    fov_status st = fov_compile_begin(&compile, model, options ? options : &defaults, err);
    if (!st) st = build(&compile, engine, err);
    fov_compile_end(&compile);
    return st;
}
