// SPDX-License-Identifier: MIT
/* Plugin: an operator that a shared library gives (fovea/plugin.h). This file hands over views and shapes, and trusts nothing that
 * comes back. */
#include "graph/op.h"

#include "base/alloc.h"
#include "base/text.h"
#include "graph/plugin.h"

#include <string.h>

/* A workspace that is asked for beyond this is a bug of the plugin, not a wish. */
#define MAX_WORKSPACE ((size_t)1 << 36)

_Static_assert((int)FOV_MAX_RANK <= (int)FOVEA_PLUGIN_MAX_RANK, "every shape of ours fits into one of a plugin");

/* What a plugin wrote as its reason, made safe to print. */
typedef struct reason {
    char                 text[400];
    fovea_plugin_message message;
} reason;

static void reason_start(reason *r)
{
    r->text[0] = '\0';
    r->message = (fovea_plugin_message){r->text, sizeof r->text};
}

static fov_status fail_plugin(const fov_op_call *call, fov_status code, reason *r, const char *what, fov_error *err)
{
    char name[160];
    r->text[sizeof r->text - 1] = '\0';
    fov_make_printable(r->text, "");
    return fov_op_fail(call, code, err, "%s %s: %s", fov_plugin_node_name(call->node, name, sizeof name), what,
                       *r->text ? r->text : "no reason given");
}

static fov_status check_bound(const fov_op_call *call, fov_error *err)
{
    char name[160];
    if (call->node->plugin) return FOV_OK;
    return fov_op_fail(
        call, FOV_ERR_UNSUPPORTED, err,
        "the operator %s comes from a plugin: name its library, with --plugin on the command line or `plugins` in the "
        "options",
        fov_plugin_node_name(call->node, name, sizeof name));
}

/* ---------------------------------------------------------------- shapes */

/* The shapes of a node's inputs, and pointers to them, NULL where an input is left out. */
typedef struct shapes {
    fovea_plugin_shape        shape[FOV_PLUGIN_MAX_PORTS];
    const fovea_plugin_shape *in[FOV_PLUGIN_MAX_PORTS];
} shapes;

static void read_shapes(const fov_op_call *call, shapes *s)
{
    for (int i = 0; i < call->n_in; i++) {
        s->in[i] = call->in[i] ? &s->shape[i] : NULL;
        if (!call->in[i]) continue;
        s->shape[i].rank = call->in[i]->shape.rank;
        for (int d = 0; d < call->in[i]->shape.rank; d++) s->shape[i].dims[d] = call->in[i]->shape.dim[d];
    }
}

static fov_status take_shape(const fov_op_call *call, int i, const fovea_plugin_shape *from, fov_error *err)
{
    fov_view *out = &call->out[i];
    char      text[128];
    if (from->rank < 0 || from->rank > FOV_MAX_RANK)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "the plugin gives output %d a rank of %d; possible are 0 to %d", i,
                           from->rank, FOV_MAX_RANK);
    *out = (fov_view){.dtype = FOV_F32, .shape = fov_shape_make(from->rank, from->dims)};
    for (int d = 0; d < from->rank; d++)
        if (from->dims[d] < 1)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "the plugin gives output %d the shape %s, with a dimension of %lld", i,
                               fov_shape_print(&out->shape, text, sizeof text), (long long)from->dims[d]);
    return FOV_OK;
}

static fov_status check_workspace(const fov_op_call *call, const shapes *s, fov_error *err)
{
    const fov_plugin_op *op = call->node->plugin;
    const size_t         bytes = op->call->workspace ? op->call->workspace(op->state, s->in, call->n_in) : 0;
    if (bytes <= MAX_WORKSPACE) return FOV_OK;
    return fov_op_fail(call, FOV_ERR_LIMIT, err, "the plugin asks for a workspace of %zu bytes; the most is %zu", bytes,
                       MAX_WORKSPACE);
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    fovea_plugin_shape   out[FOV_PLUGIN_MAX_PORTS];
    shapes               s;
    reason               why;
    const fov_plugin_op *op = call->node->plugin;
    fov_status           st = check_bound(call, err);
    if (st) return st;
    for (int i = 0; i < call->n_in; i++)
        if (call->in[i] && call->in[i]->dtype != FOV_F32)
            return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "input %d is %s; plugins take numbers only", i,
                               fov_dtype_name(call->in[i]->dtype));
    read_shapes(call, &s);
    reason_start(&why);
    for (int i = 0; i < call->n_out; i++) out[i] = (fovea_plugin_shape){.rank = -1};
    if (op->call->infer_shape(op->state, s.in, call->n_in, out, call->n_out, &why.message))
        return fail_plugin(call, FOV_ERR_UNSUPPORTED, &why, "refuses the shapes of its inputs", err);
    for (int i = 0; i < call->n_out && !st; i++) st = take_shape(call, i, &out[i], err);
    return st ? st : check_workspace(call, &s, err);
}

/* ---------------------------------------------------------------- running */

static bool taken_as_it_is(const fov_node *node, bool is_input, int index, const fov_view *view)
{
    const bool one_scale = view->dtype != FOV_U8 || (view->quant && view->quant->count == 1);
    return one_scale && fov_plugin_supports(node, is_input, index, view->dtype);
}

static bool takes_storage(const fov_op_call *call)
{
    bool all = true;
    for (int i = 0; i < call->n_in; i++) all = all && (!call->in[i] || taken_as_it_is(call->node, true, i, call->in[i]));
    for (int i = 0; i < call->n_out; i++) all = all && taken_as_it_is(call->node, false, i, &call->out[i]);
    return all;
}

static size_t workspace(const fov_op_call *call)
{
    shapes               s;
    const fov_plugin_op *op = call->node->plugin;
    if (!op->call->workspace) return 0;
    read_shapes(call, &s);
    const size_t bytes = op->call->workspace(op->state, s.in, call->n_in);
    if (bytes > MAX_WORKSPACE) return SIZE_MAX / 4; /* too much for any plan, which then says so */
    return bytes ? bytes + FOV_ALIGN - 1 : 0;
}

static void hand_over(const fov_view *view, fovea_plugin_tensor *tensor)
{
    static const int32_t type_of[] = {
        [FOV_F32] = FOVEA_PLUGIN_F32, [FOV_F16] = FOVEA_PLUGIN_F16, [FOV_BF16] = FOVEA_PLUGIN_BF16, [FOV_U8] = FOVEA_PLUGIN_U8};
    *tensor = (fovea_plugin_tensor){.type = type_of[view->dtype], .rank = view->shape.rank, .data = view->data, .scale = 1};
    for (int d = 0; d < view->shape.rank; d++) {
        tensor->dims[d] = view->shape.dim[d];
        tensor->strides[d] = view->stride[d];
    }
    if (view->dtype != FOV_U8) return;
    tensor->scale = fov_quant_scale(view->quant, 0);
    tensor->zero_point = fov_quant_zero_point(view->quant, 0);
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    fovea_plugin_tensor        tensor[2 * FOV_PLUGIN_MAX_PORTS];
    const fovea_plugin_tensor *in[FOV_PLUGIN_MAX_PORTS], *out[FOV_PLUGIN_MAX_PORTS];
    const fov_plugin_op       *op = call->node->plugin;
    reason                     why;
    for (int i = 0; i < call->n_in; i++) {
        in[i] = call->in[i] ? &tensor[i] : NULL;
        if (call->in[i]) hand_over(call->in[i], &tensor[i]);
    }
    for (int i = 0; i < call->n_out; i++) {
        out[i] = &tensor[call->n_in + i];
        hand_over(&call->out[i], &tensor[call->n_in + i]);
    }
    reason_start(&why);
    const uintptr_t memory = ((uintptr_t)call->workspace + FOV_ALIGN - 1) / FOV_ALIGN * FOV_ALIGN;
    void           *aligned = op->call->workspace ? (void *)memory : NULL;
    if (!op->call->run(op->state, in, call->n_in, out, call->n_out, aligned, &why.message)) return FOV_OK;
    return fail_plugin(call, FOV_ERR_INTERNAL, &why, "failed", err);
}

const fov_op_def fov_op_plugin = {.name = "Plugin",
                                  .min_in = 1,
                                  .max_in = FOV_PLUGIN_MAX_PORTS,
                                  .max_out = FOV_PLUGIN_MAX_PORTS,
                                  .infer = infer,
                                  .run = run,
                                  .takes_storage = takes_storage,
                                  .workspace = workspace};
