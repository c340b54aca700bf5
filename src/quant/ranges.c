// SPDX-License-Identifier: MIT
#include "quant/ranges.h"

#include "base/alloc.h"
#include "graph/op.h"
#include "graph/plugin.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 255, SYMMETRIC_LEVELS = 127 };

static const char *range_name(const void *ranges, size_t i)
{
    return ((const fov_range *)ranges)[i].name;
}

static fov_named ranges_of(const fov_calibration *calibration)
{
    return (fov_named){calibration->range, calibration->count, range_name};
}

const fov_range *fov_range_find(const fov_calibration *calibration, const char *name)
{
    const size_t found = fov_name_index_find(&calibration->index, ranges_of(calibration), name);
    return found < SIZE_MAX ? &calibration->range[found] : NULL;
}

float fov_range_scale(const fov_calibration *calibration, const fov_range *range)
{
    if (range->scale > 0) return range->scale;
    if (calibration->symmetric) return fmaxf(-range->lo, range->hi) / SYMMETRIC_LEVELS;
    return range->hi / LEVELS - range->lo / LEVELS; /* the difference of large ones could overflow */
}

bool fov_value_is_calibrated(const fov_graph *graph, int value)
{
    const fov_value *v = &graph->value[value];
    if (v->dtype != FOV_F32 || v->data || v->packed) return false;
    for (int i = 0; i < graph->n_input; i++)
        if (graph->input[i] == value) return true;
    return fov_graph_producer(graph, value) != FOV_NONE;
}

/* ---------------------------------------------------------------- inputs of nodes */

/* Nodes of graphs that Fovea built have names; an exporter may have given none, and then the first output tells them apart. */
static const char *name_of(const fov_graph *graph, const fov_node *node)
{
    if (node->name[0] || !node->n_out || node->out[0] == FOV_NONE) return node->name;
    return graph->value[node->out[0]].name;
}

static const char *op_of(const fov_node *node, char *text, size_t size)
{
    return node->op == FOV_OP_Plugin ? fov_plugin_node_name(node, text, size) : fov_op_def_of(node->op)->name;
}

static fov_status add_inputs(fov_calibration *calibration, const fov_graph *graph, fov_error *err)
{
    for (int i = 0; i < graph->n_node; i++) {
        const fov_node *node = &graph->node[i];
        char            op[160];
        for (int j = 0; j < node->n_in && !node->dead; j++) {
            if (node->in[j] == FOV_NONE || !fov_value_is_calibrated(graph, node->in[j])) continue;
            fov_status st = fov_calibration_add_input(calibration, name_of(graph, node), op_of(node, op, sizeof op), j,
                                                      graph->value[node->in[j]].name, err);
            if (st) return st;
        }
    }
    return FOV_OK;
}

fov_status fov_calibration_add_input(fov_calibration *calibration, const char *node, const char *op, int index, const char *tensor,
                                     fov_error *err)
{
    fov_calibrated_input *grown = fov_grow_array(calibration->input, calibration->inputs, sizeof *grown);
    if (!grown) return fov_fail_memory(err, "a calibration");
    calibration->input = grown;
    fov_calibrated_input *input = &grown[calibration->inputs++];
    *input = (fov_calibrated_input){fov_strdup(node), fov_strdup(op), index, fov_strdup(tensor)};
    return input->node && input->op && input->tensor ? FOV_OK : fov_fail_memory(err, "a calibration");
}

/* ---------------------------------------------------------------- the whole */

fov_status fov_calibration_new(const fov_graph *graph, fov_calibration **out, fov_error *err)
{
    fov_calibration *calibration = fov_calloc(1, sizeof *calibration);
    *out = NULL;
    if (!calibration) return fov_fail_memory(err, "a calibration");
    fov_status st = graph ? add_inputs(calibration, graph, err) : FOV_OK;
    if (st) fov_calibration_free(calibration);
    else *out = calibration;
    return st;
}

static float *new_floats(int count)
{
    return fov_calloc((size_t)count, sizeof(float));
}

fov_range *fov_calibration_add(fov_calibration *calibration, const char *name, float lo, float hi, int channels, fov_error *err)
{
    fov_range *grown = fov_grow_array(calibration->range, calibration->count, sizeof *grown), *range;
    if (!grown) {
        fov_fail_memory(err, "a calibration");
        return NULL;
    }
    calibration->range = grown;
    range = &grown[calibration->count++];
    *range = (fov_range){.name = fov_strdup(name), .lo = fminf(lo, 0), .hi = fmaxf(hi, 0), .channels = channels};
    if (!(range->hi > range->lo)) range->hi = 1; /* nothing but zeros: any range holds them */
    if (channels) {
        range->channel_lo = new_floats(channels);
        range->channel_hi = new_floats(channels);
        range->channel_mean = new_floats(channels);
    }
    if (range->name && (!channels || (range->channel_lo && range->channel_hi && range->channel_mean)) &&
        fov_name_index_add(&calibration->index, ranges_of(calibration), calibration->count - 1))
        return range;
    fov_fail_memory(err, "a calibration");
    return NULL;
}

static void reverse(fov_range *range, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const fov_range other = range[i];
        range[i] = range[count - 1 - i];
        range[count - 1 - i] = other;
    }
}

void fov_calibration_turn(fov_calibration *calibration, size_t count)
{
    if (!count) return;
    reverse(calibration->range, calibration->count);
    reverse(calibration->range, count);
    reverse(calibration->range + count, calibration->count - count);
    fov_name_index_rebuild(&calibration->index, ranges_of(calibration));
}

void fov_calibration_free(fov_calibration *calibration)
{
    if (!calibration) return;
    for (size_t i = 0; i < calibration->count; i++) {
        fov_range *range = &calibration->range[i];
        fov_free(range->name);
        fov_free(range->channel_lo);
        fov_free(range->channel_hi);
        fov_free(range->channel_mean);
    }
    for (size_t i = 0; i < calibration->inputs; i++) {
        fov_free(calibration->input[i].node);
        fov_free(calibration->input[i].op);
        fov_free(calibration->input[i].tensor);
    }
    fov_name_index_clear(&calibration->index);
    fov_free(calibration->range);
    fov_free(calibration->input);
    fov_free(calibration);
}
