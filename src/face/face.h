// SPDX-License-Identifier: MIT
/* Heads -> faces: priors, boxes, landmarks, NMS. Knows nothing of graphs and engines. */
#ifndef FOVEA_FACE_FACE_H
#define FOVEA_FACE_FACE_H

#include "base/error.h"
#include "models/settings.h"

/** Raw heads of one level for one image: H x W cells, `ld` floats from cell to cell (NHWC). */
typedef struct fov_head_level {
    int          rows, columns;
    const float *scores, *boxes, *landmarks;
    ptrdiff_t    scores_ld, boxes_ld, landmarks_ld;
} fov_head_level;

/** From network input pixels to pixels of the photo: photo = (input - offset) * scale. */
typedef struct fov_mapping {
    float offset[2]; /* x, y */
    float scale[2];
} fov_mapping;

/** Reusable memory of the decoder; starts as {0}. */
typedef struct fov_face_buffer fov_face_buffer;
struct fov_face_buffer {
    struct fov_candidate *candidate;
    fov_face             *face;
    size_t                n_candidate, cap_candidate, n_face, cap_face;
};

/**
 * Candidates above the threshold, best pre_nms_top_k, NMS, best max_faces; in photo pixels.
 * Ties are broken by prior order, so results are the same everywhere.
 */
fov_status fov_face_decode(const fov_settings *settings, const fov_head_level *level, const fov_mapping *mapping,
                           const fov_detect_options *options, fov_face_buffer *buffer, fov_faces *faces, fov_error *err);

/** Raw answers in prior order: boxes [A][4], softmaxed scores [A][2], landmarks [A][10]. */
void fov_face_raw(const fov_settings *settings, const fov_head_level *level, float *boxes, float *scores, float *landmarks);

void fov_face_buffer_clear(fov_face_buffer *buffer);

#endif
