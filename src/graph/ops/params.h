// SPDX-License-Identifier: MIT
/* What definitions ask of their call: types and ranks of inputs, axes, and integers that ONNX moved from attributes to inputs. */
#ifndef FOVEA_GRAPH_OPS_PARAMS_H
#define FOVEA_GRAPH_OPS_PARAMS_H

#include "graph/op.h"

/** Any rank, for fov_op_expect(). */
#define FOV_ANY_RANK (-1)

/** Fail unless input `i` is left out or has this type and rank. */
fov_status fov_op_expect(const fov_op_call *call, int i, fov_dtype dtype, int rank, fov_error *err);

/** Input `i`, NULL when it is left out or past the end. */
const fov_view *fov_op_input(const fov_op_call *call, int i);

/** An axis of a tensor of `rank`, counted from the end when negative. */
fov_status fov_op_axis(const fov_op_call *call, int64_t axis, int rank, int *out, fov_error *err);

/** Integers by either way; `data` belongs to the node or the view. */
typedef struct fov_ints {
    const int64_t *data; /* NULL: neither was given */
    int64_t        count, stride;
} fov_ints;

static inline int64_t fov_ints_at(const fov_ints *ints, int64_t i)
{
    return ints->data[i * ints->stride];
}

/**
 * Read input `input` (a known list of integers), or else the attribute.
 * @param input     FOV_NONE: only the attribute
 * @param attribute NULL: only the input
 */
fov_status fov_op_ints(const fov_op_call *call, int input, const char *attribute, fov_ints *out, fov_error *err);

/** As fov_op_ints() from an input alone, as a shape. */
fov_status fov_op_read_shape(const fov_op_call *call, int input, fov_shape *shape, fov_error *err);

/** Read a list of axes into flags, one per dimension of a tensor of `rank`; refuses doubles. */
fov_status fov_op_axis_set(const fov_op_call *call, const fov_ints *axes, int rank, bool *set, fov_error *err);

/** A single number of dtype f32 in an input, or the attribute, or the fallback. */
fov_status fov_op_float(const fov_op_call *call, int input, const char *attribute, float fallback, float *out, fov_error *err);

#endif
