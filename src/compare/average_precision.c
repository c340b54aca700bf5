// SPDX-License-Identifier: MIT
/* The loss: how A and B rank the faces that A's scores make likely. */
#include "base/alloc.h"
#include "compare/agreement.h"
#include "compare/match.h"

#include <stdlib.h>

/* The face of A that overlaps `face` most, of those that are free. */
static bool find(const fov_faces *a, const bool *taken, const fov_face *face, size_t *found)
{
    float best = FOV_MATCH_IOU;
    bool  any = false;
    for (size_t i = 0; i < a->count; i++) {
        if (taken[i]) continue;
        const float iou = fov_box_iou(a->face[i].box, face->box);
        if (iou < best || (any && iou == best)) continue;
        best = iou;
        *found = i;
        any = true;
    }
    return any;
}

static fov_status reserve(fov_verdicts *v, size_t more, fov_error *err)
{
    if (v->capacity - v->count >= more) return FOV_OK;
    const size_t capacity = 2 * v->capacity + more;
    fov_verdict *item = fov_realloc_array(v->item, capacity, sizeof *item);
    if (!item) return fov_fail_memory(err, "judging faces");
    v->item = item;
    v->capacity = capacity;
    return FOV_OK;
}

fov_status fov_agreement_judge(fov_agreement *g, const fov_faces *a, const fov_faces *b, fov_error *err)
{
    bool      *taken = fov_calloc(a->count, sizeof *taken);
    fov_status st = taken ? FOV_OK : fov_fail_memory(err, "judging faces");
    if (!st) st = reserve(&g->of_a, a->count, err);
    if (!st) st = reserve(&g->of_b, b->count, err);
    for (size_t j = 0; j < b->count && !st; j++) {
        size_t      i;
        const bool  found = find(a, taken, b->face + j, &i);
        fov_verdict verdict = {b->face[j].score, found ? a->face[i].score : 0};
        if (found) taken[i] = true;
        g->of_b.item[g->of_b.count++] = verdict;
    }
    for (size_t i = 0; i < a->count && !st; i++) {
        g->of_a.item[g->of_a.count++] = (fov_verdict){a->face[i].score, a->face[i].score};
        g->truth += (double)a->face[i].score;
    }
    fov_free(taken);
    return st;
}

static int best_first(const void *x, const void *y)
{
    const fov_verdict *a = x, *b = y;
    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    return (a->probability > b->probability) - (a->probability < b->probability);
}

double fov_average_precision(fov_verdicts *v, double truth)
{
    double right = 0, area = 0, best = 0;
    if (!(truth > 0)) return 0;
    if (v->count) qsort(v->item, v->count, sizeof *v->item, best_first);
    for (size_t i = 0; i < v->count; i++) right += (double)v->item[i].probability;
    for (size_t i = v->count; i-- > 0;) { /* from the end, where recall is highest: the best precision at this recall or above */
        const double precision = right / (double)(i + 1);
        if (precision > best) best = precision;
        area += best * (double)v->item[i].probability;
        right -= (double)v->item[i].probability;
    }
    return area / truth;
}
