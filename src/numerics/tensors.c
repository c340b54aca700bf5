// SPDX-License-Identifier: MIT
#include "numerics/tensors.h"

#include "base/alloc.h"

/* What input `i` of a node is to it. Statistics are not counted: folding needs them in FP32 and no engine keeps them. */
static fov_tensor_role role_of(const fov_node *node, int i)
{
    switch (node->op) {
    case FOV_OP_Conv:
        return i == 1 ? FOV_TENSOR_KERNEL : i == 2 ? FOV_TENSOR_OTHER : FOV_TENSOR_NONE;
    case FOV_OP_BatchNormalization:
        return i == 1 || i == 2 ? FOV_TENSOR_OTHER : FOV_TENSOR_NONE;
    case FOV_OP_PRelu:
        return i == 1 ? FOV_TENSOR_OTHER : FOV_TENSOR_NONE;
    case FOV_OP_Add:
    case FOV_OP_Sub:
    case FOV_OP_Mul:
    case FOV_OP_Div:
        return FOV_TENSOR_OTHER;
    default:
        return FOV_TENSOR_NONE;
    }
}

static bool is_weight(const fov_value *value, fov_tensor_role role)
{
    if (role == FOV_TENSOR_NONE || !value->data || value->dtype != FOV_F32) return false;
    return role != FOV_TENSOR_KERNEL || (value->shape.rank == 4 && value->shape.dim[0] > 0);
}

static void mark(const fov_graph *graph, fov_tensor_role *role)
{
    for (int n = 0; n < graph->n_node; n++) {
        const fov_node *node = &graph->node[n];
        for (int i = 0; i < node->n_in && !node->dead; i++) {
            const int             id = node->in[i];
            const fov_tensor_role here = role_of(node, i);
            if (id != FOV_NONE && role[id] != FOV_TENSOR_KERNEL && is_weight(&graph->value[id], here)) role[id] = here;
        }
    }
}

fov_status fov_tensors_list(const fov_graph *graph, fov_tensor_list *list, fov_error *err)
{
    fov_tensor_role *role = fov_calloc((size_t)graph->n_value, sizeof *role);
    *list = (fov_tensor_list){.item = fov_alloc_array((size_t)graph->n_value, sizeof *list->item)};
    if (!role || !list->item) {
        fov_free(role);
        fov_free(list->item);
        return fov_fail_memory(err, "the list of weights");
    }
    mark(graph, role);
    for (int v = 0; v < graph->n_value; v++) {
        fov_tensor_use use = {.value = v, .role = role[v]};
        if (use.role != FOV_TENSOR_NONE && fov_shape_count(&graph->value[v].shape, &use.count)) list->item[list->count++] = use;
    }
    fov_free(role);
    return FOV_OK;
}
