// SPDX-License-Identifier: MIT
#include "graph/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const fov_op_def *const definitions[FOV_OP_COUNT] = {
#define FOV_OP(name, definition, cpu, cuda) [FOV_OP_##name] = &definition,
#include "graph/ops.def"
#undef FOV_OP
};

const fov_op_def *fov_op_def_of(fov_op op)
{
    return definitions[op];
}

fov_op fov_op_find(const char *name)
{
    int op = 0;
    while (op < FOV_OP_COUNT && strcmp(definitions[op]->name, name) != 0) op++;
    return (fov_op)op;
}

fov_status fov_op_fail(const fov_op_call *call, fov_status code, fov_error *err, const char *format, ...)
{
    char    what[768];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fov_fail(err, code, "%s '%s': %s", definitions[call->node->op]->name, call->node->name, what);
}

bool fov_op_shape_allowed(const fov_shape *shape)
{
    int64_t count = 1;
    if (shape->rank > FOV_MAX_RANK || !fov_shape_closed(shape)) return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] && (__builtin_mul_overflow(count, shape->dim[i], &count) || count > FOV_MAX_ELEMENTS)) return false;
    return true;
}

fov_status fov_op_check(const fov_node *node, fov_error *err)
{
    const fov_op_def *def = definitions[node->op];
    fov_op_call       call = {.node = node};
    if (node->n_in < def->min_in || node->n_in > def->max_in)
        return fov_op_fail(&call, FOV_ERR_FORMAT, err, "has %d inputs, expected %d to %d", node->n_in, def->min_in, def->max_in);
    if (node->n_out < 1 || node->n_out > def->max_out)
        return fov_op_fail(&call, FOV_ERR_UNSUPPORTED, err, "has %d outputs, supported are 1 to %d", node->n_out, def->max_out);
    for (int i = 0; i < def->min_in; i++)
        if (node->in[i] == FOV_NONE) return fov_op_fail(&call, FOV_ERR_FORMAT, err, "input %d is left out but not optional", i);
    return FOV_OK;
}

fov_status fov_op_infer(const fov_op_call *call, fov_error *err)
{
    const fov_op_def *def = definitions[call->node->op];
    fov_status        st = fov_op_check(call->node, err);
    if (!st) st = def->infer(call, err);
    for (int i = 0; i < call->n_out && !st; i++) {
        fov_view *out = &call->out[i];
        char      text[128];
        if (!fov_op_shape_allowed(&out->shape))
            return fov_op_fail(call, FOV_ERR_LIMIT, err, "output %d would be %s; a tensor may have %lld elements", i,
                               fov_shape_print(&out->shape, text, sizeof text), (long long)FOV_MAX_ELEMENTS);
        *out = fov_view_dense(out->dtype, &out->shape, NULL);
    }
    return st;
}

fov_fused fov_fused_read(const fov_node *node)
{
    int64_t scale = fov_node_int(node, "fused_residual_scale", 1);
    return (fov_fused){
        .slope = fov_node_float(node, "fused_slope", 1.0F),
        .residual_after = !strcmp(fov_node_string(node, "fused_residual", ""), "after"),
        .residual_scale = scale > 0 && scale <= INT32_MAX ? (int)scale : 0, /* 0: impossible, Conv refuses it */
    };
}
