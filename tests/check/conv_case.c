// SPDX-License-Identifier: MIT
#include "conv_case.h"

#include "base/alloc.h"
#include "typed.h"

#include <stdlib.h>

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

/* ---------------------------------------------------------------- values */

/* One scale, or one a channel. */
static fov_quant *case_quant(check *t, fov_dtype dtype, int64_t channels, bool extreme, float largest)
{
    if (dtype != FOV_U8 && dtype != FOV_I8) return NULL;
    const bool each = channels > 1 && pick(t, 0, 1);
    fov_quant *q = calloc(1, sizeof *q);
    if (!q) abort();
    q->count = each ? (int)channels : 1;
    q->scale = calloc((size_t)q->count, sizeof *q->scale);
    q->zero_point = calloc((size_t)q->count, sizeof *q->zero_point);
    if (!q->scale || !q->zero_point) abort();
    for (int i = 0; i < q->count; i++) {
        q->scale[i] = largest * test_random_float(&t->random, 0.5F, 1);
        q->zero_point[i] = dtype == FOV_I8 ? 0 : extreme ? 255 * pick(t, 0, 1) : pick(t, 0, 255);
    }
    return q;
}

/* Integers of the whole range, or only its ends; `end` 0: either end, 1: the low one, 2: the high one. */
static void fill_bytes(check *t, const fov_view *view, size_t count, bool extreme)
{
    const int end = pick(t, 0, 2), low = view->dtype == FOV_I8 ? INT8_MIN : 0, high = view->dtype == FOV_I8 ? INT8_MAX : UINT8_MAX;
    uint8_t  *to = view->data;
    for (size_t i = 0; i < count; i++) {
        const bool is_low = end == 1 || (end == 0 && pick(t, 0, 1));
        to[i] = (uint8_t)(!extreme ? pick(t, low, high) : is_low ? low : high);
    }
}

/* What lies between pixels too, which no result may depend on. */
static void fill_floats(check *t, const fov_view *view, size_t count)
{
    const fov_shape shape = {1, {(int64_t)count}};
    fov_view        to = fov_view_dense(view->dtype, &shape, view->data);
    for (int64_t i = 0; i < (int64_t)count; i++) fov_view_store_one(&to, &i, test_random_float(&t->random, -1, 1));
}

static void fill(check *t, const fov_view *view, size_t count, bool extreme)
{
    if (view->dtype == FOV_U8 || view->dtype == FOV_I8) fill_bytes(t, view, count, extreme);
    else fill_floats(t, view, count);
}

/* An activation, whose pixels may have strangers between them. */
static void add_activation(check *t, conv_case *k, int index, fov_dtype dtype, const int64_t *dim)
{
    const int64_t ld = dim[1] + (pick(t, 0, 1) ? pick(t, 1, 20) : 0), count = dim[0] * dim[2] * dim[3] * ld;
    const size_t  size = fov_dtype_size(dtype), offset = (size_t)pick(t, 0, 15) * size;
    fov_quant    *quant = case_quant(t, dtype, dim[1], k->extreme, 0.02F);
    char          name[16];
    snprintf(name, sizeof name, "x%d", index);
    int id = fov_graph_add_value(k->graph, name, FOV_F32, &(fov_shape){4, {dim[0], dim[1], dim[2], dim[3]}}, NULL);
    fov_graph_set_storage(k->graph, id, dtype, quant, NULL);
    free_quant(quant);
    k->memory[index] = fov_alloc_aligned((size_t)count * size + offset + PLENTY);
    k->in[index] = fov_view_nhwc_of(dtype, dim[0], dim[1], dim[2], dim[3], ld, k->memory[index] + offset);
    k->in[index].quant = k->graph->value[id].quant;
    k->present[index] = true;
    fill(t, &k->in[index], (size_t)count, k->extreme);
}

static void add_constant(check *t, conv_case *k, int index, fov_dtype dtype, const fov_shape *shape)
{
    char   name[16];
    size_t count;
    snprintf(name, sizeof name, "x%d", index);
    fov_shape_count(shape, &count);
    fov_quant *quant = case_quant(t, dtype, shape->dim[0], false, 0.001F);
    int        id = fov_graph_add_constant(k->graph, name, dtype, shape, NULL, NULL, NULL);
    fov_graph_set_storage(k->graph, id, dtype, quant, NULL);
    free_quant(quant);
    k->in[index] = fov_view_dense(dtype, shape, k->graph->value[id].data);
    k->in[index].quant = k->graph->value[id].quant;
    k->present[index] = true;
    fill(t, &k->in[index], count, k->extreme);
}

/* ---------------------------------------------------------------- the node */

static void random_attributes(check *t, fov_node *node, int64_t group, const int64_t *kernel)
{
    static const float slopes[] = {1, 0, 0.1F, -0.5F};
    const int64_t      stride[2] = {pick(t, 1, 2), pick(t, 1, 2)}, dilation[2] = {pick(t, 1, 2), pick(t, 1, 2)};
    int64_t            pads[4];
    for (int i = 0; i < 4; i++) pads[i] = pick(t, 0, (int)kernel[i % 2] - 1);
    fov_node_set_ints(node, "pads", pads, 4, NULL);
    if (pick(t, 0, 1)) fov_node_set_ints(node, "strides", stride, 2, NULL);
    if (pick(t, 0, 3) == 0) fov_node_set_ints(node, "dilations", dilation, 2, NULL);
    fov_node_set_int(node, "group", group, NULL);
    fov_node_set_float(node, "fused_slope", slopes[pick(t, 0, 3)], NULL);
}

/* The output's shape; false when there is none. */
static bool infer(const conv_case *k, fov_view *out)
{
    fov_view        as_f32[MAX_IN];
    const fov_view *in[MAX_IN] = {0};
    for (int i = 0; i < RESIDUAL; i++) {
        as_f32[i] = k->in[i];
        as_f32[i].dtype = FOV_F32;
        if (k->present[i]) in[i] = &as_f32[i];
    }
    const fov_op_call call = {
        .node = &k->graph->node[0], .opset = k->graph->opset, .in = in, .out = out, .n_in = RESIDUAL, .n_out = 1};
    return fov_op_def_of(FOV_OP_Conv)->infer(&call, NULL) == FOV_OK;
}

static void add_residual(check *t, conv_case *k, fov_node *node)
{
    const int64_t *dim = k->out.shape.dim;
    const bool     after = pick(t, 0, 1);
    const int64_t  scale = after && dim[2] % 2 == 0 && dim[3] % 2 == 0 ? 2 : 1;
    fov_node_set_string(node, "fused_residual", after ? "after" : "before", NULL);
    fov_node_set_int(node, "fused_residual_scale", scale, NULL);
    add_activation(t, k, RESIDUAL, random_dtype(t), (int64_t[]){dim[0], dim[1], dim[2] / scale, dim[3] / scale});
    node->in[RESIDUAL] = fov_graph_find(k->graph, "x3");
}

static void random_sizes(check *t, int64_t *cin, int64_t *cout, int64_t *group, int64_t *kernel)
{
    static const int usual[] = {3, 8, 16, 20, 32, 64};
    *group = pick(t, 0, 3) ? 1 : pick(t, 2, 4);
    *cin = *group * (*group > 1 ? pick(t, 1, 9) : pick(t, 0, 1) ? usual[pick(t, 0, 5)] : pick(t, 1, 70));
    *cout = *group * (*group > 1 ? pick(t, 1, 20) : pick(t, 0, 1) ? usual[pick(t, 0, 5)] : pick(t, 1, 70));
    for (int i = 0; i < 2; i++) kernel[i] = pick(t, 0, 1) ? 3 : pick(t, 1, 5);
    if (pick(t, 0, 3) == 0) kernel[0] = kernel[1] = 1;
}

static fov_dtype weight_type(check *t, fov_dtype x)
{
    static const fov_dtype floats[] = {FOV_F32, FOV_F16, FOV_BF16};
    return x == FOV_U8 ? FOV_I8 : pick(t, 0, 3) ? x : floats[pick(t, 0, 2)];
}

static float rounding_of(fov_dtype dtype)
{
    return dtype == FOV_BF16 ? 0x1p-8F : dtype == FOV_F16 ? 0x1p-11F : 0;
}

bool conv_case_make(check *t, conv_case *k, fov_dtype x_type)
{
    int64_t         cin, cout, group, kernel[2];
    const fov_dtype y_type = random_dtype(t);
    random_sizes(t, &cin, &cout, &group, kernel);
    k->extreme = pick(t, 0, 3) == 0;
    k->int8 = x_type == FOV_U8;
    add_activation(t, k, X, x_type, (int64_t[]){pick(t, 1, 2), cin, pick(t, 1, 20), pick(t, 1, pick(t, 0, 4) ? 20 : 70)});
    add_constant(t, k, W, weight_type(t, x_type), &(fov_shape){4, {cout, cin / group, kernel[0], kernel[1]}});
    if (pick(t, 0, 1)) add_constant(t, k, BIAS, FOV_F32, &(fov_shape){1, {cout}});
    const int y = fov_graph_add_value(k->graph, "y", FOV_F32, NULL, NULL);
    const int in[MAX_IN] = {0, 1, k->present[BIAS] ? 2 : FOV_NONE, FOV_NONE};
    fov_graph_add_node(k->graph, "case", FOV_OP_Conv, in, MAX_IN, &y, 1, NULL);
    fov_node *node = &k->graph->node[0];
    random_attributes(t, node, group, kernel);
    if (!infer(k, &k->out)) return false;
    if (pick(t, 0, 2)) add_residual(t, k, node);
    fov_quant *quant = case_quant(t, y_type, cout, k->extreme, 0.05F);
    fov_graph_set_storage(k->graph, y, y_type, quant, NULL);
    free_quant(quant);
    k->out.dtype = y_type;
    k->out.quant = k->graph->value[y].quant;
    k->terms = (size_t)(cin / group * kernel[0] * kernel[1]) + 2;
    k->rounding = rounding_of(y_type);
    return true;
}

void conv_case_clear(conv_case *k)
{
    for (int j = 0; j < MAX_IN; j++) fov_free_aligned(k->memory[j]);
    fov_graph_free(k->graph);
}
