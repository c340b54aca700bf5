// SPDX-License-Identifier: MIT
/* The loss: B's faces, judged by A's. */
#include "base/alloc.h"
#include "compare/agreement.h"
#include "compare/match.h"

#include <math.h>
#include <stdlib.h>

enum { RIGHT, WRONG, LEFT_OUT };

/* The face of A that overlaps `face` most, of those that are truth and free, or of those that are below the truth. */
static bool find(const fov_faces *a, const bool *taken, const fov_face *face, bool truth, size_t *found)
{
    float best = FOV_MATCH_IOU;
    bool  any = false;
    for (size_t i = 0; i < a->count; i++) {
        if (taken[i] || (a->face[i].score > FOV_AGREEMENT_TRUTH) != truth) continue;
        const float iou = fov_box_iou(a->face[i].box, face->box);
        if (iou < best || (any && iou == best)) continue;
        best = iou;
        *found = i;
        any = true;
    }
    return any;
}

/* What A saw, though not surely enough to call it true, is neither right nor wrong. */
static int judge(const fov_faces *a, bool *taken, const fov_face *face)
{
    size_t i;
    if (find(a, taken, face, true, &i)) {
        taken[i] = true;
        return RIGHT;
    }
    return find(a, taken, face, false, &i) ? LEFT_OUT : WRONG;
}

static fov_status reserve(fov_agreement *g, size_t more, fov_error *err)
{
    if (g->capacity - g->verdicts >= more) return FOV_OK;
    const size_t capacity = 2 * g->capacity + more;
    fov_verdict *verdict = fov_realloc_array(g->verdict, capacity, sizeof *verdict);
    if (!verdict) return fov_fail_memory(err, "judging faces");
    g->verdict = verdict;
    g->capacity = capacity;
    return FOV_OK;
}

fov_status fov_agreement_judge(fov_agreement *g, const fov_faces *a, const fov_faces *b, fov_error *err)
{
    fov_status st = reserve(g, b->count, err);
    bool      *taken = st ? NULL : fov_calloc(a->count, sizeof *taken);
    if (!st && !taken) st = fov_fail_memory(err, "judging faces");
    for (size_t j = 0; j < b->count && !st; j++) {
        const int verdict = judge(a, taken, b->face + j);
        if (verdict != LEFT_OUT) g->verdict[g->verdicts++] = (fov_verdict){b->face[j].score, verdict == RIGHT};
    }
    for (size_t i = 0; i < a->count && !st; i++) g->truth += a->face[i].score > FOV_AGREEMENT_TRUTH;
    fov_free(taken);
    return st;
}

static int best_first(const void *x, const void *y)
{
    const fov_verdict *a = x, *b = y;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return (int)a->right - (int)b->right;
}

double fov_average_precision(fov_verdict *verdict, size_t count, size_t truth)
{
    size_t right = 0;
    double area = 0, best = 0;
    if (!truth) return 0;
    if (count) qsort(verdict, count, sizeof *verdict, best_first);
    for (size_t i = 0; i < count; i++) right += verdict[i].right;
    for (size_t i = count; i-- > 0;) { /* from the end, where recall is highest: the best precision at this recall or above */
        const double precision = (double)right / (double)(i + 1);
        if (precision > best) best = precision;
        if (!verdict[i].right) continue;
        area += best;
        right--;
    }
    return area / (double)truth;
}
