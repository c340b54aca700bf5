// SPDX-License-Identifier: MIT
/* What is expected of the numbers of a tensor, channel by channel, when nobody has seen any: for statistics.c. */
#ifndef FOVEA_QUANT_MOMENTS_H
#define FOVEA_QUANT_MOMENTS_H

#include "graph/graph.h"
#include "models/settings.h"

typedef struct fov_channel_moments {
    double mean, deviation;
    double lo, hi; /* what numbers hardly ever leave */
} fov_channel_moments;

/** Of a tensor; channels 0: nothing is expected. */
typedef struct fov_moments {
    int                  channels;
    fov_channel_moments *channel;
} fov_moments;

/** After v < 0 ? slope * v : v. */
fov_channel_moments fov_moments_activated(const fov_channel_moments *before, double slope);
/** Of a pixel in 0 .. 255, as the network's input has it. */
fov_channel_moments fov_moments_pixel(const fov_settings *settings, int channel);

/**
 * What comes out of a node, from what goes in.
 * @param all one a value of the graph
 * @param measured set when a BatchNormalization told its statistics
 * @return FOV_OK also for an operator without a rule, whose output then has no moments
 */
fov_status fov_moments_of_node(const fov_graph *graph, const fov_node *node, fov_moments *all, bool *measured, fov_error *err);

#endif
