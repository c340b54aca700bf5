// SPDX-License-Identifier: MIT
/* Average precision: cases whose answer is known, the definition written out naively, and the figures of the reference tools. */
#include "support.h"

#include "eval/wider.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fov_error err;

typedef struct scene {
    fov_truth       truth;
    fov_truth_photo photo[2];
    double          box[2][64][4];
    uint8_t         listed[2][64];
    fov_hit         hit[2][64];
    fov_hits        hits[2];
} scene;

/* One setting, two photos without anything. */
static scene *new_scene(void)
{
    scene *s = calloc(1, sizeof *s);
    s->truth = (fov_truth){.photo = s->photo, .count = 2, .settings = 1, .setting = {"all"}};
    for (int p = 0; p < 2; p++) {
        s->photo[p] = (fov_truth_photo){.box = s->box[p], .listed = s->listed[p]};
        s->hits[p].hit = s->hit[p];
    }
    return s;
}

static void put_face(scene *s, int photo, double x, double y, double side, bool counts)
{
    fov_truth_photo *p = &s->photo[photo];
    const double     box[4] = {x, y, side, side};
    memcpy(p->box[p->count], box, sizeof box);
    p->listed[p->count++] = counts;
}

/* Best first. */
static void put_hit(scene *s, int photo, float x, float y, float side, float score)
{
    fov_hits *h = &s->hits[photo];
    h->hit[h->count++] = (fov_hit){{x, y, x + side, y + side}, score};
}

static double measured(scene *s)
{
    fov_wider_curve curve;
    assert_ok(fov_wider_measure(&s->truth, s->hits, &curve, &err));
    free(s);
    return curve.ap;
}

#define assert_ap(scene, ap) assert_float_equal((float)measured(scene), (float)(ap), 1e-6F)

static void what_is_found_alone_is_perfect(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_hit(s, 0, 11, 10, 20, 0.9F);
    assert_ap(s, 1);
}

static void nothing_found_is_zero(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    assert_ap(s, 0);
    assert_ap(new_scene(), 0);
}

static void a_better_false_alarm_halves_precision(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_hit(s, 0, 100, 100, 20, 0.9F);
    put_hit(s, 0, 10, 10, 20, 0.5F);
    assert_ap(s, 0.5);

    s = new_scene(); /* a worse one costs nothing */
    put_face(s, 0, 10, 10, 20, true);
    put_hit(s, 0, 10, 10, 20, 0.9F);
    put_hit(s, 0, 100, 100, 20, 0.5F);
    assert_ap(s, 1);
}

static void a_face_that_is_missed_costs_recall(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_face(s, 1, 50, 10, 20, true);
    put_hit(s, 0, 10, 10, 20, 0.9F);
    assert_ap(s, 0.5);
}

static void faces_outside_the_list_change_nothing(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_face(s, 0, 50, 50, 20, false);
    put_hit(s, 0, 50, 50, 20, 0.9F); /* would be a false alarm, and halve it */
    put_hit(s, 0, 10, 10, 20, 0.5F);
    assert_ap(s, 1);
}

static void a_second_match_is_a_false_alarm(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_face(s, 0, 50, 50, 20, true);
    put_hit(s, 0, 10, 10, 20, 0.9F);
    put_hit(s, 0, 11, 10, 20, 0.8F);
    put_hit(s, 0, 50, 50, 20, 0.5F);
    assert_ap(s, 0.5 + 0.5 * 2 / 3);
}

static void photos_without_faces_are_not_looked_at(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_hit(s, 1, 10, 10, 20, 0.9F);
    put_hit(s, 0, 10, 10, 20, 0.5F);
    assert_ap(s, 1);

    s = new_scene(); /* with a face, if of no list, it is looked at */
    put_face(s, 0, 10, 10, 20, true);
    put_face(s, 1, 100, 100, 20, false);
    put_hit(s, 1, 10, 10, 20, 0.9F);
    put_hit(s, 0, 10, 10, 20, 0.5F);
    assert_ap(s, 0.5);
}

static void photos_left_out_are_not_missed(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 10, 10, 20, true);
    put_face(s, 1, 10, 10, 20, true);
    put_hit(s, 0, 10, 10, 20, 0.9F);
    s->hits[1].left_out = true;
    assert_ap(s, 1);
}

/* Sides measured with both edges: 20 pixels are 21. 21 x 14 of 21 x 28 is half; a pixel less is not. */
static void half_an_overlap_is_enough(void **state)
{
    (void)state;
    scene *s = new_scene();
    put_face(s, 0, 0, 0, 20, true);
    put_hit(s, 0, 0, 7, 20, 0.9F);
    assert_ap(s, 1);
    s = new_scene();
    put_face(s, 0, 0, 0, 20, true);
    put_hit(s, 0, 0, 7.1F, 20, 0.9F);
    assert_ap(s, 0);
}

/* ---- the definition, threshold by threshold, from nothing */

static double naive_iou(const fov_hit *h, const double b[4])
{
    double x1 = (double)h->box[0], y1 = (double)h->box[1], x2 = (double)h->box[2], y2 = (double)h->box[3];
    double w = (x2 < b[0] + b[2] ? x2 : b[0] + b[2]) - (x1 > b[0] ? x1 : b[0]) + 1;
    double t = (y2 < b[1] + b[3] ? y2 : b[1] + b[3]) - (y1 > b[1] ? y1 : b[1]) + 1;
    double both = w > 0 && t > 0 ? w * t : 0;
    return both / ((x2 - x1 + 1) * (y2 - y1 + 1) + (b[2] + 1) * (b[3] + 1) - both);
}

static void naive_counts(const scene *s, double threshold, double low, double high, size_t *counted, size_t *matched)
{
    *counted = *matched = 0;
    for (int p = 0; p < 2; p++) {
        bool seen[64] = {false};
        for (size_t i = 0; i < s->hits[p].count && s->photo[p].count; i++) {
            size_t best = 0;
            double top = -1;
            if (((double)s->hit[p][i].score - low) / (high - low) < threshold) continue;
            for (size_t b = 0; b < s->photo[p].count; b++)
                if (naive_iou(&s->hit[p][i], s->box[p][b]) > top) top = naive_iou(&s->hit[p][i], s->box[p][b]), best = b;
            if (top >= 0.5 && !s->listed[p][best]) continue;
            ++*counted;
            if (top < 0.5 || seen[best]) continue;
            seen[best] = true;
            ++*matched;
        }
    }
}

static int by_score(const void *a, const void *b)
{
    float x = ((const fov_hit *)a)->score, y = ((const fov_hit *)b)->score;
    return x < y ? 1 : x > y ? -1 : 0;
}

static scene *random_scene(test_random *r)
{
    scene *s = new_scene();
    for (int p = 0; p < 2; p++) {
        for (int i = test_random_int(r, 1, 30); i > 0; i--)
            put_face(s, p, (double)test_random_float(r, 0, 90), (double)test_random_float(r, 0, 90),
                     (double)test_random_float(r, 5, 30), test_random_int(r, 0, 2) > 0);
        for (int i = test_random_int(r, 10, 60); i > 0; i--) {
            const double *near = s->box[p][test_random_int(r, 0, (int)s->photo[p].count - 1)];
            put_hit(s, p, (float)near[0] + test_random_float(r, -8, 8), (float)near[1] + test_random_float(r, -8, 8),
                    (float)near[2] * test_random_float(r, 0.7F, 1.4F), test_random_float(r, 0.02F, 1));
        }
        qsort(s->hit[p], s->hits[p].count, sizeof *s->hit[p], by_score);
    }
    return s;
}

static void curves_are_what_the_definition_says(void **state)
{
    (void)state;
    test_random r = {4};
    size_t      matches = 0;
    for (int round = 0; round < 20; round++) {
        scene          *s = random_scene(&r);
        fov_wider_curve curve;
        double          low = 2, high = -1;
        for (int p = 0; p < 2; p++)
            for (size_t i = 0; i < s->hits[p].count; i++) {
                low = fmin(low, (double)s->hit[p][i].score);
                high = fmax(high, (double)s->hit[p][i].score);
            }
        assert_ok(fov_wider_measure(&s->truth, s->hits, &curve, &err));
        for (int k = 0; k < FOV_WIDER_STEPS; k++) {
            size_t counted, matched;
            naive_counts(s, 1 - (k + 1) / 1000.0, low, high, &counted, &matched);
            assert_int_equal(curve.counted[k], counted);
            assert_int_equal(curve.matched[k], matched);
        }
        matches += curve.matched[FOV_WIDER_STEPS - 1];
        assert_true(curve.ap >= 0 && curve.ap <= 1);
        free(s);
    }
    assert_true(matches > 50); /* the comparison was about something */
}

/* ---- whole evaluations */

static fov_engine *engine_of(const char *path)
{
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load(path, NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &engine, &err));
    fov_model_free(model);
    return engine;
}

static void the_reference_tools_figures(void **state)
{
    (void)state;
    NEED_SHARED(path, "wider/ground_truth.json");
    NEED_SHARED(weights, "models/retinaface/mobilenet0.25_Final.pth");
    static const double reference[2][3] = {{82.76, 76.05, 49.95}, {75.66, 69.93, 44.15}};
    const char         *images = shared_path("wider/images");
    const fov_entrant   entrants[2] = {{"official", engine_of(weights)}, {"bundled", engine_of("default")}};
    fov_truth          *truth;
    fov_evaluation     *e;
    assert_ok(fov_truth_load(path, &truth, &err));
    assert_int_equal(fov_truth_count(truth), 100);
    assert_ok(fov_evaluate(entrants, 2, truth, images, NULL, &e, &err));
    for (size_t i = 0; i < 2; i++)
        for (size_t s = 0; s < 3; s++) {
            fov_curve c = fov_evaluation_curve(e, i, s);
            assert_int_equal(c.count, 1000);
            if (fabs(100 * c.ap - reference[i][s]) > 0.01) fail_msg("%zu, %zu: %.4f", i, s, 100 * c.ap);
        }
    assert_int_equal(fov_evaluation_curve(e, 2, 0).count, 0);
    assert_int_equal(fov_evaluation_curve(e, 0, 3).count, 0);
    fov_evaluation_free(e);
    fov_truth_free(truth);
    for (size_t i = 0; i < 2; i++) fov_engine_free((fov_engine *)entrants[i].engine);
}

static bool stop_at_once(void *user, const char *what, size_t done, size_t total)
{
    (void)what;
    (void)done;
    *(size_t *)user = total;
    return false;
}

static void an_evaluation_can_be_stopped(void **state)
{
    (void)state;
    NEED_SHARED(path, "wider/ground_truth.json");
    const fov_entrant entrant = {"bundled", engine_of("default")};
    fov_truth        *truth;
    fov_evaluation   *e;
    size_t            total = 0;
    assert_ok(fov_truth_load(path, &truth, &err));
    const fov_evaluate_options options = {.progress = stop_at_once, .progress_user = &total};
    assert_int_equal(fov_evaluate(&entrant, 1, truth, shared_path("wider/images"), &options, &e, &err), FOV_ERR_CANCELLED);
    assert_null(e);
    assert_int_equal(total, 100);
    fov_truth_free(truth);
    fov_engine_free((fov_engine *)entrant.engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_alone_is_perfect),
        cmocka_unit_test(nothing_found_is_zero),
        cmocka_unit_test(a_better_false_alarm_halves_precision),
        cmocka_unit_test(a_face_that_is_missed_costs_recall),
        cmocka_unit_test(faces_outside_the_list_change_nothing),
        cmocka_unit_test(a_second_match_is_a_false_alarm),
        cmocka_unit_test(photos_without_faces_are_not_looked_at),
        cmocka_unit_test(photos_left_out_are_not_missed),
        cmocka_unit_test(half_an_overlap_is_enough),
        cmocka_unit_test(curves_are_what_the_definition_says),
        cmocka_unit_test(the_reference_tools_figures),
        cmocka_unit_test(an_evaluation_can_be_stopped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
