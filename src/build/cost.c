// SPDX-License-Identifier: MIT
#include "build/cost.h"

#include "base/cpu.h"
#include "graph/op.h"
#include "quant/typed.h"

enum { SIDE = 640 };

/* The first row whose feature the machine has. The ratios are rounded medians of `fovea bench` over both RetinaFaces
 * (docs/benchmarks.md); a type without a fast instruction costs more than FP32, for it is converted first. */
static const struct {
    fov_dtype type;
    unsigned  feature;
    double    cost;
} costs[] = {
    {FOV_U8, FOV_CPU_AMX, 0.25},
    {FOV_U8, FOV_CPU_AVX512_VNNI, 0.4},
    {FOV_U8, FOV_CPU_AVX_VNNI, 0.5},
    {FOV_U8, FOV_CPU_AVX2, 0.75},
    {FOV_U8, 0, 1.2},
    {FOV_BF16, FOV_CPU_AMX, 0.35},
    {FOV_BF16, FOV_CPU_AVX512_BF16, 0.6},
    {FOV_BF16, 0, 1.2},
    {FOV_F16, 0, 1.2},
    {FOV_F32, 0, 1},
};

double fov_cost_of(fov_dtype type)
{
    const unsigned have = fov_cpu_worthwhile();
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
        if (costs[i].type == type && (costs[i].feature & have) == costs[i].feature) return costs[i].cost;
    return 1;
}

fov_status fov_cost_macs(const fov_graph *graph, double *macs, fov_error *err)
{
    fov_view   input = fov_view_nhwc(1, 3, SIDE, SIDE, 3, NULL), *values;
    fov_status st = fov_graph_infer(graph, &input, &values, err);
    for (int i = 0; i < graph->n_node && !st; i++) {
        const fov_node *node = &graph->node[i];
        size_t          out, weight;
        macs[i] = 0;
        if (!fov_node_is_typed(graph, node)) continue;
        const fov_shape *w = &graph->value[node->in[1]].shape;
        if (fov_shape_count(&values[node->out[0]].shape, &out) && fov_shape_count(w, &weight) && w->dim[0])
            macs[i] = (double)out * ((double)weight / (double)w->dim[0]);
    }
    if (!st) fov_values_free(graph, values);
    return st;
}

double fov_cost_total(const double *macs, const fov_dtype *types, int n_node)
{
    double total = 0;
    for (int i = 0; i < n_node; i++) total += macs[i] * fov_cost_of(types[i]);
    return total;
}
