// SPDX-License-Identifier: MIT
#include "face/face.h"

static float area_of(const float *box)
{
    return (box[2] - box[0]) * (box[3] - box[1]);
}

static float smaller(float a, float b)
{
    return a < b ? a : b;
}

static float larger(float a, float b)
{
    return a > b ? a : b;
}

static bool overlaps(const float *a, const float *b, float iou)
{
    float w = smaller(a[2], b[2]) - larger(a[0], b[0]), h = smaller(a[3], b[3]) - larger(a[1], b[1]);
    if (w <= 0 || h <= 0) return false;
    float both = w * h;
    return both > iou * (area_of(a) + area_of(b) - both);
}

/* Every candidate meets only the faces kept so far, never the other candidates: count * most comparisons at worst. */
size_t fov_face_suppress(fov_face *face, size_t count, float iou, size_t most)
{
    size_t kept = 0;
    for (size_t i = 0; i < count && kept < most; i++) {
        bool dropped = false;
        for (size_t j = 0; j < kept && !dropped; j++) dropped = overlaps(face[i].box, face[j].box, iou);
        if (!dropped) face[kept++] = face[i];
    }
    return kept;
}
