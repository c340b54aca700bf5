// SPDX-License-Identifier: MIT
#include "compare/agreement.h"

#include "base/alloc.h"
#include "compare/match.h"

#include <math.h>

static double larger(double a, double b)
{
    return b > a ? b : a;
}

static void add_box_drift(fov_agreement *g, const fov_face *a, const fov_face *b, double size)
{
    double mean = 0, most = 0;
    for (int i = 0; i < 4; i++) {
        const double d = fabs((double)b->box[i] - (double)a->box[i]);
        mean += d / 4;
        most = larger(most, d);
    }
    g->sum.box += mean / size;
    g->sum.box_px += mean;
    g->box_max = larger(g->box_max, most / size);
    g->box_px_max = larger(g->box_px_max, most);
}

static void add_landmark_drift(fov_agreement *g, const fov_face *a, const fov_face *b, double size)
{
    double mean = 0, most = 0;
    for (int i = 0; i < 5; i++) {
        const double d =
            hypot((double)b->landmarks[i][0] - (double)a->landmarks[i][0], (double)b->landmarks[i][1] - (double)a->landmarks[i][1]);
        mean += d / 5;
        most = larger(most, d);
    }
    g->sum.landmark += mean / size;
    g->sum.landmark_px += mean;
    g->landmark_max = larger(g->landmark_max, most / size);
    g->landmark_px_max = larger(g->landmark_px_max, most);
}

static void add_pair(fov_agreement *g, const fov_face *a, const fov_face *b)
{
    const double size = (double)fov_box_size(a->box), score = (double)b->score - (double)a->score;
    g->pairs++;
    g->sum.iou += (double)fov_box_iou(a->box, b->box);
    g->sum.bias += score;
    g->sum.score += fabs(score);
    g->score_max = larger(g->score_max, fabs(score));
    add_box_drift(g, a, b, size);
    add_landmark_drift(g, a, b, size);
}

static bool is_shown(const fov_face *face)
{
    return face->score > FOV_MATCH_SCORE;
}

static void count_faces(fov_agreement *g, const fov_faces *a, const fov_faces *b, const int *of_a, const int *of_b)
{
    for (size_t i = 0; i < a->count; i++) {
        const fov_face *mine = a->face + i;
        const int       other = of_a[i];
        const bool      here = is_shown(mine), there = other >= 0 && is_shown(b->face + other);
        g->faces_a += here;
        g->matched += here && there;
        g->lost += here && !there;
        if (other >= 0 && (here || there)) add_pair(g, mine, b->face + other);
    }
    for (size_t j = 0; j < b->count; j++) {
        if (!is_shown(b->face + j)) continue;
        g->faces_b++;
        g->gained += of_b[j] < 0 || !is_shown(a->face + of_b[j]);
    }
}

fov_status fov_agreement_add(fov_agreement *g, const fov_faces *a, const fov_faces *b, fov_error *err)
{
    int *of_a = fov_alloc_array(a->count + b->count, sizeof *of_a);
    if (!of_a) return fov_fail_memory(err, "matching faces");
    fov_faces_match(a, b, of_a, of_a + a->count);
    const fov_status st = fov_agreement_judge(g, a, b, err);
    if (!st) {
        count_faces(g, a, b, of_a, of_a + a->count);
        g->photos++;
    }
    fov_free(of_a);
    return st;
}

static double ratio(double part, size_t whole, double of_nothing)
{
    return whole ? part / (double)whole : of_nothing;
}

void fov_agreement_finish(fov_agreement *g)
{
    g->recall = ratio((double)g->matched, g->faces_a, 1);
    g->precision = ratio((double)g->matched, g->faces_b, 1);
    g->loss = fov_average_precision(&g->of_a, g->truth) - fov_average_precision(&g->of_b, g->truth);
    g->mean_iou = ratio(g->sum.iou, g->pairs, 0);
    g->score_mean = ratio(g->sum.score, g->pairs, 0);
    g->score_bias = ratio(g->sum.bias, g->pairs, 0);
    g->landmark_mean = ratio(g->sum.landmark, g->pairs, 0);
    g->landmark_px_mean = ratio(g->sum.landmark_px, g->pairs, 0);
    g->box_mean = ratio(g->sum.box, g->pairs, 0);
    g->box_px_mean = ratio(g->sum.box_px, g->pairs, 0);
}

void fov_agreement_clear(fov_agreement *g)
{
    fov_free(g->of_a.item);
    fov_free(g->of_b.item);
    *g = (fov_agreement){0};
}
