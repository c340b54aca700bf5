// SPDX-License-Identifier: MIT
/* Engine: an optimised graph, lowered. Plan: the engine at one input size, buffers laid out. Runner: the steps of a plan. */
#ifndef FOVEA_ENGINE_ENGINE_H
#define FOVEA_ENGINE_ENGINE_H

#include "backend/backend.h"
#include "graph/passes.h"
#include "models/model.h"

struct fov_engine {
    fov_graph         *graph; /* optimised */
    fov_lowered       *lowered; /* one per node */
    fov_settings       settings;
    const fov_backend *backend;
    fov_pass_count     passes[FOV_PASS_COUNT];
    char              *model_name, *family_title;
    size_t             weight_bytes; /* packed */
};

/** An engine at one input size: views of all values in one arena. Not shared: its arena is scratch. */
typedef struct fov_plan {
    int64_t        n, h, w;
    fov_view      *value;      /* n_value; constants have no data when lowering consumed them */
    unsigned char *arena;
    size_t         arena_bytes;   /* activations and scratch, shared by liveness */
    size_t         unshared_bytes; /* what they would take without sharing */
    void          *scratch;
} fov_plan;

fov_status fov_plan_new(const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads, fov_plan **plan, fov_error *err);
void       fov_plan_free(fov_plan *plan);

/** Input view (NHWC, 3 channels) to write, and output views (graph output i) to read after a run. */
fov_view *fov_plan_input(const fov_engine *engine, fov_plan *plan);
const fov_view *fov_plan_output(const fov_engine *engine, const fov_plan *plan, int index);

/** Run all steps. @param seconds one per node, or NULL */
fov_status fov_plan_run(const fov_engine *engine, fov_plan *plan, fov_pool *pool, double *seconds, fov_error *err);

#endif
