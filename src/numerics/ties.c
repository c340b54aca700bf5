// SPDX-License-Identifier: MIT
/* Which channels must be scaled alike. Union-find over the channels of all values:
 *
 *     Relu, LeakyRelu, PRelu, MaxPool, Resize, Identity      channel c of input and output are one: f(s x) = s f(x) for s > 0
 *     Add                                                    channel c of both operands and the sum are one
 *     Concat over channels                                   channel c of part j is channel offset(j) + c of the whole
 *     Conv with constant weights                             ties nothing: its weights take up the difference
 *     inputs and outputs of the graph, everything else       pinned: their channels keep their scale
 */
#include "numerics/scaling.h"

#include "graph/op.h"
#include "graph/passes/edit.h"

#include <math.h>
#include <string.h>

/* A weight beyond this would leave FP32 when scaled as far as anybody may want. */
#define LARGEST_SCALED 0x1p64F

static int root_of(const fov_scaling *s, int c)
{
    while (s->group[c] != c) {
        s->group[c] = s->group[s->group[c]];
        c = s->group[c];
    }
    return c;
}

static void join(fov_scaling *s, int a, int b)
{
    a = root_of(s, a);
    b = root_of(s, b);
    if (a < b) s->group[b] = a;
    else s->group[a] = b;
}

/* Channels of value `a` are those of `b` from `offset` on. */
static void tie(fov_scaling *s, int a, int b, int offset)
{
    const int count = fov_channels_of(&s->channels, a);
    for (int c = 0; c < count; c++) join(s, s->channels.first[a] + c, s->channels.first[b] + offset + c);
}

static void pin(fov_scaling *s, int value)
{
    if (value == FOV_NONE) return;
    for (int c = s->channels.first[value]; c < s->channels.first[value + 1]; c++) s->pinned[c] = true;
}

static bool same_channels(const fov_scaling *s, int a, int b)
{
    return a != FOV_NONE && b != FOV_NONE && fov_channels_of(&s->channels, a) > 0 &&
           fov_channels_of(&s->channels, a) == fov_channels_of(&s->channels, b);
}

/* Weighted means and repetitions are homogeneous; a constant border (tf_crop_and_resize) is not. */
static bool resize_is_homogeneous(const fov_node *node)
{
    return strcmp(fov_node_string(node, "coordinate_transformation_mode", "half_pixel"), "tf_crop_and_resize") != 0;
}

static bool is_layer(const fov_scaling *s, int node)
{
    for (int i = 0; i < s->n_layer; i++)
        if (s->layer[i].node == node) return true;
    return false;
}

/* The norm whose shift a layer has taken as its bias. */
static bool is_norm_of_layer(const fov_scaling *s, const fov_node *node)
{
    for (int i = 0; i < s->n_layer && node->op == FOV_OP_BatchNormalization; i++)
        if (s->layer[i].y == node->out[0] && s->layer[i].bias == node->in[2]) return true;
    return false;
}

/* True when output 0 has the channels of input 0, each times the same factor when that is. */
static bool is_homogeneous(const fov_scaling *s, const fov_node *node)
{
    switch (node->op) {
    case FOV_OP_Relu:
    case FOV_OP_LeakyRelu:
    case FOV_OP_Identity:
    case FOV_OP_Dropout:
    case FOV_OP_MaxPool:
        return node->n_out == 1;
    case FOV_OP_PRelu:
        return s->graph->value[node->in[1]].data != NULL;
    case FOV_OP_Resize:
        return resize_is_homogeneous(node);
    case FOV_OP_BatchNormalization:
        return is_norm_of_layer(s, node);
    default:
        return false;
    }
}

/* Operands of the same shape: nothing is broadcast, so channel c meets channel c. */
static bool tie_add(fov_scaling *s, const fov_node *node)
{
    const int a = node->in[0], b = node->in[1], y = node->out[0];
    if (!same_channels(s, a, b) || !same_channels(s, a, y)) return false;
    tie(s, a, y, 0);
    tie(s, b, y, 0);
    return true;
}

static bool tie_concat(fov_scaling *s, const fov_node *node)
{
    const int64_t axis = fov_node_int(node, "axis", 0);
    int           total = 0;
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] == FOV_NONE || !fov_channels_of(&s->channels, node->in[i])) return false;
        total += fov_channels_of(&s->channels, node->in[i]);
    }
    if ((axis != 1 && axis != -3) || total != fov_channels_of(&s->channels, node->out[0])) return false;
    for (int i = 0, offset = 0; i < node->n_in; offset += fov_channels_of(&s->channels, node->in[i++]))
        tie(s, node->in[i], node->out[0], offset);
    return true;
}

static bool tie_node(fov_scaling *s, int n)
{
    const fov_node *node = &s->graph->node[n];
    if (node->op == FOV_OP_Add) return tie_add(s, node);
    if (node->op == FOV_OP_Concat) return tie_concat(s, node);
    if (!is_homogeneous(s, node)) return is_layer(s, n);
    if (!same_channels(s, node->in[0], node->out[0])) return false;
    tie(s, node->in[0], node->out[0], 0);
    return true;
}

static void pin_node(fov_scaling *s, const fov_node *node)
{
    for (int i = 0; i < node->n_in; i++) pin(s, node->in[i]);
    for (int i = 0; i < node->n_out; i++) pin(s, node->out[i]);
}

/* Weights so large that scaling could make them infinite keep their scale. */
static void pin_giants(fov_scaling *s, const fov_layer *layer)
{
    const float *w = layer->w;
    for (int o = 0; o < layer->out; o++)
        for (int i = 0; i < layer->per_group; i++)
            for (int t = 0; t < layer->taps; t++, w++) {
                if (!(fabsf(*w) > LARGEST_SCALED)) continue;
                s->pinned[s->channels.first[layer->y] + o] = true;
                s->pinned[s->channels.first[layer->x] + fov_layer_input(layer, o, i)] = true;
            }
}

/* What a channel holds decides for its whole group. A channel that is always 0 has no scale to choose. */
static void gather(fov_scaling *s)
{
    for (int c = 0; c < s->channels.count; c++) {
        const int root = s->group[c] = root_of(s, c);
        if (s->channels.magnitude[c] > s->magnitude[root]) s->magnitude[root] = s->channels.magnitude[c];
        if (s->pinned[c]) s->pinned[root] = true;
    }
    for (int c = 0; c < s->channels.count; c++)
        if (s->group[c] == c && (s->magnitude[c] == 0 || isinf(s->magnitude[c]))) s->pinned[c] = true;
}

void fov_scaling_tie(fov_scaling *s)
{
    const fov_graph *graph = s->graph;
    for (int c = 0; c < s->channels.count; c++) s->group[c] = c;
    for (int n = 0; n < graph->n_node; n++)
        if (!graph->node[n].dead && !tie_node(s, n)) pin_node(s, &graph->node[n]);
    for (int i = 0; i < graph->n_input; i++) pin(s, graph->input[i]);
    for (int i = 0; i < graph->n_output; i++) pin(s, graph->output[i]);
    for (int l = 0; l < s->n_layer; l++) pin_giants(s, &s->layer[l]);
    gather(s);
}
