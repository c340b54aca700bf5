// SPDX-License-Identifier: MIT
/* Resize: nearest or linear, by `scales` or to `sizes`. Upsample of opset 9 is its two-input form. */
#include "graph/ops/resize.h"

#include "graph/ops/params.h"
#include "graph/ops/walk.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- attributes */

/* Position of `value` in a NULL-terminated list, -1 if it is not there. */
static int find_name(const char *const *names, const char *value)
{
    for (int i = 0; names[i]; i++)
        if (!strcmp(names[i], value)) return i;
    return -1;
}

const char *fov_sampling_read(const fov_node *node, int64_t opset, fov_sampling *sampling)
{
    static const char *const modes[] = {"nearest", "linear", NULL};
    static const char *const coordinates[] = {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", NULL};
    static const char *const nearest[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "", NULL};
    bool                     old = opset < 11;
    int                      mode = find_name(modes, fov_node_string(node, "mode", "nearest"));
    int from = find_name(coordinates, fov_node_string(node, "coordinate_transformation_mode", old ? "asymmetric" : "half_pixel"));
    int round = find_name(nearest, fov_node_string(node, "nearest_mode", old ? "" : "round_prefer_floor"));
    *sampling = (fov_sampling){0};
    if (mode < 0) return "mode";
    if (from < 0) return "coordinate_transformation_mode";
    if (round < 0) return "nearest_mode";
    if (fov_node_int(node, "antialias", 0)) return "antialias";
    if (fov_node_int(node, "exclude_outside", 0)) return "exclude_outside";
    if (strcmp(fov_node_string(node, "keep_aspect_ratio_policy", "stretch"), "stretch") != 0) return "keep_aspect_ratio_policy";
    *sampling = (fov_sampling){mode == 1, (fov_coordinates)from, (fov_nearest)round};
    return NULL;
}

/* half_pixel puts the source of output S*j + k at j + (k + 0.5)/S - 0.5, always less than 0.5 away from j. */
bool fov_sampling_replicates(const fov_sampling *s)
{
    if (s->linear) return false;
    if (s->coordinates == FOV_ASYMMETRIC) return s->nearest == FOV_FLOOR || s->nearest == FOV_SIMPLE;
    return s->coordinates != FOV_ALIGN_CORNERS && (s->nearest == FOV_ROUND_PREFER_FLOOR || s->nearest == FOV_ROUND_PREFER_CEIL);
}

int fov_resize_scales_index(const fov_node *node)
{
    return node->n_in == 2 ? 1 : 2;
}

/* ---------------------------------------------------------------- sizes */

/* One dimension: its sizes and the scale that positions are divided by. */
typedef struct ruler {
    int64_t in, out;
    float   scale;
} ruler;

/* An optional list; exporters leave one out by giving it no elements. */
static const fov_view *list_input(const fov_op_call *call, int i)
{
    const fov_view *view = fov_op_input(call, i);
    return view && view->shape.rank == 1 && view->shape.dim[0] == 0 ? NULL : view;
}

static fov_status check_list(const fov_op_call *call, int i, fov_dtype dtype, int64_t count, fov_error *err)
{
    fov_status st = fov_op_expect(call, i, dtype, 1, err);
    if (st) return st;
    if (!call->in[i]->data)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "input %d depends on the values of the graph's input", i);
    if (call->in[i]->shape.dim[0] != count)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "input %d has %lld elements for %lld dimensions", i,
                           (long long)call->in[i]->shape.dim[0], (long long)count);
    return FOV_OK;
}

static fov_status scale_ruler(const fov_op_call *call, float scale, ruler *r, fov_error *err)
{
    float size = scale * (float)r->in; /* in float, as ONNX Runtime rounds it */
    if (!(scale > 0) || !(size <= (float)FOV_MAX_ELEMENTS))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot scale %lld by %g", (long long)r->in, (double)scale);
    r->out = scale == 1 ? r->in : (int64_t)floorf(size);
    r->scale = scale;
    return FOV_OK;
}

static fov_status size_ruler(const fov_op_call *call, int64_t size, ruler *r, fov_error *err)
{
    if (size < 0 || (r->in == 0 && size > 0))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "cannot resize %lld to %lld", (long long)r->in, (long long)size);
    r->out = size;
    r->scale = r->in ? (float)size / (float)r->in : 1;
    return FOV_OK;
}

/* Which dimensions the lists speak of: all, or those of the attribute `axes` in its order (opset 18). */
static fov_status read_axes(const fov_op_call *call, int *axis, int64_t *count, fov_error *err)
{
    int        rank = call->in[0]->shape.rank;
    bool       set[FOV_MAX_RANK];
    fov_ints   axes;
    fov_status st = fov_op_ints(call, FOV_NONE, "axes", &axes, err);
    if (!st) st = fov_op_axis_set(call, &axes, rank, set, err);
    if (st) return st;
    *count = axes.data ? axes.count : rank;
    for (int i = 0; i < *count && !st; i++) st = fov_op_axis(call, axes.data ? fov_ints_at(&axes, i) : i, rank, &axis[i], err);
    return st;
}

static fov_status read_rulers(const fov_op_call *call, ruler *rulers, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    int              at = fov_resize_scales_index(call->node), axis[FOV_MAX_RANK];
    const fov_view  *scales = list_input(call, at), *sizes = list_input(call, 3);
    int64_t          count;
    fov_status       st = read_axes(call, axis, &count, err);
    if (st) return st;
    if (!scales == !sizes) return fov_op_fail(call, FOV_ERR_FORMAT, err, "needs either scales or sizes");
    if ((st = check_list(call, scales ? at : 3, scales ? FOV_F32 : FOV_I64, count, err))) return st;
    for (int i = 0; i < x->rank; i++) rulers[i] = (ruler){x->dim[i], x->dim[i], 1};
    for (int64_t i = 0; i < count && !st; i++)
        st = scales ? scale_ruler(call, *fov_view_f32(scales, &i), &rulers[axis[i]], err)
                    : size_ruler(call, *fov_view_i64(sizes, &i), &rulers[axis[i]], err);
    return st;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    ruler        rulers[FOV_MAX_RANK];
    fov_sampling sampling;
    fov_status   st = fov_op_expect(call, 0, FOV_F32, FOV_ANY_RANK, err);
    if (st) return st;
    const char *unknown = fov_sampling_read(call->node, call->opset, &sampling);
    if (unknown)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "its attribute '%s' asks for '%s', which Fovea does not have", unknown,
                           fov_node_string(call->node, unknown, "1"));
    if ((st = read_rulers(call, rulers, err))) return st;
    call->out[0].dtype = FOV_F32;
    call->out[0].shape.rank = call->in[0]->shape.rank;
    for (int i = 0; i < call->out[0].shape.rank; i++) call->out[0].shape.dim[i] = rulers[i].out;
    return FOV_OK;
}

/* ---------------------------------------------------------------- meaning */

/* In float, as ONNX Runtime does, so that positions halfway between two elements fall to the same side. */
static float source_position(const ruler *r, fov_coordinates coordinates, int64_t x)
{
    float at = (float)x;
    switch (coordinates) {
    case FOV_PYTORCH_HALF_PIXEL:
        if (r->out == 1) return 0;
        break;
    case FOV_ALIGN_CORNERS:
        return r->out == 1 ? 0 : at * (float)(r->in - 1) / (float)(r->out - 1);
    case FOV_ASYMMETRIC:
        return at / r->scale;
    case FOV_HALF_PIXEL:
        break;
    }
    return (at + 0.5F) / r->scale - 0.5F;
}

static int64_t nearest_index(const ruler *r, const fov_sampling *s, int64_t x)
{
    double p = (double)source_position(r, s->coordinates, x);
    switch (s->nearest) {
    case FOV_ROUND_PREFER_FLOOR:
        p = ceil(p - 0.5);
        break;
    case FOV_ROUND_PREFER_CEIL:
        p = floor(p + 0.5);
        break;
    case FOV_FLOOR:
        p = floor(p);
        break;
    case FOV_CEIL:
        p = ceil(p);
        break;
    case FOV_SIMPLE:
        p = r->scale < 1 ? ceil(p) : floor(p);
        break;
    }
    return p < 0 ? 0 : p > (double)(r->in - 1) ? r->in - 1 : (int64_t)p;
}

static float linear_position(const ruler *r, const fov_sampling *s, int64_t x)
{
    const float p = source_position(r, s->coordinates, x), last = (float)(r->in - 1);
    return p < 0 ? 0 : p > last ? last : p;
}

fov_status fov_resize_positions(const fov_op_call *call, int axis, float *position, fov_error *err)
{
    ruler        rulers[FOV_MAX_RANK];
    fov_sampling sampling;
    fov_status   st = read_rulers(call, rulers, err);
    if (st) return st;
    fov_sampling_read(call->node, call->opset, &sampling);
    for (int64_t x = 0; x < rulers[axis].out; x++) position[x] = linear_position(&rulers[axis], &sampling, x);
    return FOV_OK;
}

/* Linear in every dimension: the mean of the 2^rank corners around the source, weighted by nearness. */
static double linear_value(const fov_view *x, const ruler *rulers, const fov_sampling *s, const int64_t *at)
{
    int     rank = x->shape.rank;
    int64_t low[FOV_MAX_RANK];
    double  part[FOV_MAX_RANK], sum = 0;
    for (int i = 0; i < rank; i++) {
        const double p = (double)linear_position(&rulers[i], s, at[i]);
        low[i] = (int64_t)p;
        part[i] = p - (double)low[i];
    }
    for (unsigned corner = 0; corner < 1U << rank; corner++) {
        int64_t index[FOV_MAX_RANK];
        double  weight = 1;
        for (int i = 0; i < rank; i++) {
            bool high = corner >> i & 1;
            index[i] = low[i] + high;
            weight *= high ? part[i] : 1 - part[i];
        }
        if (weight > 0) sum += weight * (double)*fov_view_f32(x, index);
    }
    return sum;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *y = &call->out[0];
    ruler           rulers[FOV_MAX_RANK];
    fov_sampling    sampling;
    fov_status      st = read_rulers(call, rulers, err);
    if (st) return st;
    fov_sampling_read(call->node, call->opset, &sampling);
    for (fov_walk w = fov_walk_begin(&y->shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK];
        for (int i = 0; i < x->shape.rank; i++) from[i] = nearest_index(&rulers[i], &sampling, w.at[i]);
        *fov_view_f32(y, w.at) = sampling.linear ? (float)linear_value(x, rulers, &sampling, w.at) : *fov_view_f32(x, from);
    }
    return FOV_OK;
}

const fov_op_def fov_op_resize = {.name = "Resize", .min_in = 1, .max_in = 4, .max_out = 1, .infer = infer, .run = run};
