// SPDX-License-Identifier: MIT
#include "compare/match.h"

#include <math.h>
#include <string.h>

static float side_of(float low, float high)
{
    return high > low ? high - low : 0;
}

float fov_box_iou(const float *a, const float *b)
{
    if (!memcmp(a, b, 4 * sizeof *a)) return 1; /* NOLINT(*-memory-comparison,cert-*): the same bits, also of an empty box */
    const float both = side_of(fmaxf(a[0], b[0]), fminf(a[2], b[2])) * side_of(fmaxf(a[1], b[1]), fminf(a[3], b[3]));
    const float all = side_of(a[0], a[2]) * side_of(a[1], a[3]) + side_of(b[0], b[2]) * side_of(b[1], b[3]) - both;
    return both > 0 && all > 0 ? both / all : 0;
}

float fov_box_size(const float *box)
{
    return fmaxf(1, sqrtf(side_of(box[0], box[2]) * side_of(box[1], box[3])));
}

static void match_above(const fov_faces *a, const fov_faces *b, float above, int *of_a, int *of_b)
{
    for (size_t i = 0; i < a->count; i++) {
        float best = FOV_MATCH_IOU;
        int   taken = -1;
        if (of_a[i] >= 0 || !(a->face[i].score > above)) continue;
        for (size_t j = 0; j < b->count; j++) {
            if (of_b[j] >= 0 || !(b->face[j].score > above)) continue;
            const float iou = fov_box_iou(a->face[i].box, b->face[j].box);
            if (iou < best || (iou == best && taken >= 0)) continue;
            best = iou;
            taken = (int)j;
        }
        if (taken < 0) continue;
        of_a[i] = taken;
        of_b[taken] = (int)i;
    }
}

void fov_faces_match(const fov_faces *a, const fov_faces *b, int *of_a, int *of_b)
{
    for (size_t i = 0; i < a->count; i++) of_a[i] = -1;
    for (size_t j = 0; j < b->count; j++) of_b[j] = -1;
    match_above(a, b, FOV_MATCH_SCORE, of_a, of_b);
    match_above(a, b, -INFINITY, of_a, of_b);
}
