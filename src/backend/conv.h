// SPDX-License-Identifier: MIT
/* What a Conv node is, read once for all backends. */
#ifndef FOVEA_BACKEND_CONV_H
#define FOVEA_BACKEND_CONV_H

#include "backend/pixels.h"
#include "graph/op.h"

/** What the elements of an activation or of weights are. The quant belongs to the graph. */
typedef struct fov_element {
    fov_dtype        dtype;
    const fov_quant *quant; /* of U8 and I8 */
} fov_element;

/** A Conv node whose weights are known. Points into the graph, which outlives it. */
typedef struct fov_conv {
    const struct fov_conv_kind *kind; /* the backend's: of the step that begins with this; NULL: another kind of step, or none yet */
    const fov_graph            *graph;
    const fov_node             *node;
    union { /* [cout][cin / group][kh][kw], of the type w says */
        const float    *weight;
        const uint16_t *weight_half; /* F16, BF16 */
        const int8_t   *weight_i8;
    };
    const float *bias; /* [cout] or NULL */
    ptrdiff_t    cin, cout, group, kh, kw;
    ptrdiff_t    stride[2], dilation[2]; /* down, right */
    fov_element  x, w, y, residual;
    bool         has_residual;
    fov_fused    fused;
} fov_conv;

/**
 * Read a Conv node of types that are computed here: floats with floats, U8 with I8 whose sums 32 bits hold; anything out.
 * @return false: not a two-dimensional convolution with constant weights that agree with each other. The definition then serves, or
 *         says what is wrong.
 */
bool fov_conv_read(const fov_graph *graph, const fov_node *node, fov_conv *conv);

/** One filter per channel, group == cin == cout, no residual. */
bool fov_conv_is_depthwise(const fov_conv *conv);
/** The same window over the same input: sizes, strides, dilations, padding. */
bool fov_conv_same_window(const fov_conv *a, const fov_conv *b);
/** Everything is F32. */
bool fov_conv_is_f32(const fov_conv *conv);
/** U8 with I8 weights: graph/ops/conv_int8.h says what happens. */
bool fov_conv_takes_int8(const fov_conv *conv);
/** Weight `i` of those that are F32, F16 or BF16. */
float fov_conv_weight_f32(const fov_conv *conv, size_t i);

/** Minus what the zero points of the input add to the sum of a channel: q - zero point is what counts, q is what kernels see. Of
 * whole windows, since taps outside of the image are zero points too. */
int32_t fov_conv_int8_start(const fov_conv *conv, ptrdiff_t channel);

/** A convolution at one input size. */
typedef struct fov_conv_shape {
    fov_pixels x, y, residual; /* residual.data NULL: none */
    fov_window window;
} fov_conv_shape;

fov_status fov_conv_shape_read(const fov_conv *conv, const fov_view *const *in, fov_view *out, fov_conv_shape *shape,
                               fov_error *err);

#endif
