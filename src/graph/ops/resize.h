// SPDX-License-Identifier: MIT
/* How Resize finds the source of an output position; for the definition, and for the pass that takes enlargements away. */
#ifndef FOVEA_GRAPH_OPS_RESIZE_H
#define FOVEA_GRAPH_OPS_RESIZE_H

#include "graph/op.h"

typedef enum fov_coordinates {
    FOV_HALF_PIXEL,         /* (x + 0.5) / scale - 0.5                */
    FOV_PYTORCH_HALF_PIXEL, /* the same, but 0 for an output of 1     */
    FOV_ALIGN_CORNERS,      /* x * (in - 1) / (out - 1)               */
    FOV_ASYMMETRIC          /* x / scale                              */
} fov_coordinates;

typedef enum fov_nearest {
    FOV_ROUND_PREFER_FLOOR,
    FOV_ROUND_PREFER_CEIL,
    FOV_FLOOR,
    FOV_CEIL,
    FOV_SIMPLE /* before opset 11: floor to enlarge, ceil to shrink */
} fov_nearest;

typedef struct fov_sampling {
    bool            linear;
    fov_coordinates coordinates;
    fov_nearest     nearest;
} fov_sampling;

/** @return NULL, or the attribute whose value is not supported */
const char *fov_sampling_read(const fov_node *node, int64_t opset, fov_sampling *sampling);

/** True when enlarging by an integer repeats every element, without any rounding or shift. */
bool fov_sampling_replicates(const fov_sampling *sampling);

/**
 * The source of every output position along an axis, 0 .. in - 1, of linear resizing.
 * @param call with inputs and output as for `run`; of those only lists need data. @param position out: one a position of the output
 */
fov_status fov_resize_positions(const fov_op_call *call, int axis, float *position, fov_error *err);

/** Index of the `scales` input: before opset 11 there was no `roi` in front of it. */
int fov_resize_scales_index(const fov_node *node);

#endif
