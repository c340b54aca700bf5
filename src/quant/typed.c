// SPDX-License-Identifier: MIT
#include "quant/typed.h"

#include "base/alloc.h"
#include "base/text.h"
#include "graph/op.h"

#include <string.h>

enum { PROBE_SIDE = 128 /* channel counts do not depend on the input's size */ };

static fov_status find_channels(fov_types *types, fov_error *err)
{
    fov_view   input = fov_view_nhwc(1, 3, PROBE_SIDE, PROBE_SIDE, 3, NULL), *values;
    fov_status st = fov_graph_infer(types->graph, &input, &values, err);
    if (st) return st;
    for (int i = 0; i < types->n_value; i++) types->channels[i] = values[i].shape.rank == 4 ? values[i].shape.dim[1] : -1;
    fov_values_free(types->graph, values);
    return FOV_OK;
}

/* ---------------------------------------------------------------- Convert nodes */

/* The value `v` in another type; `made` remembers one for each type. */
static fov_status converted(fov_types *types, int v, fov_dtype type, int *made, int *out, fov_error *err)
{
    fov_graph *graph = types->graph;
    fov_text   stem = {0};
    if (made[type] != FOV_NONE) {
        *out = made[type];
        return FOV_OK;
    }
    fov_text_print(&stem, "%s.%s", graph->value[v].name, fov_dtype_name(type));
    char     *name = stem.failed ? NULL : fov_graph_unique_name(graph, stem.data);
    fov_shape shape = graph->value[v].shape;
    int       id = name ? fov_graph_add_value(graph, name, FOV_F32, &shape, err) : FOV_NONE;
    fov_text_clear(&stem);
    if (!name) fov_fail_memory(err, "a value's name");
    if (id != FOV_NONE && fov_graph_add_node(graph, name, FOV_OP_Convert, &v, 1, &id, 1, err) == FOV_NONE) id = FOV_NONE;
    fov_free(name);
    if (id == FOV_NONE) return FOV_ERR_MEMORY;
    *out = made[type] = id;
    return fov_graph_set_storage(graph, id, type, type == FOV_U8 ? &types->quant[v] : NULL, err);
}

static fov_status connect(fov_types *types, int node, int (*made)[FOV_I8 + 1], fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < types->graph->node[node].n_in && !st; i++) {
        fov_dtype type;
        int       v = types->graph->node[node].in[i], id;
        if (v == FOV_NONE || !fov_types_want(types, node, i, &type) || type == types->value[v]) continue;
        st = converted(types, v, type, made[v], &id, err);
        if (!st) types->graph->node[node].in[i] = id;
    }
    return st;
}

static fov_status connect_all(fov_types *types, fov_error *err)
{
    int(*made)[FOV_I8 + 1] = fov_alloc_array((size_t)types->n_value, sizeof *made);
    fov_status st = FOV_OK;
    if (!made) return fov_fail_memory(err, "conversions");
    for (int i = 0; i < types->n_value; i++)
        for (int j = 0; j <= FOV_I8; j++) made[i][j] = FOV_NONE;
    for (int i = 0; i < types->n_node && !st; i++) st = connect(types, i, made, err);
    fov_free(made);
    return st;
}

/* ---------------------------------------------------------------- all together */

static fov_status convert_weights(fov_types *types, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < types->n_node && !st; i++)
        if (fov_node_is_typed(types->graph, &types->graph->node[i]))
            st = fov_types_convert_weights(types, i, &types->quant[types->graph->node[i].in[0]], err);
    return st;
}

static fov_status store_values(fov_types *types, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < types->n_value && !st; i++) {
        if (types->value[i] == types->graph->value[i].dtype || types->graph->value[i].data) continue;
        st = fov_graph_set_storage(types->graph, i, types->value[i], types->value[i] == FOV_U8 ? &types->quant[i] : NULL, err);
    }
    return st;
}

static fov_status set_types(fov_types *types, fov_error *err)
{
    fov_status st;
    if ((st = find_channels(types, err))) return st;
    if ((st = fov_types_find(types, err))) return st;
    if ((st = fov_types_find_scales(types, err))) return st;
    if ((st = convert_weights(types, err))) return st;
    if ((st = connect_all(types, err))) return st;
    if ((st = store_values(types, err))) return st;
    if ((st = fov_graph_sort(types->graph, err))) return st;
    return fov_graph_compact(types->graph, err);
}

fov_status fov_graph_set_types(fov_graph *graph, const fov_typing *typing, fov_error *err)
{
    const size_t n_value = (size_t)graph->n_value, n_node = (size_t)graph->n_node;
    fov_types    types = {.graph = graph, .typing = typing, .n_value = graph->n_value, .n_node = graph->n_node};
    types.channels = fov_calloc(n_value, sizeof *types.channels);
    types.node = fov_calloc(n_node, sizeof *types.node);
    types.value = fov_calloc(n_value, sizeof *types.value);
    types.quant = fov_calloc(n_value, sizeof *types.quant);
    types.as_u8 = fov_calloc(n_value, sizeof *types.as_u8);
    const bool enough = types.channels && types.node && types.value && types.quant && types.as_u8;
    fov_status st = enough ? set_types(&types, err) : fov_fail_memory(err, "storage types");
    for (size_t i = 0; types.quant && i < n_value; i++) {
        fov_free(types.quant[i].scale);
        fov_free(types.quant[i].zero_point);
    }
    fov_free(types.channels);
    fov_free(types.node);
    fov_free(types.value);
    fov_free(types.quant);
    fov_free(types.as_u8);
    return st;
}
