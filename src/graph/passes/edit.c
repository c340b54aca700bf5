// SPDX-License-Identifier: MIT
#include "graph/passes/edit.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>

enum { MAX_ORIGINS = 32, MAX_ORIGIN_BYTES = 4096 };

int fov_graph_private_producer(const fov_graph *graph, int value, fov_op op)
{
    int node = value == FOV_NONE ? FOV_NONE : fov_graph_producer(graph, value);
    if (node == FOV_NONE || graph->node[node].op != op || fov_graph_use_count(graph, value) != 1) return FOV_NONE;
    return node;
}

bool fov_node_is_activation(const fov_node *node, float *slope)
{
    *slope = node->op == FOV_OP_LeakyRelu ? fov_node_float(node, "alpha", 0.01F) : 0;
    return node->op == FOV_OP_Relu || node->op == FOV_OP_LeakyRelu;
}

const float *fov_graph_floats(const fov_graph *graph, int value, size_t count)
{
    size_t have;
    if (value == FOV_NONE) return NULL;
    const fov_value *v = &graph->value[value];
    if (!v->data || v->dtype != FOV_F32 || !fov_shape_count(&v->shape, &have) || have != count) return NULL;
    return v->data;
}

fov_status fov_node_set_input(fov_node *node, int i, int value, fov_error *err)
{
    if (i >= node->n_in) {
        int *more = fov_realloc_array(node->in, (size_t)i + 1, sizeof *more);
        if (!more) return fov_fail_memory(err, "an input of a node");
        node->in = more;
        while (node->n_in <= i) node->in[node->n_in++] = FOV_NONE;
    }
    node->in[i] = value;
    return FOV_OK;
}

/* Origins already listed, parted by ", ". */
static bool lists(const fov_text *text, const char *origin, size_t length)
{
    for (const char *at = text->data; at; at = strchr(at, ',')) {
        at += strspn(at, ", ");
        if (!strncmp(at, origin, length) && (!at[length] || at[length] == ',')) return true;
    }
    return false;
}

/* Without a bound, a chain of n nodes that read their predecessor twice would name its first tensor 2^n times. */
static bool has_room(const fov_text *text, int listed, size_t length)
{
    return listed < MAX_ORIGINS && text->size + length <= MAX_ORIGIN_BYTES;
}

char *fov_graph_join_origins(const fov_graph *graph, const int *values, int count)
{
    fov_text text = {0};
    bool     full = false;
    for (int i = 0, listed = 0; i < count && !full; i++) {
        const char *at = values[i] == FOV_NONE ? NULL : graph->value[values[i]].origin;
        for (; at && *at && !full; at += strspn(at, ", ")) {
            const int length = (int)strcspn(at, ",");
            if (!lists(&text, at, (size_t)length)) {
                full = !has_room(&text, listed++, (size_t)length);
                fov_text_print(&text, "%s%.*s", text.size ? ", " : "", full ? 3 : length, full ? "..." : at);
            }
            at += length;
        }
    }
    return fov_text_take(&text);
}

char *fov_graph_derived_name(const fov_graph *graph, const char *stem, const char *suffix)
{
    const char *before = strstr(stem, suffix);
    fov_text    text = {0};
    fov_text_print(&text, "%.*s%s", (int)(before ? (size_t)(before - stem) : strlen(stem)), stem, suffix);
    char *wanted = fov_text_take(&text);
    char *name = wanted ? fov_graph_unique_name(graph, wanted) : NULL;
    fov_free(wanted);
    return name;
}
