// SPDX-License-Identifier: MIT
/* What calibration found out about every tensor of an optimised FP32 graph, by the tensor's name. Names are those that the graph
 * has after fov_graph_optimize(); they are the same however the model was imported, as long as a family recognised it. */
#ifndef FOVEA_QUANT_RANGES_H
#define FOVEA_QUANT_RANGES_H

#include "base/name_index.h"
#include "graph/graph.h"

typedef struct fov_range {
    char  *name;
    float  lo, hi;                  /* what 8 bits should cover; lo <= 0 <= hi, finite, not both 0 */
    float  scale;                   /* of a symmetric calibration, as its cache said it; else 0 */
    int    channels;                /* 0: nothing is known of them (a TensorRT cache) */
    float *channel_lo, *channel_hi; /* smallest and largest seen, or expected; as lo and hi, but both may be 0 */
    float *channel_mean;            /* or NULL; for bias correction */
} fov_range;

/** A tensor that a node reads. A node with several inputs (Concat, a residual, a plugin) has one of these for each. */
typedef struct fov_calibrated_input {
    char *node, *op;
    int   index; /* among the node's inputs */
    char *tensor;
} fov_calibrated_input;

struct fov_calibration {
    fov_range            *range; /* in the order of the network's values; of a name that stands twice, the first counts */
    size_t                count;
    fov_name_index        index;
    fov_calibrated_input *input;
    size_t                inputs;
    char                  method[32]; /* "entropy", "min-max", "percentile 99.99", "mse", "data-free", "tensorrt" */
    size_t                photos;     /* 0: made without */
    char                  digest[33]; /* hexadecimal XXH3-128 of what was calibrated on, "" if unknown */
    bool                  symmetric;  /* zero points must be 128 (a TensorRT cache) */
};

/** What a file may have of ranges, and of inputs of nodes: more than any network has values. */
enum { FOV_MAX_RANGES = 100000 };

/** NULL if there is none. */
const fov_range *fov_range_find(const struct fov_calibration *calibration, const char *name);
/** What one step of 8 bits stands for when the tensor has one scale for all its channels. */
float fov_range_scale(const struct fov_calibration *calibration, const fov_range *range);

/** A value that holds activations: the network's input, or what a node computes. */
bool fov_value_is_calibrated(const fov_graph *graph, int value);

/** Make the ranges take in what was seen, too: those that follow from statistics know nothing of rare large numbers. */
void fov_calibration_widen(struct fov_calibration *ranges, const struct fov_calibration *seen);

/* ---- making one */

/** An empty one with room for a range for each calibrated value of the graph, and the list of its nodes' inputs. */
fov_status fov_calibration_new(const fov_graph *graph, struct fov_calibration **calibration, fov_error *err);
/**
 * Append a range. lo and hi are made to include 0 and to differ.
 * @param channels 0, or how many entries channel_lo, channel_hi and channel_mean get: to be filled by the caller
 */
fov_range *fov_calibration_add(struct fov_calibration *calibration, const char *name, float lo, float hi, int channels,
                               fov_error *err);
/** Turn the last `count` ranges to the front, where they count before others of their names. */
void fov_calibration_turn(struct fov_calibration *calibration, size_t count);
/** Append an input of a node; all names are copied. */
fov_status fov_calibration_add_input(struct fov_calibration *calibration, const char *node, const char *op, int index,
                                     const char *tensor, fov_error *err);

#endif
