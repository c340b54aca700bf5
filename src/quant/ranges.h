// SPDX-License-Identifier: MIT
/* What calibration found out about every tensor of an optimised FP32 graph, by the tensor's name. Names are those that the graph
 * has after fov_graph_optimize(); they are the same however the model was imported, as long as a family recognised it. */
#ifndef FOVEA_QUANT_RANGES_H
#define FOVEA_QUANT_RANGES_H

#include "base/error.h"

typedef struct fov_range {
    char  *name;
    float  lo, hi;                  /* what 8 bits should cover; lo <= 0 <= hi, finite, not both 0 */
    int    channels;                /* 0: nothing is known of them (a TensorRT cache) */
    float *channel_lo, *channel_hi; /* smallest and largest seen, or expected; as lo and hi, but both may be 0 */
    float *channel_mean;            /* or NULL; for bias correction */
} fov_range;

struct fov_calibration {
    fov_range *range;
    size_t     count;
    char       method[24]; /* "entropy", "min-max", "percentile 99.99", "mse", "data-free", "tensorrt" */
    size_t     photos;     /* 0: made without */
    char       digest[33]; /* hexadecimal XXH3-128 of what was calibrated on, "" if unknown */
    bool       symmetric;  /* zero points must be 128 (a TensorRT cache) */
};

/** NULL if there is none. */
const fov_range *fov_range_find(const struct fov_calibration *calibration, const char *name);

#endif
