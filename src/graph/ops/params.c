// SPDX-License-Identifier: MIT
#include "graph/ops/params.h"

#include <string.h>

static const char *const dtype_names[] = {"float", "int64", "bool"};

const fov_view *fov_op_input(const fov_op_call *call, int i)
{
    return i >= 0 && i < call->n_in ? call->in[i] : NULL;
}

fov_status fov_op_expect(const fov_op_call *call, int i, fov_dtype dtype, int rank, fov_error *err)
{
    const fov_view *view = fov_op_input(call, i);
    char            text[128];
    if (!view || (view->dtype == dtype && (rank == FOV_ANY_RANK || view->shape.rank == rank))) return FOV_OK;
    fov_shape_print(&view->shape, text, sizeof text);
    if (view->dtype != dtype)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "input %d (%s) is %s, supported is %s", i, text,
                           dtype_names[view->dtype], dtype_names[dtype]);
    return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "input %d is %s, supported is rank %d", i, text, rank);
}

fov_status fov_op_axis(const fov_op_call *call, int64_t axis, int rank, int *out, fov_error *err)
{
    if (axis < -rank || axis >= rank)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "axis %lld is outside of a tensor of rank %d", (long long)axis, rank);
    *out = (int)(axis < 0 ? axis + rank : axis);
    return FOV_OK;
}

fov_status fov_op_ints(const fov_op_call *call, int input, const char *attribute, fov_ints *out, fov_error *err)
{
    const fov_view *view = fov_op_input(call, input);
    const fov_attr *attr = attribute ? fov_node_attr(call->node, attribute) : NULL;
    *out = (fov_ints){0};
    if (view) {
        char text[128];
        if (view->dtype != FOV_I64 || view->shape.rank > 1)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d (%s %s) should be a list of integers", input,
                               dtype_names[view->dtype], fov_shape_print(&view->shape, text, sizeof text));
        if (!view->data)
            return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err,
                               "input %d depends on the values of the graph's input; it must follow from constants and shapes",
                               input);
        *out = (fov_ints){view->data, view->shape.rank ? view->shape.dim[0] : 1, view->shape.rank ? view->stride[0] : 1};
    } else if (attr) {
        if (attr->kind != FOV_ATTR_INTS)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "attribute '%s' should be a list of integers", attribute);
        *out = (fov_ints){attr->ints, (int64_t)attr->count, 1};
    }
    return FOV_OK;
}

fov_status fov_op_read_shape(const fov_op_call *call, int input, fov_shape *shape, fov_error *err)
{
    fov_ints   list;
    fov_status st = fov_op_ints(call, input, NULL, &list, err);
    if (st) return st;
    if (list.count > FOV_MAX_RANK)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "its shape has %lld dimensions, at most %d are supported",
                           (long long)list.count, FOV_MAX_RANK);
    shape->rank = (int)list.count;
    for (int i = 0; i < shape->rank; i++) shape->dim[i] = fov_ints_at(&list, i);
    return FOV_OK;
}

fov_status fov_op_axis_set(const fov_op_call *call, const fov_ints *axes, int rank, bool *set, fov_error *err)
{
    memset(set, 0, (size_t)rank * sizeof *set);
    for (int64_t i = 0; i < axes->count; i++) {
        int        axis = 0;
        fov_status st = fov_op_axis(call, fov_ints_at(axes, i), rank, &axis, err);
        if (st) return st;
        if (set[axis]) return fov_op_fail(call, FOV_ERR_FORMAT, err, "axis %d is given twice", axis);
        set[axis] = true;
    }
    return FOV_OK;
}

fov_status fov_op_float(const fov_op_call *call, int input, const char *attribute, float fallback, float *out, fov_error *err)
{
    const fov_view *view = fov_op_input(call, input);
    size_t          count;
    *out = attribute ? fov_node_float(call->node, attribute, fallback) : fallback;
    if (!view) return FOV_OK;
    if (view->dtype != FOV_F32 || !fov_shape_count(&view->shape, &count) || count != 1)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d should be a single float", input);
    if (view->data) *out = *(const float *)view->data; /* else: only the shape is asked for now */
    return FOV_OK;
}
