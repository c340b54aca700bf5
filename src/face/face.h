// SPDX-License-Identifier: MIT
/* Heads -> faces: priors, boxes, landmarks, NMS. Knows nothing of graphs and engines.
 *
 * Priors are the default boxes behind every head (RetinaFace, arXiv:1905.00641, 4.2; after SSD, arXiv:1512.02325, 2.2). A
 * level of stride s has one prior a cell and anchor, centre ((column + 0.5) * s, (row + 0.5) * s), square, side from the
 * settings. Their order is level, row, column, anchor; the heads emit their values in this very order. */
#ifndef FOVEA_FACE_FACE_H
#define FOVEA_FACE_FACE_H

#include "base/error.h"
#include "models/settings.h"

/** Raw heads of one level for one image: rows x columns cells, NHWC, `*_ld` floats from cell to cell. */
typedef struct fov_head {
    int          rows, columns;
    const float *scores, *boxes, *landmarks;
    ptrdiff_t    scores_ld, boxes_ld, landmarks_ld;
} fov_head;

/** From pixels of the network's input to pixels of the photo: photo = (input - offset) * scale. */
typedef struct fov_mapping {
    float offset[2]; /* x, y */
    float scale[2];
} fov_mapping;

/** Reusable memory of the decoder; starts as {0}. */
typedef struct fov_face_buffer {
    fov_face *candidate;
    size_t    cap_candidate;
    size_t   *place; /* of suppression */
    size_t    cap_place;
} fov_face_buffer;

/**
 * Decode what is above the threshold, keep the best pre_nms_top_k, suppress, keep the best max_faces, map to photo pixels.
 * Equal scores are ordered by prior, so the result is the same everywhere. Scores that are not numbers are no faces.
 * @param head  one a level, settings->n_level of them
 * @param faces out: points into `buffer`
 */
fov_status fov_face_decode(const fov_settings *settings, const fov_head *head, const fov_mapping *mapping,
                           const fov_detect_options *options, fov_face_buffer *buffer, fov_faces *faces, fov_error *err);

/** Append a copy of a face to the `count` in a buffer, which is advanced. */
fov_status fov_face_append(fov_face_buffer *buffer, size_t *count, const fov_face *face, fov_error *err);
/**
 * Faces of several inputs that show the same photo, appended to `buffer`: suppress, keep the best max_faces. Equal scores are
 * ordered by box.
 * @param faces out: points into `buffer`
 */
fov_status fov_face_merge(fov_face_buffer *buffer, size_t count, const fov_detect_options *options, fov_faces *faces,
                          fov_error *err);

/** A table of decoded faces of one image: rows of x1, y1, x2, y2 (pixels of the network's input), score, five landmarks x, y. */
typedef struct fov_table {
    const float *data;
    size_t       rows, ld; /* floats from row to row */
} fov_table;

/** As fov_face_decode() from its threshold on. Rows of equal score are ordered as they stand. */
fov_status fov_face_table(const fov_table *table, const fov_mapping *mapping, const fov_detect_options *options,
                          fov_face_buffer *buffer, fov_faces *faces, fov_error *err);

/** The same heads as plain arrays in prior order: boxes [A][4], scores [A][2] after softmax, landmarks [A][10]. */
void fov_face_raw(const fov_settings *settings, const fov_head *head, float *boxes, float *scores, float *landmarks);

/** Priors of all levels: A. */
size_t fov_face_count(const fov_settings *settings, const fov_head *head);

/**
 * Greedy non-maximum suppression: a box whose IoU with a better kept one is above `iou` is dropped. Its definition, in time that
 * grows with the candidates times those kept.
 * @param face best first; the kept ones are moved to the front @return how many were kept, at most `most`
 */
size_t fov_face_suppress_few(fov_face *face, size_t count, float iou, size_t most);
/** The same of the first `count` candidates of a buffer, also where they are a crowd. @param kept out: how many there are now */
fov_status fov_face_suppress(fov_face_buffer *buffer, size_t count, float iou, size_t most, size_t *kept, fov_error *err);

void fov_face_buffer_clear(fov_face_buffer *buffer);

#endif
