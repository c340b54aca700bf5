// SPDX-License-Identifier: MIT
/* Pad: elements before and after each dimension, constant, the edge repeated, or mirrored at it; negative pads cut off.
 * Pads and value are attributes before opset 11, then inputs. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <string.h>

enum { CONSTANT, EDGE, REFLECT };

static fov_status read_mode(const fov_op_call *call, int *mode, fov_error *err)
{
    static const char *const names[] = {"constant", "edge", "reflect"};
    const char              *name = fov_node_string(call->node, "mode", "constant");
    for (*mode = 0; *mode < 3; ++*mode)
        if (!strcmp(names[*mode], name)) return FOV_OK;
    return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "mode '%s' is none of constant, edge, reflect", name);
}

/* Begin of each dimension in before[], end in after[]. */
static fov_status read_pads(const fov_op_call *call, int64_t *before, int64_t *after, fov_error *err)
{
    int        rank = call->in[0]->shape.rank;
    bool       set[FOV_MAX_RANK];
    fov_ints   pads, axes;
    fov_status st = fov_op_ints(call, 1, "pads", &pads, err);
    if (!st) st = fov_op_ints(call, 3, NULL, &axes, err);
    if (!st) st = fov_op_axis_set(call, &axes, rank, set, err);
    if (st) return st;
    int64_t count = axes.data ? axes.count : rank;
    if (!pads.data || pads.count != 2 * count)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "has %lld pads for %lld dimensions", (long long)pads.count, (long long)count);
    memset(before, 0, (size_t)rank * sizeof *before);
    memset(after, 0, (size_t)rank * sizeof *after);
    for (int64_t i = 0; i < count; i++) {
        int axis;
        if ((st = fov_op_axis(call, axes.data ? fov_ints_at(&axes, i) : i, rank, &axis, err))) return st;
        before[axis] = fov_ints_at(&pads, i);
        after[axis] = fov_ints_at(&pads, i + count);
    }
    return FOV_OK;
}

static fov_status infer_dim(const fov_op_call *call, int mode, int64_t in, int64_t before, int64_t after, int64_t *out,
                            fov_error *err)
{
    if (before < -FOV_MAX_ELEMENTS || after < -FOV_MAX_ELEMENTS || before > FOV_MAX_ELEMENTS || after > FOV_MAX_ELEMENTS ||
        in + before + after < 0)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot pad %lld by %lld and %lld", (long long)in, (long long)before,
                           (long long)after);
    *out = in + before + after;
    if (in == 0 && *out > 0 && mode != CONSTANT)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "an empty dimension has no edge to pad with");
    return FOV_OK;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    int64_t          before[FOV_MAX_RANK], after[FOV_MAX_RANK];
    const fov_shape *x = &call->in[0]->shape;
    int              mode;
    fov_status       st = read_mode(call, &mode, err);
    if (!st) st = read_pads(call, before, after, err);
    if (st) return st;
    const fov_view *value = fov_op_input(call, 2);
    size_t          count;
    if (value && (value->dtype != call->in[0]->dtype || !fov_shape_count(&value->shape, &count) || count != 1))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "its padding value is not one number of the input's type");
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape.rank = x->rank;
    for (int i = 0; i < x->rank && !st; i++)
        st = infer_dim(call, mode, x->dim[i], before[i], after[i], &call->out[0].shape.dim[i], err);
    return st;
}

/* Source of output position i; false: it is padding with the constant. */
static bool source_index(int mode, int64_t i, int64_t before, int64_t size, int64_t *source)
{
    int64_t at = i - before, period = 2 * (size - 1);
    if (mode == EDGE) at = at < 0 ? 0 : at >= size ? size - 1 : at;
    if (mode == REFLECT) {
        at = period ? (at % period + period) % period : 0;
        if (at >= size) at = period - at;
    }
    *source = at;
    return at >= 0 && at < size;
}

static void fill(const fov_op_call *call, const fov_view *out, const int64_t *at)
{
    static const int64_t nowhere[FOV_MAX_RANK];
    const fov_view      *value = fov_op_input(call, 2);
    if (value) fov_view_copy(out, at, value, nowhere);
    else if (out->dtype == FOV_F32) *fov_view_f32(out, at) = fov_node_float(call->node, "value", 0);
    else
        memset((char *)out->data + fov_view_offset(out, at) * (ptrdiff_t)fov_dtype_size(out->dtype), 0, fov_dtype_size(out->dtype));
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *y = &call->out[0];
    int64_t         before[FOV_MAX_RANK], after[FOV_MAX_RANK];
    int             mode;
    fov_status      st = read_mode(call, &mode, err);
    if (!st) st = read_pads(call, before, after, err);
    if (st) return st;
    for (fov_walk w = fov_walk_begin(&y->shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK];
        bool    inside = true;
        for (int i = 0; i < x->shape.rank; i++) inside &= source_index(mode, w.at[i], before[i], x->shape.dim[i], &from[i]);
        if (inside) fov_view_copy(y, w.at, x, from);
        else fill(call, y, w.at);
    }
    return FOV_OK;
}

const fov_op_def fov_op_pad = {.name = "Pad", .min_in = 1, .max_in = 4, .max_out = 1, .infer = infer, .run = run};
