// SPDX-License-Identifier: MIT
/* Values that live in other values. Concat without copies: with NHWC in memory, a run of channels of a wider value is the same
 * pixels at a larger stride. Adds in place: an output may take the memory of an input that nobody reads any more. */
#include "engine/engine.h"

int64_t fov_channels_of(const fov_view *view)
{
    const bool activation = view->shape.rank == 4 && (view->dtype == FOV_F32 || fov_dtype_is_storage(view->dtype));
    return activation ? view->shape.dim[1] : -1;
}

/* Channels of both stand for reals in the same way, so that what is written as one can be read as the other. */
static bool same_storage(const fov_value *slice, const fov_value *parent, int64_t first, int64_t channels)
{
    const fov_quant *a = slice->quant, *b = parent->quant;
    if (slice->dtype != parent->dtype || !a != !b) return false;
    for (int64_t c = 0; a && c < channels; c++)
        if (fov_quant_scale(a, c) != fov_quant_scale(b, first + c) ||
            fov_quant_zero_point(a, c) != fov_quant_zero_point(b, first + c))
            return false;
    return true;
}

/* An input can move into the Concat's output when some node writes it, it has no other home yet, and nobody outside needs it
 * to have memory of its own. Graph inputs and constants are written by others. */
static bool can_move(const fov_graph *graph, const fov_slice *slice, const int64_t *channels, const fov_node *concat, int i,
                     int64_t first)
{
    int value = concat->in[i];
    if (value == FOV_NONE || graph->value[value].data || channels[value] < 0 || slice[value].parent != FOV_NONE) return false;
    for (int j = 0; j < i; j++)
        if (concat->in[j] == value) return false;
    if (!same_storage(&graph->value[value], &graph->value[concat->out[0]], first, channels[value])) return false;
    return fov_graph_producer(graph, value) != FOV_NONE;
}

void fov_slices_assign(const fov_graph *graph, const int64_t *channels, fov_slice *slice, bool *in_place)
{
    for (int i = 0; i < graph->n_value; i++) slice[i] = (fov_slice){.parent = FOV_NONE};
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        int64_t         channel = 0;
        in_place[i] = node->op == FOV_OP_Concat && fov_node_int(node, "axis", 0) == 1;
        for (int j = 0; in_place[i] && j < node->n_in; j++) {
            in_place[i] = can_move(graph, slice, channels, node, j, channel);
            channel += channels[node->in[j]];
        }
        channel = 0;
        for (int j = 0; in_place[i] && j < node->n_in; j++) {
            slice[node->in[j]] = (fov_slice){node->out[0], channel};
            channel += channels[node->in[j]];
        }
    }
}

static bool reads(const fov_node *node, int value)
{
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] == value) return true;
    return false;
}

/* Nobody reads `value` after node `last`, and `last` reads it only as input `input`. Nodes run in order. */
static bool read_last(const fov_graph *graph, int value, int last, int input)
{
    for (int i = last + 1; i < graph->n_node; i++)
        if (reads(&graph->node[i], value)) return false;
    for (int i = 0; i < graph->n_output; i++)
        if (graph->output[i] == value) return false;
    for (int i = 0; i < graph->node[last].n_in; i++)
        if (i != input && graph->node[last].in[i] == value) return false;
    return true;
}

static bool has_slices(const fov_graph *graph, const fov_slice *slice, int value)
{
    for (int i = 0; i < graph->n_value; i++)
        if (slice[i].parent == value) return true;
    return false;
}

/* `shared` are the values that were placed by this very rule: their memory belongs to a chain of dead values. */
static bool can_share(const fov_graph *graph, const int64_t *channels, const fov_slice *slice, const bool *shared, int node,
                      int input)
{
    const fov_node *n = &graph->node[node];
    if (input >= n->n_in || n->in[input] == FOV_NONE) return false;
    int from = n->in[input], to = n->out[0];
    if (graph->value[from].data || fov_graph_producer(graph, from) == FOV_NONE || channels[from] != channels[to]) return false;
    if (fov_dtype_size(graph->value[from].dtype) != fov_dtype_size(graph->value[to].dtype)) return false;
    if (slice[to].parent != FOV_NONE || (slice[from].parent != FOV_NONE && !shared[from])) return false;
    return !has_slices(graph, slice, from) && !has_slices(graph, slice, to) && read_last(graph, from, node, input);
}

int fov_slices_share(const fov_graph *graph, const fov_lowered *lowered, const int64_t *channels, fov_slice *slice, bool *shared)
{
    int count = 0;
    for (int i = 0; i < graph->n_node; i++) {
        int input = lowered[i].in_place - 1;
        if (input < 0 || !can_share(graph, channels, slice, shared, i, input)) continue;
        slice[graph->node[i].out[0]] = (fov_slice){graph->node[i].in[input], 0};
        shared[graph->node[i].out[0]] = true;
        count++;
    }
    return count;
}
