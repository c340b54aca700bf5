// SPDX-License-Identifier: MIT
/* What an operator is: its shape rule and its meaning in plain C, one file each in graph/ops/, one row each in ops.def. */
#ifndef FOVEA_GRAPH_OP_H
#define FOVEA_GRAPH_OP_H

#include "graph/graph.h"

/** One application of an operator. Optional inputs left out are NULL. */
typedef struct fov_op_call {
    const fov_node        *node;
    int64_t                opset;
    const fov_view *const *in; /* n_in entries */
    fov_view              *out;
    int                    n_in, n_out;
    void                  *workspace; /* of `run`: as much as the definition's `workspace` asked for */
} fov_op_call;

/** `max_in` of an operator that takes as many inputs as one likes. */
#define FOV_ANY_COUNT 65536

/**
 * The definition of an operator.
 *
 * infer: all input shapes are closed; inputs whose value is known have data, others NULL. Sets dtype and shape of every
 *        output (not strides, not data). Fails with a message that names the node and the shapes that disagree.
 * run:   all views have data; outputs have the inferred shape and any strides. Plain loops, obviously right: the oracle
 *        of every backend. Sums in double. Inputs and outputs do not overlap.
 */
typedef struct fov_op_def {
    const char *name;           /* as in ONNX */
    int         min_in, max_in; /* the first min_in inputs may not be left out; FOV_ANY_COUNT: no upper bound */
    int         max_out;
    fov_status (*infer)(const fov_op_call *call, fov_error *err);
    fov_status (*run)(const fov_op_call *call, fov_error *err);
    /**
     * Storage types (F16, BF16, U8): NULL or false: an operator means on them what it means on the reals they stand for, and
     * fov_op_run() sees to it. True: `run` takes these views as they are, because it says more exactly what happens to integers.
     */
    bool (*takes_storage)(const fov_op_call *call);
    /** Bytes of memory that `run` wants for these shapes; aligned for floats. NULL: none. */
    size_t (*workspace)(const fov_op_call *call);
} fov_op_def;

#define FOV_OP(name, definition, cpu, cuda) extern const fov_op_def definition;
#include "graph/ops.def"
#undef FOV_OP

const fov_op_def *fov_op_def_of(fov_op op);
/** Operator by ONNX name; FOV_OP_COUNT if unknown. */
fov_op fov_op_find(const char *name);

/** Elements that no tensor may exceed, so that sizes and strides of hostile graphs cannot overflow. */
#define FOV_MAX_ELEMENTS ((int64_t)1 << 31)

/** False when a dimension is open or the product of all that are not 0 exceeds FOV_MAX_ELEMENTS. */
bool fov_op_shape_allowed(const fov_shape *shape);

/** Refuse a node with too few or too many inputs or outputs for its operator. */
fov_status fov_op_check(const fov_node *node, fov_error *err);

/**
 * What every caller uses instead of the definition's own `infer`: fov_op_check() before it, then the inferred shapes are
 * checked and the outputs get dense strides. Inputs of a storage type must be passed as F32.
 */
fov_status fov_op_infer(const fov_op_call *call, fov_error *err);

/** Bytes of scratch that fov_op_run() wants for these views; only their types and shapes are looked at. */
size_t fov_op_run_scratch(const fov_op_call *call);
/** What every caller uses instead of the definition's own `run`: views of storage types are loaded before it, into `scratch`, and
 * stored after it. @param scratch fov_op_run_scratch() bytes, aligned for any object; may be NULL when that is 0 */
fov_status fov_op_run(const fov_op_call *call, void *scratch, fov_error *err);

/* ---- shared by definitions */

/** Fail naming the node: "Conv 'body.0': <message>". */
fov_status fov_op_fail(const fov_op_call *call, fov_status code, fov_error *err, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/** Two-dimensional window of Conv and MaxPool after auto_pad is resolved. */
typedef struct fov_window {
    int64_t kernel[2], stride[2], dilation[2];
    int64_t pad_top, pad_left, pad_bottom, pad_right;
    int64_t out_h, out_w;
} fov_window;

/** Read kernel_shape, strides, pads, dilations, auto_pad, ceil_mode. @param kernel from the weights, or NULL */
fov_status fov_window_read(const fov_op_call *call, int64_t in_h, int64_t in_w, const int64_t *kernel, fov_window *window,
                           fov_error *err);

/*
 * What passes have fused into a Conv, as attributes beside ONNX's own; the reference honours them, so a fused graph means
 * the same on every backend. Conv inputs: x, weight, bias (optional), residual (optional).
 *     y = act(conv(x) + bias + residual)                       residual "before"
 *     y = act(conv(x) + bias) + nearest_upsample(residual, s)  residual "after", s = fused_residual_scale, 1 or 2 ...
 *     act(v) = v < 0 ? fused_slope * v : v                     1: none, 0: ReLU, 0.1: LeakyReLU
 */
typedef struct fov_fused {
    float slope;          /* attribute "fused_slope", default 1           */
    bool  residual_after; /* attribute "fused_residual" = "after"         */
    int   residual_scale; /* attribute "fused_residual_scale", default 1  */
} fov_fused;

fov_fused fov_fused_read(const fov_node *node);

/* ---- evaluation of whole graphs */

/**
 * Shapes of all values for given input shapes, and the data of every value that follows from constants and shapes alone
 * (so that Shape/Gather/Concat chains of exporters close the Reshape and Resize that they feed).
 * @param input  n_input views (data may be NULL)
 * @param values out: n_value views; released by fov_values_free(). Values of dead nodes have rank -1.
 */
fov_status fov_graph_infer(const fov_graph *graph, const fov_view *input, fov_view **values, fov_error *err);

/**
 * Run a graph by its definitions alone, on dense tensors: the oracle of pass tests and of head recognition.
 * @param input n_input views with data
 */
fov_status fov_graph_evaluate(const fov_graph *graph, const fov_view *input, fov_view **values, fov_error *err);
void       fov_values_free(const fov_graph *graph, fov_view *values);

#endif
