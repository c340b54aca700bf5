// SPDX-License-Identifier: MIT
#include "graph/passes.h"

#include "graph/op.h"

static const struct {
    const char *name;
    fov_pass   *run;
} passes[FOV_PASS_COUNT] = {
#define FOV_PASS(name) {#name, fov_pass_##name},
#include "graph/passes.def"
#undef FOV_PASS
};

/* Every pass may rely on nodes with the inputs they need and on topological order, which is restored after each. */
fov_status fov_graph_optimize(fov_graph *graph, fov_pass_count *counts, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++)
        if (!graph->node[i].dead) st = fov_op_check(&graph->node[i], err);
    if (!st) st = fov_graph_sort(graph, err);
    for (int i = 0; i < FOV_PASS_COUNT && !st; i++) {
        int count = 0;
        st = passes[i].run(graph, &count, err);
        if (!st) st = fov_graph_sort(graph, err);
        if (counts) counts[i] = (fov_pass_count){passes[i].name, count};
    }
    return st ? st : fov_graph_compact(graph, err);
}
