// SPDX-License-Identifier: MIT
/* From a typed graph to QuantizeLinear and DequantizeLinear.
 *
 * Activations there have a scale and a zero point a channel; explicit quantisation wants one symmetric scale a tensor. The scale's
 * part that differs from channel to channel moves into the convolutions around, exactly:
 *
 *     x' = x / k[c]        k[c] = s[c] / max s
 *
 * before: filter c and bias c of the convolution that makes x are divided by k[c], which LeakyRelu and Relu let through;
 * after:  weights that read channel c are multiplied by k[c]. They are integers of weight * s[c] already, so the integers stay.
 *
 * That needs all readers of x to be convolutions, or a Concat or MaxPool between; where that is not so, x keeps k = 1 and a scale
 * for its widest channel, and dense convolutions that read it get new integers. Symmetry costs up to half of the 256 codes. */
#ifndef FOVEA_EXPORT_ONNX_QDQ_H
#define FOVEA_EXPORT_ONNX_QDQ_H

#include "graph/op.h"

typedef struct fov_qdq {
    const fov_graph *typed;
    fov_graph       *graph;    /* a copy of it that is being rewritten: ids of the typed graph stay valid */
    float          **part;     /* per value of `typed`: k, one a channel; NULL: 1 */
    int             *scale_of; /* per value: which value's symmetric scale it has, mostly its own */
    int             *real;     /* per value: the value of `graph` to read it from */
} fov_qdq;

/** Choose k of every value. */
fov_status fov_qdq_find_parts(fov_qdq *q, fov_error *err);
/** Give a Conv weights and bias that its input and output's parts are multiplied into; 8-bit weights through a Convert. */
fov_status fov_qdq_set_weights(fov_qdq *q, int node, fov_error *err);
/** Take residual and activation out of a Conv: nodes of their own, the last of which makes the value that the Conv made. */
fov_status fov_qdq_unfuse(fov_graph *graph, int node, fov_error *err);

/** A new value `stem`.`what`. @param quant NULL for F32, else of I8. @return FOV_NONE without memory */
int fov_qdq_add_value(fov_graph *graph, const char *stem, const char *what, const fov_quant *quant, fov_error *err);
/** A new constant, zeros. @param data out */
int fov_qdq_add_constant(fov_graph *graph, const char *stem, const char *what, fov_dtype dtype, const fov_shape *shape, void **data,
                         fov_error *err);
/** Convert from one value to another. */
fov_status fov_qdq_add_convert(fov_graph *graph, int from, int to, fov_error *err);

/** Which input of activations has its own 8-bit scales; false for constants and floats. */
static inline bool fov_qdq_is_u8(const fov_graph *typed, int value)
{
    return value != FOV_NONE && typed->value[value].dtype == FOV_U8 && !typed->value[value].data && typed->value[value].quant;
}

#endif
