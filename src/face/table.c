// SPDX-License-Identifier: MIT
/* Faces that are decoded already, in a table that a plugin wrote. */
#include "face/candidates.h"

enum { SCORE = 4, LANDMARKS = 5, PLACE_HIGH = 0, PLACE_LOW = 1, PLACE_UNIT = 1 << 20 };

static fov_status collect(const fov_table *table, float threshold, fov_face_buffer *buffer, size_t *count, fov_error *err)
{
    fov_status st = FOV_OK;
    for (size_t i = 0; i < table->rows && !st; i++) {
        fov_face face = {.score = table->data[i * table->ld + SCORE]};
        if (!(face.score > threshold)) continue;
        const size_t high = i / PLACE_UNIT, low = i % PLACE_UNIT;
        face.box[PLACE_HIGH] = (float)high;
        face.box[PLACE_LOW] = (float)low;
        st = fov_candidates_add(buffer, count, &face, err);
    }
    return st;
}

static void read_row(const fov_table *table, const fov_mapping *mapping, fov_face *face)
{
    const size_t row = (size_t)face->box[PLACE_HIGH] * PLACE_UNIT + (size_t)face->box[PLACE_LOW];
    const float *from = table->data + row * table->ld;
    for (int i = 0; i < 4; i++) face->box[i] = (from[i] - mapping->offset[i % 2]) * mapping->scale[i % 2];
    for (int i = 0; i < 10; i++)
        face->landmarks[i / 2][i % 2] = (from[LANDMARKS + i] - mapping->offset[i % 2]) * mapping->scale[i % 2];
}

fov_status fov_face_table(const fov_table *table, const fov_mapping *mapping, const fov_detect_options *options,
                          fov_face_buffer *buffer, fov_faces *faces, fov_error *err)
{
    size_t count = 0, finite = 0;
    *faces = (fov_faces){0};
    fov_status st = collect(table, options->score_threshold, buffer, &count, err);
    if (st) return st;
    count = fov_candidates_cut(buffer, count, (size_t)options->pre_nms_top_k);
    for (size_t i = 0; i < count; i++) {
        fov_face face = buffer->candidate[i];
        read_row(table, mapping, &face);
        if (fov_candidate_is_finite(&face)) buffer->candidate[finite++] = face;
    }
    faces->face = buffer->candidate;
    return fov_face_suppress(buffer, finite, options->nms_iou, (size_t)options->max_faces, &faces->count, err);
}
