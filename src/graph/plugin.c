// SPDX-License-Identifier: MIT
#include "graph/plugin.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

char *fov_plugin_node_name(const fov_node *node, char *text, size_t size)
{
    const char *domain = fov_node_string(node, FOV_PLUGIN_DOMAIN, "");
    snprintf(text, size, "%s%s%s", domain, *domain ? "::" : "", fov_node_string(node, FOV_PLUGIN_OPERATOR, "?"));
    return text;
}

/* ---------------------------------------------------------------- attributes as plugins see them */

static bool is_own(const fov_attr *attr)
{
    return strcmp(attr->name, FOV_PLUGIN_DOMAIN) != 0 && strcmp(attr->name, FOV_PLUGIN_OPERATOR) != 0;
}

static fovea_plugin_attribute attribute_of(const fov_attr *attr)
{
    return (fovea_plugin_attribute){.name = attr->name,
                                    .count = attr->count,
                                    .ints = attr->kind == FOV_ATTR_INTS ? attr->ints : NULL,
                                    .floats = attr->kind == FOV_ATTR_FLOATS ? attr->floats : NULL,
                                    .text = attr->kind == FOV_ATTR_STRING ? attr->string : NULL};
}

static fov_status make_op(fov_node *node, const fov_plugin *plugin, const fovea_plugin_operator *call, fov_error *err)
{
    const size_t                   n = (size_t)node->n_attr;
    fovea_plugin_attribute        *attribute = fov_alloc_array(n, sizeof *attribute);
    const fovea_plugin_attribute **list = fov_alloc_array(n, sizeof *list);
    fov_status                     st = FOV_ERR_MEMORY;
    if (attribute && list) {
        size_t count = 0;
        for (int i = 0; i < node->n_attr; i++) {
            if (!is_own(&node->attr[i])) continue;
            attribute[count] = attribute_of(&node->attr[i]);
            list[count] = &attribute[count];
            count++;
        }
        st = fov_plugin_op_new(plugin, call, list, count, node->name, &node->plugin, err);
    } else {
        fov_fail_memory(err, "the attributes of a plugin's operator");
    }
    fov_free(attribute);
    fov_free(list);
    return st;
}

/* ---------------------------------------------------------------- binding */

static fov_status fail_missing(const fov_node *node, fov_error *err)
{
    char name[160];
    return fov_fail(
        err, FOV_ERR_UNSUPPORTED,
        "'%.200s' needs the operator %s, which none of the plugins given has: name the shared library that has it, with "
        "--plugin on the command line or `plugins` in the options",
        node->name, fov_plugin_node_name(node, name, sizeof name));
}

static fov_status check_ports(const fov_node *node, const fovea_plugin_operator *call, fov_error *err)
{
    if (node->n_in < call->min_inputs || node->n_in > call->max_inputs)
        return fov_fail(err, FOV_ERR_FORMAT, "%s '%.200s' has %d inputs; the plugin expects %d to %d", call->name, node->name,
                        node->n_in, call->min_inputs, call->max_inputs);
    if (node->n_out < call->min_outputs || node->n_out > call->max_outputs)
        return fov_fail(err, FOV_ERR_FORMAT, "%s '%.200s' has %d outputs; the plugin gives %d to %d", call->name, node->name,
                        node->n_out, call->min_outputs, call->max_outputs);
    for (int i = 0; i < call->min_inputs; i++)
        if (node->in[i] == FOV_NONE)
            return fov_fail(err, FOV_ERR_FORMAT, "%s '%.200s': input %d is left out but not optional", call->name, node->name, i);
    return FOV_OK;
}

static fov_status check_takes_floats(const fov_node *node, fov_error *err)
{
    const fov_plugin_op *op = node->plugin;
    for (int i = 0; i < node->n_in + node->n_out; i++) {
        const bool is_input = i < node->n_in;
        const int  index = is_input ? i : i - node->n_in;
        if (!fov_plugin_op_supports(op, is_input, index, FOVEA_PLUGIN_F32))
            return fov_fail(err, FOV_ERR_FORMAT, "%s '%.200s': the plugin does not take %s %d in F32, which every operator must",
                            op->call->name, node->name, is_input ? "input" : "output", index);
    }
    return FOV_OK;
}

fov_status fov_plugin_bind_node(fov_node *node, fov_plugin_set set, fov_error *err)
{
    const fov_plugin            *plugin;
    const fovea_plugin_operator *call;
    const char                  *name = fov_node_string(node, FOV_PLUGIN_OPERATOR, "");
    fov_status                   st = fov_plugin_find(set, fov_node_string(node, FOV_PLUGIN_DOMAIN, ""), name, &plugin, &call, err);
    if (!st && !plugin) st = fail_missing(node, err);
    if (!st) st = check_ports(node, call, err);
    if (!st) st = make_op(node, plugin, call, err);
    return st ? st : check_takes_floats(node, err);
}

fov_status fov_plugin_bind(fov_graph *graph, fov_plugin_set set, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++) {
        fov_node *node = &graph->node[i];
        if (node->op == FOV_OP_Plugin && !node->dead && !node->plugin) st = fov_plugin_bind_node(node, set, err);
    }
    return st;
}

/* ---------------------------------------------------------------- types */

bool fov_plugin_supports(const fov_node *node, bool is_input, int index, fov_dtype dtype)
{
    static const int32_t type_of[] = {
        [FOV_F32] = FOVEA_PLUGIN_F32, [FOV_F16] = FOVEA_PLUGIN_F16, [FOV_BF16] = FOVEA_PLUGIN_BF16, [FOV_U8] = FOVEA_PLUGIN_U8};
    const size_t known = sizeof type_of / sizeof *type_of;
    if (!node->plugin || (size_t)dtype >= known || !type_of[dtype]) return false;
    return fov_plugin_op_supports(node->plugin, is_input, index, type_of[dtype]);
}
