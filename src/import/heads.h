// SPDX-License-Identifier: MIT
/* Which values of a graph from a foreign exporter are the raw heads of a RetinaFace.
 *
 * Exporters name and order their outputs as they like, join levels or not, apply softmax or not, and some decode the boxes.
 * What they share is that a Conv makes every raw head and no Conv stands behind it:
 *
 *     body ... Conv --> Transpose, Reshape, Concat, Softmax, decoding ... --> outputs
 *              head     tail
 *
 * So heads are found by walking back from the outputs to the nearest Convs, told apart by size and channels, and then proven:
 * the tail alone is run on random heads, and every column of every output must be what our own reading of those heads gives. */
#ifndef FOVEA_IMPORT_HEADS_H
#define FOVEA_IMPORT_HEADS_H

#include "graph/graph.h"
#include "models/settings.h"

typedef enum fov_head_kind { FOV_HEAD_SCORES, FOV_HEAD_BOXES, FOV_HEAD_LANDMARKS, FOV_HEAD_KINDS } fov_head_kind;

/** Channels per anchor of each kind. */
extern const int fov_head_width[FOV_HEAD_KINDS];

typedef struct fov_heads_level {
    int64_t rows, columns; /* cells at the probed input size */
    int     stride, n_anchor;
    int     value[FOV_HEAD_KINDS]; /* of the Convs */
} fov_heads_level;

/** Levels from the smallest stride to the largest. */
typedef struct fov_heads {
    int64_t         batch, height, width; /* of the probed input */
    int             n_level;
    fov_heads_level level[FOV_MAX_LEVELS];
} fov_heads;

/**
 * Mark the values that the outputs need, back to the nearest Convs and to what is known without running anything.
 * @param values of fov_graph_infer()
 * @param needed n_value flags, zeroed by the caller
 */
void fov_heads_mark_tail(const fov_graph *graph, const fov_view *values, bool *needed);

/**
 * Find the heads by structure.
 * @param values of fov_graph_infer() for `input`
 * @return FOV_ERR_UNSUPPORTED with what was found and what was expected
 */
fov_status fov_heads_find(const fov_graph *graph, const fov_view *values, const fov_view *input, fov_heads *heads, fov_error *err);

/**
 * Prove by numbers that the outputs are these heads, read with these settings. Where the outputs are decoded with other
 * anchors or variances, the graph is right: they are read from it and replace those of `settings`.
 * @return FOV_ERR_UNSUPPORTED naming the output that is something else
 */
fov_status fov_heads_prove(const fov_graph *graph, const fov_view *values, const fov_heads *heads, fov_settings *settings,
                           fov_error *err);

#endif
