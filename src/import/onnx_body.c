// SPDX-License-Identifier: MIT
#include "import/onnx_body.h"

#include "base/alloc.h"
#include "graph/op.h"
#include "graph/ops/resize.h"
#include "graph/passes.h"
#include "graph/passes/edit.h"

#include <string.h>

/* How often a Resize repeats rows and columns; 0 for other nodes. */
typedef struct enlarge {
    int64_t rows, columns;
} enlarge;

typedef struct body {
    fov_graph *graph;
    fov_view  *values;  /* at the probed size */
    enlarge   *enlarge; /* n_node */
    bool      *fixed;   /* n_value: follows from constants alone, whatever the size of the input */
    fov_error *err;
} body;

static fov_status fail_node(const body *b, const fov_node *node, fov_status code, const char *what)
{
    return fov_fail(b->err, code, "%s '%s' %s", fov_op_def_of(node->op)->name, node->name, what);
}

/* ---------------------------------------------------------------- constants that the file computes */

static bool all_fixed(const body *b, const fov_node *node)
{
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && !b->fixed[node->in[i]]) return false;
    for (int i = 0; i < node->n_out; i++)
        if (node->out[i] != FOV_NONE && !b->values[node->out[i]].data) return false;
    return true;
}

/* The inferred data moves into the graph, which frees it from now on. */
static fov_status make_constant(body *b, const fov_node *node, int id)
{
    fov_value *value = &b->graph->value[id];
    value->origin = fov_graph_join_origins(b->graph, node->in, node->n_in);
    if (!value->origin) return fov_fail_memory(b->err, "the origin of a weight");
    if (!*value->origin) {
        fov_free(value->origin);
        value->origin = NULL;
    }
    value->dtype = b->values[id].dtype;
    value->shape = b->values[id].shape;
    value->data = b->values[id].data;
    b->fixed[id] = true;
    return FOV_OK;
}

static fov_status fold_fixed(body *b)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < b->graph->n_value; i++) b->fixed[i] = b->graph->value[i].data != NULL;
    for (int i = 0; i < b->graph->n_node; i++) {
        fov_node *node = &b->graph->node[i];
        if (node->dead || !all_fixed(b, node)) continue;
        node->dead = true;
        for (int j = 0; j < node->n_out && !st; j++)
            if (node->out[j] != FOV_NONE) st = make_constant(b, node, node->out[j]);
    }
    return st;
}

/* ---------------------------------------------------------------- what may stand in a body */

static bool allowed(fov_op op)
{
    switch (op) {
    case FOV_OP_Conv:
    case FOV_OP_BatchNormalization:
    case FOV_OP_Relu:
    case FOV_OP_LeakyRelu:
    case FOV_OP_PRelu:
    case FOV_OP_Sigmoid:
    case FOV_OP_Exp:
    case FOV_OP_Clip:
    case FOV_OP_Add:
    case FOV_OP_Sub:
    case FOV_OP_Mul:
    case FOV_OP_Div:
    case FOV_OP_MaxPool:
    case FOV_OP_Resize:
    case FOV_OP_Concat:
    case FOV_OP_Pad:
    case FOV_OP_Identity:
    case FOV_OP_Dropout:
    case FOV_OP_Cast:
    case FOV_OP_Plugin:
        return true;
    default:
        return false;
    }
}

static fov_status read_enlarge(body *b, const fov_node *node, enlarge *e)
{
    const fov_shape *in = &b->values[node->in[0]].shape, *out = &b->values[node->out[0]].shape;
    e->rows = in->dim[2] ? out->dim[2] / in->dim[2] : 0;
    e->columns = in->dim[3] ? out->dim[3] / in->dim[3] : 0;
    if (in->dim[0] == out->dim[0] && in->dim[1] == out->dim[1] && e->rows > 0 && e->columns > 0 &&
        e->rows * in->dim[2] == out->dim[2] && e->columns * in->dim[3] == out->dim[3])
        return FOV_OK;
    return fov_fail(
        b->err, FOV_ERR_UNSUPPORTED,
        "Resize '%s' turns %lldx%lld into %lldx%lld, no whole multiple, so the graph runs at this one size only: export it at a "
        "size that is a multiple of its largest stride (32), or with open height and width",
        node->name, (long long)in->dim[3], (long long)in->dim[2], (long long)out->dim[3], (long long)out->dim[2]);
}

static bool is_image(const fov_view *view)
{
    return view->dtype == FOV_F32 && view->shape.rank == 4;
}

static fov_status check_node(body *b, const fov_node *node, enlarge *e)
{
    if (!allowed(node->op))
        return fail_node(b, node, FOV_ERR_UNSUPPORTED,
                         "stands between the pixels and the heads, where only layers on images can be run");
    for (int i = 0; i < node->n_out; i++) {
        if (node->out[i] == FOV_NONE) continue;
        const fov_view *view = &b->values[node->out[i]];
        if (!is_image(view))
            return fail_node(b, node, FOV_ERR_UNSUPPORTED,
                             "makes a tensor that is no image (float, 4 dimensions) before the heads");
        b->graph->value[node->out[i]].shape = (fov_shape){4, {-1, view->shape.dim[1], -1, -1}};
    }
    if (node->op == FOV_OP_Resize) return read_enlarge(b, node, e);
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && b->values[node->in[i]].data && !b->fixed[node->in[i]])
            return fail_node(b, node, FOV_ERR_UNSUPPORTED,
                             "has parameters that follow from the input's size: export the graph at a fixed size");
    return FOV_OK;
}

static fov_status check_body(body *b)
{
    for (int i = 0; i < b->graph->n_node; i++) {
        const fov_node *node = &b->graph->node[i];
        bool            known = true; /* nodes that compute shapes: nobody needs them once Resize has scales */
        for (int j = 0; j < node->n_out; j++) known &= node->out[j] == FOV_NONE || b->values[node->out[j]].data != NULL;
        if (node->dead || known) continue;
        fov_status st = check_node(b, node, &b->enlarge[i]);
        if (st) return st;
    }
    return FOV_OK;
}

/* ---------------------------------------------------------------- the form of opset 13 */

static fov_status add_constant(body *b, const char *stem, fov_dtype dtype, const fov_shape *shape, const void *data, int *id)
{
    char *name = fov_graph_unique_name(b->graph, stem);
    *id = name ? fov_graph_add_constant(b->graph, name, dtype, shape, data, NULL, b->err) : FOV_NONE;
    if (!name) fov_fail_memory(b->err, stem);
    fov_free(name);
    return *id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

/* Put a node with other inputs and no attributes in the place of node `i`. @param to out: the new node's index */
static fov_status replace_node(body *b, int i, const int *in, int n_in, int *to)
{
    const fov_node *node = &b->graph->node[i];
    *to = fov_graph_add_node(b->graph, node->name, node->op, in, n_in, node->out, 1, b->err);
    if (*to == FOV_NONE) return FOV_ERR_MEMORY;
    b->graph->node[i].dead = true;
    return FOV_OK;
}

static fov_status name_sampling(fov_node *node, const fov_sampling *s, fov_error *err)
{
    static const char *const coordinates[] = {
        [FOV_HALF_PIXEL] = "half_pixel",
        [FOV_PYTORCH_HALF_PIXEL] = "pytorch_half_pixel",
        [FOV_ALIGN_CORNERS] = "align_corners",
        [FOV_ASYMMETRIC] = "asymmetric",
    };
    static const char *const nearest[] = {
        [FOV_ROUND_PREFER_FLOOR] = "round_prefer_floor",
        [FOV_ROUND_PREFER_CEIL] = "round_prefer_ceil",
        [FOV_FLOOR] = "floor",
        [FOV_CEIL] = "ceil",
        [FOV_SIMPLE] = "floor",
    };
    bool       repeats = fov_sampling_replicates(s); /* many ways to say so: one is enough */
    fov_status st = fov_node_set_string(node, "mode", s->linear ? "linear" : "nearest", err);
    if (!st)
        st = fov_node_set_string(node, "coordinate_transformation_mode", repeats ? "asymmetric" : coordinates[s->coordinates], err);
    return st ? st : fov_node_set_string(node, "nearest_mode", repeats ? "floor" : nearest[s->nearest], err);
}

static fov_status settle_resize(body *b, int i)
{
    const float     scales[4] = {1, 1, (float)b->enlarge[i].rows, (float)b->enlarge[i].columns};
    const fov_shape shape = {1, {4}};
    fov_sampling    sampling;
    int             in[3] = {b->graph->node[i].in[0], FOV_NONE, FOV_NONE}, to;
    fov_sampling_read(&b->graph->node[i], b->graph->opset, &sampling);
    fov_status st = add_constant(b, "scales", FOV_F32, &shape, scales, &in[2]);
    if (!st) st = replace_node(b, i, in, 3, &to);
    return st ? st : name_sampling(&b->graph->node[to], &sampling, b->err);
}

static fov_status settle_bound(body *b, const fov_node *node, const char *name, int *id)
{
    const fov_shape scalar = {.rank = 0};
    const fov_attr *attr = fov_node_attr(node, name);
    if (!attr || attr->kind != FOV_ATTR_FLOATS || !attr->count) return FOV_OK;
    return add_constant(b, name, FOV_F32, &scalar, attr->floats, id);
}

/* Before opset 11 the bounds were attributes. */
static fov_status settle_clip(body *b, int i)
{
    int        in[3] = {b->graph->node[i].in[0], FOV_NONE, FOV_NONE}, to;
    fov_status st = FOV_OK;
    if (b->graph->node[i].n_in > 1) return FOV_OK;
    st = settle_bound(b, &b->graph->node[i], "min", &in[1]);
    if (!st) st = settle_bound(b, &b->graph->node[i], "max", &in[2]);
    return st ? st : replace_node(b, i, in, 3, &to);
}

/* What inference has seen to be a list of integers, in an input or, NONE, not there. */
static const int64_t *list_of(const body *b, const fov_node *node, int i, size_t *count)
{
    const fov_value *value = i < node->n_in && node->in[i] != FOV_NONE ? &b->graph->value[node->in[i]] : NULL;
    if (value) fov_shape_count(&value->shape, count);
    return value ? value->data : NULL;
}

/* Before opset 11 the pads were an attribute; from opset 18 on they may be of some axes only. */
static void read_pads(const body *b, const fov_node *node, int64_t pads[8])
{
    size_t         count = 4, ignored;
    const int64_t *axes = list_of(b, node, 3, &count), *list = list_of(b, node, 1, &ignored);
    if (!list) list = fov_node_attr(node, "pads")->ints;
    memset(pads, 0, 8 * sizeof *pads);
    for (size_t i = 0; i < count; i++) {
        const int64_t axis = axes ? axes[i] : (int64_t)i;
        pads[axis < 0 ? axis + 4 : axis] = list[i];
        pads[axis < 0 ? axis + 8 : axis + 4] = list[count + i];
    }
}

static fov_status settle_pad(body *b, int i)
{
    const fov_node *node = &b->graph->node[i];
    const fov_shape shape = {1, {8}};
    int64_t         pads[8];
    int             in[3] = {node->in[0], FOV_NONE, node->n_in > 2 ? node->in[2] : FOV_NONE}, to;
    read_pads(b, node, pads);
    fov_status st = in[2] == FOV_NONE ? settle_bound(b, node, "value", &in[2]) : FOV_OK;
    if (!st) st = add_constant(b, "pads", FOV_I64, &shape, pads, &in[1]);
    if (!st) st = replace_node(b, i, in, 3, &to);
    return st ? st
              : fov_node_set_string(&b->graph->node[to], "mode", fov_node_string(&b->graph->node[i], "mode", "constant"), b->err);
}

static fov_status settle_forms(body *b)
{
    const int  count = b->graph->n_node;
    fov_status st = FOV_OK;
    for (int i = 0; i < count && !st; i++) {
        fov_node *node = &b->graph->node[i];
        if (node->dead) continue;
        if (b->enlarge[i].rows) st = settle_resize(b, i);
        else if (node->op == FOV_OP_Clip) st = settle_clip(b, i);
        else if (node->op == FOV_OP_Pad) st = settle_pad(b, i);
        else if (node->op == FOV_OP_Cast) node->op = FOV_OP_Identity; /* float to float */
    }
    if (!st) st = fov_graph_sort(b->graph, b->err);
    return st;
}

/* ---------------------------------------------------------------- all of it */

static fov_status study(body *b, const fov_view *input)
{
    size_t     n_node = (size_t)b->graph->n_node, n_value = (size_t)b->graph->n_value;
    fov_status st = fov_graph_infer(b->graph, input, &b->values, b->err);
    if (st) return st;
    b->enlarge = fov_calloc(n_node, sizeof *b->enlarge);
    b->fixed = fov_calloc(n_value, sizeof *b->fixed);
    if (b->enlarge && b->fixed) {
        st = fold_fixed(b);
        if (!st) st = check_body(b);
    } else {
        st = fov_fail_memory(b->err, "the graph");
    }
    fov_values_free(b->graph, b->values);
    return st;
}

static fov_status drop_leftovers(fov_graph *graph, fov_error *err)
{
    int        count = 0;
    fov_status st = fov_pass_drop_identity(graph, &count, err);
    if (!st) st = fov_pass_drop_dead(graph, &count, err);
    if (!st) st = fov_graph_sort(graph, err);
    return st ? st : fov_graph_compact(graph, err);
}

fov_status fov_onnx_settle_body(fov_graph *graph, const fov_view *input, fov_error *err)
{
    body       b = {.graph = graph, .err = err};
    fov_status st = study(&b, input);
    if (!st) st = settle_forms(&b);
    if (!st) st = drop_leftovers(graph, err);
    if (!st) graph->opset = 13;
    fov_free(b.enlarge);
    fov_free(b.fixed);
    return st;
}
