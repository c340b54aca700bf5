// SPDX-License-Identifier: MIT
/* From an optimised FP32 graph to one whose values have the types they are stored in. Convolutions are told what to compute in;
 * what lies between them follows: a value is stored as its readers want it, and where they disagree a Convert stands between. */
#ifndef FOVEA_QUANT_TYPED_H
#define FOVEA_QUANT_TYPED_H

#include "graph/graph.h"
#include "models/settings.h"
#include "quant/ranges.h"

/** What fov_graph_set_types() is told. */
typedef struct fov_typing {
    const fov_dtype
        *node; /* one a node: F32, F16, BF16 or U8, what a Conv multiplies and a Plugin reads where it can; others are not asked */
    const struct fov_calibration *ranges;   /* needed where a node is U8 */
    const fov_settings           *settings; /* tell the range of the input */
} fov_typing;

/**
 * Rewrite `graph`: weights and activations get their storage types and scales, Convert nodes are added, biases take up what
 * rounding the weights shifted. The graph's input and outputs stay F32.
 * @return FOV_ERR_FORMAT (a range is missing), FOV_ERR_UNSUPPORTED (weights that the type cannot hold; the message names the
 *         tensor and what helps), FOV_ERR_MEMORY
 */
fov_status fov_graph_set_types(fov_graph *graph, const fov_typing *typing, fov_error *err);

/** A Conv whose weights are constants, which is what can be computed in another type than F32. */
bool fov_node_is_typed(const fov_graph *graph, const fov_node *node);
/** True when 32-bit sums of 8-bit products cannot overflow. */
bool fov_node_fits_int8(const fov_graph *graph, const fov_node *node);

/* ---- the parts (one file each) */

/** What is known while types are set; arrays have one entry a node or value of the graph as it came in. */
typedef struct fov_types {
    fov_graph        *graph;
    const fov_typing *typing;
    int               n_value, n_node;
    int64_t          *channels; /* of 4-D values, else -1 */
    fov_dtype        *node;     /* what a node computes in and wants its inputs in */
    fov_dtype        *value;    /* how a value is stored */
    fov_quant        *quant;    /* of what is stored as U8, or converted to it; count 0: none */
    bool             *as_u8;    /* somebody reads the value as U8 */
} fov_types;

/** Storage by what readers want (storage_types.c). */
fov_status fov_types_find(fov_types *types, fov_error *err);
/** What reader `node` wants of its input `input`; false: takes it as it is. */
bool fov_types_want(const fov_types *types, int node, int input, fov_dtype *type);
/** Scales and zero points of all values read as U8 (scales.c). */
fov_status fov_types_find_scales(fov_types *types, fov_error *err);
/** New weights and bias of a typed Conv; `x` is the quant of its input, NULL unless it computes in U8 (weights.c). */
fov_status fov_types_convert_weights(fov_types *types, int node, const fov_quant *x, fov_error *err);

#endif
