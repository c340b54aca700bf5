// SPDX-License-Identifier: MIT
/* Every photo's faces: scores for the scatter plot, and the photos with the largest differences. */
#include "base/alloc.h"
#include "compare/comparison.h"
#include "compare/match.h"

#include <math.h>
#include <string.h>

#define SAME_BADNESS 1e-3 /* less is nothing to look at */
#define PLOTTED 0.3F      /* the scatter plot leaves out faces that both engines see fainter than this */

void fov_case_clear(fov_case *item)
{
    fov_free(item->name);
    fov_free(item->mark);
    fov_buffer_clear(&item->jpeg);
    *item = (fov_case){0};
}

/* ---------------------------------------------------------------- pairs */

typedef struct pairing {
    const fov_faces *a, *b;
    int             *of_a, *of_b;
} pairing;

static fov_mark mark_of(const fov_face *a, const fov_face *b)
{
    fov_mark mark = {0};
    if (a) mark.a = *a;
    if (b) mark.b = *b;
    mark.in_a = a && a->score > FOV_MATCH_SCORE;
    mark.in_b = b && b->score > FOV_MATCH_SCORE;
    return mark;
}

/* All pairs, and the faces that only one has: A's in its order, then those of B alone. */
static size_t next_mark(const pairing *p, size_t i, fov_mark *mark)
{
    if (i < p->a->count) {
        *mark = mark_of(p->a->face + i, p->of_a[i] < 0 ? NULL : p->b->face + p->of_a[i]);
        return i + 1;
    }
    size_t j = i - p->a->count;
    while (j < p->b->count && p->of_b[j] >= 0) j++;
    if (j == p->b->count) return 0;
    *mark = mark_of(NULL, p->b->face + j);
    return p->a->count + j + 1;
}

static fov_status add_scores(fov_comparison *c, const pairing *p, fov_error *err)
{
    fov_mark     mark;
    const size_t most = c->scores + p->a->count + p->b->count;
    if (most > c->cap_score) {
        fov_score_pair *more = fov_realloc_array(c->score, 2 * most, sizeof *more);
        if (!more) return fov_fail_memory(err, "the scores of faces");
        c->score = more;
        c->cap_score = 2 * most;
    }
    for (size_t i = 0; (i = next_mark(p, i, &mark));)
        if (fmaxf(mark.a.score, mark.b.score) > PLOTTED) c->score[c->scores++] = (fov_score_pair){mark.a.score, mark.b.score};
    return FOV_OK;
}

/* ---------------------------------------------------------------- the worst */

static double landmark_drift(const fov_mark *mark)
{
    double most = 0;
    for (int i = 0; i < 5; i++)
        most = fmax(most, hypot((double)(mark->a.landmarks[i][0] - mark->b.landmarks[i][0]),
                                (double)(mark->a.landmarks[i][1] - mark->b.landmarks[i][1])));
    return most;
}

/* A face lost or gained weighs more than any drift, and the more the surer the other engine was of it. */
static double weigh(fov_case *item, const fov_mark *mark)
{
    double       badness;
    const double score = fabs((double)mark->a.score - (double)mark->b.score);
    const bool   one_only = mark->in_a != mark->in_b;
    item->lost += mark->in_a && !mark->in_b;
    item->gained += mark->in_b && !mark->in_a;
    item->score_max = fmax(item->score_max, score);
    badness = one_only ? 1 + score : 0.1 * score;
    if (!(mark->a.score > 0) || !(mark->b.score > 0)) return badness;
    const double drift = landmark_drift(mark);
    item->landmark_px_max = fmax(item->landmark_px_max, drift);
    return badness + 0.1 * fmin(1, drift / (double)fov_box_size(mark->a.box));
}

static fov_status list_marks(fov_case *item, const pairing *p, fov_error *err)
{
    fov_mark mark;
    double   most = 0;
    item->mark = fov_alloc_array(p->a->count + p->b->count, sizeof *item->mark);
    if (!item->mark) return fov_fail_memory(err, "the faces of a photo");
    for (size_t i = 0; (i = next_mark(p, i, &mark));) {
        if (!mark.in_a && !mark.in_b) continue;
        const double badness = weigh(item, &mark);
        item->badness += badness;
        if (badness > most) {
            most = badness;
            item->clearest = item->marks;
        }
        item->mark[item->marks++] = mark;
    }
    return FOV_OK;
}

/* Takes over `item`. */
static void insert(fov_comparison *c, fov_case *item)
{
    size_t at = c->n_worst;
    while (at && c->worst[at - 1].badness < item->badness) at--;
    if (c->n_worst == FOV_WORST_PHOTOS) fov_case_clear(&c->worst[--c->n_worst]);
    memmove(&c->worst[at + 1], &c->worst[at], (c->n_worst - at) * sizeof *item);
    c->worst[at] = *item;
    c->n_worst++;
}

static bool is_wanted(const fov_comparison *c, const fov_case *item)
{
    if (item->badness < SAME_BADNESS) return false;
    return c->n_worst < FOV_WORST_PHOTOS || item->badness > c->worst[c->n_worst - 1].badness;
}

static fov_status add_case(fov_comparison *c, const pairing *p, const fov_image *image, size_t index, const char *name,
                           fov_error *err)
{
    fov_case   item = {.index = index};
    fov_status st = list_marks(&item, p, err);
    if (!st && is_wanted(c, &item)) {
        item.name = fov_report_name(name);
        st = item.name ? fov_case_picture(&item, image, err) : fov_fail_memory(err, "the name of a photo");
        if (!st) {
            insert(c, &item);
            return FOV_OK;
        }
    }
    fov_case_clear(&item);
    return st;
}

fov_status fov_cases_add(fov_comparison *c, const fov_image *image, size_t index, const char *name, const fov_faces *a,
                         const fov_faces *b, fov_error *err)
{
    int *of_a = fov_alloc_array(a->count + b->count, sizeof *of_a);
    if (!of_a) return fov_fail_memory(err, "matching faces");
    const pairing p = {a, b, of_a, of_a + a->count};
    fov_faces_match(a, b, p.of_a, p.of_b);
    fov_status st = add_scores(c, &p, err);
    if (!st) st = add_case(c, &p, image, index, name, err);
    fov_free(of_a);
    return st;
}
