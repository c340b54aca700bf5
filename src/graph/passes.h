// SPDX-License-Identifier: MIT
/* Rewrites graph -> graph, one file each in graph/passes/, in the order of passes.def, which is part of the meaning. */
#ifndef FOVEA_GRAPH_PASSES_H
#define FOVEA_GRAPH_PASSES_H

#include "graph/graph.h"

/** How often each pass rewrote something; what `fovea inspect` prints. */
typedef struct fov_pass_count {
    const char *name;
    int         count;
} fov_pass_count;

/** A pass marks removed nodes dead and adds the number of its rewrites to *count. The caller sorts and compacts. */
typedef fov_status fov_pass(fov_graph *graph, int *count, fov_error *err);

#define FOV_PASS(name) fov_pass fov_pass_##name;
#include "graph/passes.def"
#undef FOV_PASS

enum {
#define FOV_PASS(name) FOV_PASS_INDEX_##name,
#include "graph/passes.def"
#undef FOV_PASS
    FOV_PASS_COUNT
};

/** Run all passes of passes.def in order. @param counts FOV_PASS_COUNT entries, or NULL */
fov_status fov_graph_optimize(fov_graph *graph, fov_pass_count *counts, fov_error *err);

#endif
