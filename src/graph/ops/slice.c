// SPDX-License-Identifier: MIT
/* Slice: from start to before end in steps, along some axes; attributes before opset 10, then inputs. Bounds count from
 * the end when negative, and what lies outside of the tensor is cut off, as in NumPy. */
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

typedef struct range {
    int64_t start, step, count;
} range;

static int64_t clamp(int64_t v, int64_t low, int64_t high)
{
    return v < low ? low : v > high ? high : v;
}

static range make_range(int64_t start, int64_t end, int64_t step, int64_t size)
{
    range r = {.step = step};
    if (start < 0) start += size; /* size is at most FOV_MAX_ELEMENTS and start negative: no overflow */
    if (end < 0) end += size;
    if (step > 0) {
        r.start = clamp(start, 0, size);
        end = clamp(end, 0, size);
        r.count = end > r.start ? (end - r.start - 1) / step + 1 : 0;
    } else {
        r.start = clamp(start, -1, size - 1);
        end = clamp(end, -1, size - 1);
        r.count = end < r.start ? (end - r.start + 1) / step + 1 : 0;
    }
    return r;
}

/* Starts, ends, axes and steps; axes and steps may be left out. */
static fov_status read_lists(const fov_op_call *call, fov_ints *list, fov_error *err)
{
    static const char *const names[] = {"starts", "ends", "axes", "steps"};
    for (int i = 0; i < 4; i++) {
        fov_status st = fov_op_ints(call, i + 1, i < 3 ? names[i] : NULL, &list[i], err);
        if (st) return st;
        if ((i < 2 && !list[i].data) || (list[i].data && list[i].count != list[0].count))
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "has %lld %s for %lld starts", (long long)list[i].count, names[i],
                               (long long)list[0].count);
    }
    if (list[0].count > call->in[0]->shape.rank)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "slices %lld axes of a tensor of rank %d", (long long)list[0].count,
                           call->in[0]->shape.rank);
    return FOV_OK;
}

static fov_status read_ranges(const fov_op_call *call, range *ranges, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape;
    fov_ints         list[4];
    bool             set[FOV_MAX_RANK];
    fov_status       st = read_lists(call, list, err);
    if (!st) st = fov_op_axis_set(call, &list[2], x->rank, set, err);
    for (int i = 0; i < x->rank; i++) ranges[i] = (range){0, 1, x->dim[i]};
    for (int64_t i = 0; i < list[0].count && !st; i++) {
        int64_t step = list[3].data ? fov_ints_at(&list[3], i) : 1;
        int     axis;
        if (step == 0 || step == INT64_MIN)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "a step of %lld is not possible", (long long)step);
        if ((st = fov_op_axis(call, list[2].data ? fov_ints_at(&list[2], i) : i, x->rank, &axis, err))) return st;
        ranges[axis] = make_range(fov_ints_at(&list[0], i), fov_ints_at(&list[1], i), step, x->dim[axis]);
    }
    return st;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    range      ranges[FOV_MAX_RANK];
    fov_status st = read_ranges(call, ranges, err);
    if (st) return st;
    call->out[0].dtype = call->in[0]->dtype;
    call->out[0].shape = call->in[0]->shape;
    for (int i = 0; i < call->out[0].shape.rank; i++) call->out[0].shape.dim[i] = ranges[i].count;
    return FOV_OK;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    range      ranges[FOV_MAX_RANK];
    fov_status st = read_ranges(call, ranges, err);
    if (st) return st;
    for (fov_walk w = fov_walk_begin(&call->out[0].shape); w.more; fov_walk_next(&w)) {
        int64_t from[FOV_MAX_RANK];
        for (int i = 0; i < call->in[0]->shape.rank; i++) from[i] = ranges[i].start + w.at[i] * ranges[i].step;
        fov_view_copy(&call->out[0], w.at, call->in[0], from);
    }
    return FOV_OK;
}

const fov_op_def fov_op_slice = {.name = "Slice", .min_in = 1, .max_in = 5, .max_out = 1, .infer = infer, .run = run};
