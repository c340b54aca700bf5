// SPDX-License-Identifier: MIT
/* BatchNormalization into the Conv before it:
 *
 *     a = Conv(x, w, b)                                               y = Conv(x, w', b')
 *     y = BatchNormalization(a, gamma, beta, mean, var)       ->
 *
 *     s = gamma / sqrt(var + epsilon)     w'[m] = w[m] * s[m]     b'[m] = (b[m] - mean[m]) * s[m] + beta[m]
 *
 * in double, rounded to float once, so each weight is off by at most 2^-24 of itself and y by at most
 * (k + 3) * 2^-24 * (sum of |x * w'| + |b'|) for a sum of k products. Convs with other readers stay. */
#include "graph/passes.h"

#include "base/alloc.h"
#include "graph/passes/edit.h"

#include <math.h>

enum { GAMMA, BETA, MEAN, VAR, PARAMETERS };

typedef struct fold {
    int          conv, norm;            /* nodes */
    size_t       channels, per_channel; /* of the output; weights of each */
    const float *w, *b;                 /* b may be NULL */
    const float *p[PARAMETERS];
    double       epsilon;
} fold;

/* Scale of a channel, and its new bias. */
static double channel_scale(const fold *f, size_t m)
{
    return (double)f->p[GAMMA][m] / sqrt((double)f->p[VAR][m] + f->epsilon);
}

static double channel_bias(const fold *f, size_t m)
{
    return ((f->b ? (double)f->b[m] : 0.0) - (double)f->p[MEAN][m]) * channel_scale(f, m) + (double)f->p[BETA][m];
}

/* A plain Conv: nothing fused, which would come between its sum and the norm. */
static bool is_plain(const fov_node *conv)
{
    return (conv->n_in < 4 || conv->in[3] == FOV_NONE) && fov_node_float(conv, "fused_slope", 1.0F) == 1.0F;
}

/* Weight and bias of the Conv; false when they are not constants. */
static bool find_weights(const fov_graph *graph, const fov_node *conv, fold *f)
{
    const fov_value *w = &graph->value[conv->in[1]];
    bool             biased = conv->n_in > 2 && conv->in[2] != FOV_NONE;
    size_t           count;
    if (!w->data || w->shape.rank != 4 || w->shape.dim[0] < 1 || !fov_shape_count(&w->shape, &count)) return false;
    f->channels = (size_t)w->shape.dim[0];
    f->per_channel = count / f->channels;
    f->w = fov_graph_floats(graph, conv->in[1], count);
    f->b = biased ? fov_graph_floats(graph, conv->in[2], f->channels) : NULL;
    return f->w && (f->b || !biased);
}

static bool find_fold(const fov_graph *graph, int norm, fold *f)
{
    const fov_node *node = &graph->node[norm];
    bool            known;
    *f = (fold){.norm = norm, .conv = fov_graph_private_producer(graph, node->in[0], FOV_OP_Conv)};
    if (f->conv == FOV_NONE || !is_plain(&graph->node[f->conv])) return false;
    known = find_weights(graph, &graph->node[f->conv], f);
    f->epsilon = (double)fov_node_float(node, "epsilon", 1e-5F);
    for (int i = 0; i < PARAMETERS && known; i++) known = (f->p[i] = fov_graph_floats(graph, node->in[i + 1], f->channels)) != NULL;
    for (size_t m = 0; known && m < f->channels; m++) known = isfinite(channel_scale(f, m)) && isfinite(channel_bias(f, m));
    return known;
}

/* A new constant named after `stem`. */
static fov_status add_folded(fov_graph *graph, const char *stem, const fov_shape *shape, const float *data, const int *from,
                             int n_from, int *id, fov_error *err)
{
    char *name = fov_graph_derived_name(graph, stem, ".folded"), *origin = fov_graph_join_origins(graph, from, n_from);
    *id = FOV_NONE;
    if (!name || !origin) fov_fail_memory(err, "a folded weight");
    else *id = fov_graph_add_constant(graph, name, FOV_F32, shape, data, *origin ? origin : NULL, err);
    fov_free(name);
    fov_free(origin);
    return *id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

static fov_status add_tensors(fov_graph *graph, const fold *f, const float *w, const float *b, fov_error *err)
{
    const fov_node *conv = &graph->node[f->conv], *norm = &graph->node[f->norm];
    int             bias = conv->n_in > 2 ? conv->in[2] : FOV_NONE;
    int             w_from[] = {conv->in[1], norm->in[1], norm->in[4]};
    int             b_from[] = {bias, norm->in[1], norm->in[2], norm->in[3], norm->in[4]};
    fov_shape       shape = graph->value[conv->in[1]].shape, channels = {1, {(int64_t)f->channels}};
    int             new_w, new_b;
    const char     *stem = graph->value[bias == FOV_NONE ? norm->in[2] : bias].name;
    fov_status      st = add_folded(graph, graph->value[conv->in[1]].name, &shape, w, w_from, 3, &new_w, err);
    if (!st) st = add_folded(graph, stem, &channels, b, b_from, 5, &new_b, err);
    if (!st) st = fov_node_set_input(&graph->node[f->conv], 2, new_b, err);
    if (!st) graph->node[f->conv].in[1] = new_w;
    return st;
}

/* What nobody reads any more goes at once, lest a large network be in memory twice. */
static void release_unread(fov_graph *graph, int value)
{
    if (value == FOV_NONE || fov_graph_use_count(graph, value)) return;
    fov_free(graph->value[value].data);
    graph->value[value].data = NULL;
}

static fov_status fold_one(fov_graph *graph, const fold *f, fov_error *err)
{
    float     *w = fov_alloc_array(f->channels * f->per_channel, sizeof *w), *b = fov_alloc_array(f->channels, sizeof *b);
    const int  old_w = graph->node[f->conv].in[1], old_b = f->b ? graph->node[f->conv].in[2] : FOV_NONE;
    fov_status st = w && b ? FOV_OK : fov_fail_memory(err, "folding a BatchNormalization");
    for (size_t m = 0; m < f->channels && !st; m++) {
        double scale = channel_scale(f, m);
        for (size_t k = m * f->per_channel; k < (m + 1) * f->per_channel; k++) w[k] = (float)((double)f->w[k] * scale);
        b[m] = (float)channel_bias(f, m);
    }
    if (!st) st = add_tensors(graph, f, w, b, err);
    if (!st) {
        graph->node[f->conv].out[0] = graph->node[f->norm].out[0];
        graph->node[f->norm].dead = true;
        release_unread(graph, old_w);
        release_unread(graph, old_b);
    }
    fov_free(w);
    fov_free(b);
    return st;
}

fov_status fov_pass_fold_batch_norm(fov_graph *graph, int *count, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++) {
        fold f;
        if (graph->node[i].dead || graph->node[i].op != FOV_OP_BatchNormalization || !find_fold(graph, i, &f)) continue;
        if (!(st = fold_one(graph, &f, err))) ++*count;
    }
    return st;
}
