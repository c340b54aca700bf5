// SPDX-License-Identifier: MIT
/* Decoding after SSD's box coding (arXiv:1512.02325, 2.2): a prior of centre c and side m, variances v0 and v1,
 *     centre   = c + v0 * loc[0..1] * m
 *     size     = m * exp(v1 * loc[2..3])
 *     landmark = c + v0 * lm * m */
#include "face/candidates.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* ---------------------------------------------------------------- walking the priors */

typedef struct prior {
    float        x, y, side;
    const float *score, *box, *landmark; /* of this anchor */
} prior;

/* The anchor `a` of cell (row, column). */
static prior prior_at(const fov_level *level, const fov_head *head, int row, int column, ptrdiff_t a)
{
    ptrdiff_t cell = (ptrdiff_t)row * head->columns + column;
    return (prior){
        .x = ((float)column + 0.5F) * (float)level->stride,
        .y = ((float)row + 0.5F) * (float)level->stride,
        .side = level->side[a],
        .score = head->scores + cell * head->scores_ld + 2 * a,
        .box = head->boxes + cell * head->boxes_ld + 4 * a,
        .landmark = head->landmarks + cell * head->landmarks_ld + 10 * a,
    };
}

/* Softmax over {background, face}: the face's share. */
static float face_probability(const float *score)
{
    return 1.0F / (1.0F + expf(score[0] - score[1]));
}

/* ---------------------------------------------------------------- candidates */

/* Where a candidate came from: far below 2^24, as the inputs are that the detector accepts. */
enum { PLACE_LEVEL, PLACE_ROW, PLACE_COLUMN, PLACE_ANCHOR };

static fov_status collect_level(const fov_settings *settings, int k, const fov_head *head, float threshold, fov_face_buffer *buffer,
                                size_t *count, fov_error *err)
{
    const fov_level *level = &settings->level[k];
    /* p > t exactly when face - background > log(t / (1 - t)); half a unit below it leaves the exact test to the few. */
    float least = threshold <= 0 ? -INFINITY : threshold >= 1 ? INFINITY : logf(threshold / (1 - threshold)) - 0.5F;
    for (int row = 0; row < head->rows; row++) {
        for (int column = 0; column < head->columns; column++) {
            for (int a = 0; a < level->n_anchor; a++) {
                prior p = prior_at(level, head, row, column, a);
                if (!(p.score[1] - p.score[0] >= least)) continue;
                fov_face face = {.score = face_probability(p.score)};
                if (!(face.score > threshold)) continue;
                face.box[PLACE_LEVEL] = (float)k;
                face.box[PLACE_ROW] = (float)row;
                face.box[PLACE_COLUMN] = (float)column;
                face.box[PLACE_ANCHOR] = (float)a;
                fov_status st = fov_candidates_add(buffer, count, &face, err);
                if (st) return st;
            }
        }
    }
    return FOV_OK;
}

static void decode_face(const fov_settings *settings, const fov_head *head, const fov_mapping *mapping, fov_face *face)
{
    int   k = (int)face->box[PLACE_LEVEL];
    prior p = prior_at(&settings->level[k], &head[k], (int)face->box[PLACE_ROW], (int)face->box[PLACE_COLUMN],
                       (int)face->box[PLACE_ANCHOR]);
    float centre[2] = {p.x, p.y}, step = settings->variance[0] * p.side;
    for (int i = 0; i < 2; i++) {
        float middle = centre[i] + step * p.box[i], half = 0.5F * p.side * expf(settings->variance[1] * p.box[2 + i]);
        face->box[i] = (middle - half - mapping->offset[i]) * mapping->scale[i];
        face->box[2 + i] = (middle + half - mapping->offset[i]) * mapping->scale[i];
        for (int j = 0; j < 5; j++)
            face->landmarks[j][i] = (centre[i] + step * p.landmark[2 * j + i] - mapping->offset[i]) * mapping->scale[i];
    }
}

fov_status fov_face_decode(const fov_settings *settings, const fov_head *head, const fov_mapping *mapping,
                           const fov_detect_options *options, fov_face_buffer *buffer, fov_faces *faces, fov_error *err)
{
    size_t count = 0, finite = 0;
    *faces = (fov_faces){0};
    for (int k = 0; k < settings->n_level; k++) {
        fov_status st = collect_level(settings, k, &head[k], options->score_threshold, buffer, &count, err);
        if (st) return st;
    }
    count = fov_candidates_cut(buffer, count, (size_t)options->pre_nms_top_k);
    for (size_t i = 0; i < count; i++) {
        fov_face face = buffer->candidate[i];
        decode_face(settings, head, mapping, &face);
        if (fov_candidate_is_finite(&face)) buffer->candidate[finite++] = face;
    }
    faces->face = buffer->candidate;
    return fov_face_suppress(buffer, finite, options->nms_iou, (size_t)options->max_faces, &faces->count, err);
}

/* ---------------------------------------------------------------- raw answers */

size_t fov_face_count(const fov_settings *settings, const fov_head *head)
{
    size_t count = 0;
    for (int k = 0; k < settings->n_level; k++)
        count += (size_t)head[k].rows * (size_t)head[k].columns * (size_t)settings->level[k].n_anchor;
    return count;
}

void fov_face_raw(const fov_settings *settings, const fov_head *head, float *boxes, float *scores, float *landmarks)
{
    for (int k = 0; k < settings->n_level; k++) {
        int n_anchor = settings->level[k].n_anchor, cells = head[k].rows * head[k].columns;
        for (int i = 0; i < cells * n_anchor; i++) {
            prior p = prior_at(&settings->level[k], &head[k], 0, i / n_anchor, i % n_anchor);
            memcpy(boxes, p.box, 4 * sizeof *boxes);
            memcpy(landmarks, p.landmark, 10 * sizeof *landmarks);
            scores[1] = face_probability(p.score);
            scores[0] = 1.0F / (1.0F + expf(p.score[1] - p.score[0]));
            boxes += 4;
            scores += 2;
            landmarks += 10;
        }
    }
}

void fov_face_buffer_clear(fov_face_buffer *buffer)
{
    fov_free(buffer->candidate);
    fov_free(buffer->place);
    *buffer = (fov_face_buffer){0};
}
