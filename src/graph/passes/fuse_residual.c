// SPDX-License-Identifier: MIT
/* An addition into one of the Convs it adds, three ways:
 *
 *     a = Conv(x, w, b)                       y = Conv(x, w, b, r) {fused_residual=before fused_slope=0}
 *     s = Add(a, r)                    ->
 *     y = Relu(s)                             (ResNet block; without the Relu the slope stays 1)
 *
 *     a = Conv(x, w, b) {fused_slope=0.1}     y = Conv(x, w, b, r) {fused_slope=0.1 fused_residual=after
 *     y = Add(a, r)                    ->                           fused_residual_scale=1}
 *
 *     a = Conv(x, w, b) {fused_slope=0.1}     y = Conv(x, w, b, r) {fused_slope=0.1 fused_residual=after
 *     u = Resize(r, scales=1,1,2,2)    ->                           fused_residual_scale=2}
 *     y = Add(a, u)                           (feature pyramid: nearest enlargement by an integer, replication only)
 *
 * The Conv must have no other reader, so r cannot depend on it. Of two such Convs the later one takes the addition: the
 * other's result exists by then. Two roundings to float go away: y differs by at most 2^-23 * (|a| + |r|).
 *
 * Add broadcasts and a residual does not, so shapes must be known to agree: they are inferred for one probe size, and
 * what cannot be inferred stays as it is. Nodes must stand in topological order; afterwards they may not. */
#include "graph/passes.h"

#include "base/alloc.h"
#include "graph/op.h"
#include "graph/ops/resize.h"
#include "graph/passes/edit.h"

enum { MAX_SCALE = 64 };

/* Shapes at a size that is no dimension's likely 1: what is open in the graph's inputs becomes 2 x 3 x 256 x 320. */
static fov_status probe_shapes(const fov_graph *graph, fov_view **values, fov_error *err)
{
    static const int64_t open[FOV_MAX_RANK] = {2, 3, 256, 320, 2, 2};
    fov_view            *input = fov_calloc((size_t)graph->n_input, sizeof *input);
    fov_error            ignored;
    *values = NULL;
    if (!input) return fov_fail_memory(err, "the probe of shapes");
    for (int i = 0; i < graph->n_input; i++) {
        const fov_value *value = &graph->value[graph->input[i]];
        input[i].dtype = value->dtype;
        input[i].shape = value->shape;
        for (int j = 0; j < value->shape.rank; j++)
            if (value->shape.dim[j] < 0) input[i].shape.dim[j] = open[j];
    }
    fov_status st = fov_graph_infer(graph, input, values, &ignored);
    fov_free(input);
    return st == FOV_ERR_MEMORY ? fov_fail_memory(err, "the probe of shapes") : FOV_OK;
}

/* A Conv that may take a residual: read by the Add alone, none yet. */
static int free_conv(const fov_graph *graph, int value)
{
    int conv = fov_graph_private_producer(graph, value, FOV_OP_Conv);
    if (conv == FOV_NONE) return FOV_NONE;
    return graph->node[conv].n_in < 4 || graph->node[conv].in[3] == FOV_NONE ? conv : FOV_NONE;
}

typedef struct fusion {
    int   conv, add, activation; /* nodes; activation may be FOV_NONE */
    int   residual;              /* value */
    int   scale;
    float slope; /* of the activation */
} fusion;

/* Integer factor of a Resize that repeats rows and columns, 0 for any other. */
static int replication(const fov_graph *graph, const fov_node *resize)
{
    fov_sampling sampling;
    int          at = fov_resize_scales_index(resize);
    if (fov_sampling_read(resize, graph->opset, &sampling) || !fov_sampling_replicates(&sampling)) return 0;
    const float *scale = at < resize->n_in ? fov_graph_floats(graph, resize->in[at], 4) : NULL;
    if (!scale || fov_node_attr(resize, "axes") || scale[0] != 1 || scale[1] != 1 || scale[2] != scale[3]) return 0;
    for (int s = 1; s <= MAX_SCALE; s++)
        if (scale[2] == (float)s) return s;
    return 0;
}

/* Read the residual in front of its enlargement, if it has one. */
static void skip_resize(const fov_graph *graph, fusion *f)
{
    int resize = fov_graph_private_producer(graph, f->residual, FOV_OP_Resize);
    int scale = resize == FOV_NONE ? 0 : replication(graph, &graph->node[resize]);
    if (!scale) return;
    f->residual = graph->node[resize].in[0];
    f->scale = scale;
}

static bool same_shape(const fov_view *shapes, int a, int b)
{
    return shapes[a].shape.rank == 4 && shapes[a].dtype == FOV_F32 && fov_shape_equal(&shapes[a].shape, &shapes[b].shape);
}

static bool find_fusion(const fov_graph *graph, const fov_view *shapes, int add, fusion *f)
{
    const fov_node *node = &graph->node[add];
    int             first = free_conv(graph, node->in[0]), second = free_conv(graph, node->in[1]);
    bool            use_second = second > first;
    *f = (fusion){.add = add, .conv = use_second ? second : first, .residual = node->in[!use_second], .scale = 1};
    if (f->conv == FOV_NONE || graph->value[f->residual].data || !same_shape(shapes, node->in[0], node->in[1])) return false;

    bool activated = fov_node_float(&graph->node[f->conv], "fused_slope", 1.0F) != 1.0F;
    f->activation = activated ? FOV_NONE : fov_graph_only_user(graph, node->out[0]);
    if (f->activation != FOV_NONE && !fov_node_is_activation(&graph->node[f->activation], &f->slope)) f->activation = FOV_NONE;
    if (f->activation == FOV_NONE) skip_resize(graph, f); /* "before" knows no enlargement */
    return true;
}

static fov_status fuse(fov_graph *graph, const fusion *f, fov_error *err)
{
    fov_node  *conv = &graph->node[f->conv];
    bool       activated = fov_node_float(conv, "fused_slope", 1.0F) != 1.0F, after = activated || f->scale != 1;
    fov_status st = fov_node_set_input(conv, 3, f->residual, err);
    if (!st) st = fov_node_set_string(conv, "fused_residual", after ? "after" : "before", err);
    if (!st && after) st = fov_node_set_int(conv, "fused_residual_scale", f->scale, err);
    if (!st && f->activation != FOV_NONE) st = fov_node_set_float(conv, "fused_slope", f->slope, err);
    if (st) return st;
    int last = f->activation == FOV_NONE ? f->add : f->activation;
    conv->out[0] = graph->node[last].out[0];
    graph->node[f->add].dead = true;
    graph->node[last].dead = true;
    return FOV_OK;
}

fov_status fov_pass_fuse_residual(fov_graph *graph, int *count, fov_error *err)
{
    fov_view  *shapes;
    fov_status st = probe_shapes(graph, &shapes, err);
    for (int i = 0; i < graph->n_node && shapes && !st; i++) {
        fusion f;
        if (graph->node[i].dead || graph->node[i].op != FOV_OP_Add || !find_fusion(graph, shapes, i, &f)) continue;
        if (!(st = fuse(graph, &f, err))) ++*count;
    }
    fov_values_free(graph, shapes);
    return st;
}
