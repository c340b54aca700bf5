// SPDX-License-Identifier: MIT
/* Comparing engines: faces whose agreement can be worked out by hand, then whole networks. */
#include "compare/agreement.h"
#include "compare/match.h"
#include "support.h"

#include <string.h>

static fov_face face_at(float x, float y, float side, float score)
{
    fov_face face = {.box = {x, y, x + side, y + side}, .score = score};
    for (int i = 0; i < 5; i++) {
        face.landmarks[i][0] = x + side / 2;
        face.landmarks[i][1] = y + side / 2;
    }
    return face;
}

static fov_faces list(const fov_face *face, size_t count)
{
    return (fov_faces){count, face};
}

static void add(fov_agreement *g, const fov_face *a, size_t n_a, const fov_face *b, size_t n_b)
{
    fov_error       err = {0};
    const fov_faces fa = list(a, n_a), fb = list(b, n_b);
    assert_ok(fov_agreement_add(g, &fa, &fb, &err));
}

static void iou_of_boxes(void **state)
{
    (void)state;
    const float a[4] = {0, 0, 10, 10}, half[4] = {0, 0, 10, 5}, off[4] = {10, 0, 20, 10}, flat[4] = {3, 3, 3, 3};
    assert_float_equal(fov_box_iou(a, a), 1, 0);
    assert_float_equal(fov_box_iou(a, half), 0.5F, 1e-6F);
    assert_float_equal(fov_box_iou(a, off), 0, 0);
    assert_float_equal(fov_box_iou(a, flat), 0, 0);
    assert_float_equal(fov_box_iou(flat, flat), 1, 0);
    assert_float_equal(fov_box_size(half), 7.0710678F, 1e-5F);
}

static void a_list_against_itself_loses_nothing(void **state)
{
    (void)state;
    test_random   random = {7};
    fov_agreement g = {0};
    for (int photo = 0; photo < 20; photo++) {
        fov_face face[40];
        for (int i = 0; i < 40; i++)
            face[i] = face_at((float)(i % 8) * 100, (float)(i / 8) * 100, test_random_float(&random, 5, 90), 1 - (float)i / 41);
        add(&g, face, 40, face, 40);
    }
    fov_agreement_finish(&g);
    assert_int_equal(g.photos, 20);
    assert_int_equal(g.faces_a, 20 * 21);
    assert_int_equal(g.matched, g.faces_a);
    assert_int_equal(g.lost + g.gained, 0);
    assert_true(g.loss == 0 && g.recall == 1 && g.precision == 1 && g.mean_iou == 1);
    assert_true(g.score_max == 0 && g.landmark_max == 0 && g.box_max == 0);
    fov_agreement_clear(&g);
}

/* A expects 0.9 + 0.8 + 0.7 + 0.6 + 0.1 = 3.1 faces; its precisions are 0.9/1, 1.7/2, 2.4/3, 3/4, 3.1/5, its expected AP
 * 2.562 / 3.1. B misses the fourth and has a false one in second place: precisions 0.9, 0.45, 1.7/3, 2.4/4, 2.5/5, made monotone
 * 0.9, 0.6, 0.6, 0.6, 0.5, expected AP (0.81 + 0.48 + 0.42 + 0.05) / 3.1. */
static void loss_by_hand(void **state)
{
    (void)state;
    fov_agreement  g = {0};
    const fov_face a[] = {face_at(0, 0, 50, 0.9F), face_at(100, 0, 50, 0.8F), face_at(200, 0, 50, 0.7F), face_at(300, 0, 50, 0.6F),
                          face_at(500, 0, 50, 0.1F)};
    const fov_face b[] = {face_at(0, 0, 50, 0.9F), face_at(400, 0, 50, 0.85F), face_at(100, 0, 50, 0.8F), face_at(200, 0, 50, 0.4F),
                          face_at(500, 0, 50, 0.2F)};
    add(&g, a, 5, b, 5);
    fov_agreement_finish(&g);
    assert_float_equal((float)g.truth, 3.1F, 1e-6F);
    assert_float_equal((float)g.loss, (2.562F - 1.76F) / 3.1F, 1e-6F);
    assert_int_equal(g.faces_a, 4);
    assert_int_equal(g.faces_b, 3);
    assert_int_equal(g.matched, 2);
    assert_int_equal(g.lost, 2);
    assert_int_equal(g.gained, 1);
    assert_true(g.recall == 0.5 && g.precision > 0.66 && g.precision < 0.67);
    fov_agreement_clear(&g);
}

static void two_photos_share_one_curve(void **state)
{
    (void)state;
    fov_agreement  g = {0};
    const fov_face a = face_at(0, 0, 50, 0.9F), found = face_at(0, 0, 50, 0.6F), wrong = face_at(200, 0, 50, 0.7F);
    add(&g, &a, 1, &found, 1);
    add(&g, &a, 1, &wrong, 1); /* better than the right one of the other photo */
    fov_agreement_finish(&g);
    assert_float_equal((float)g.truth, 1.8F, 1e-6F);
    assert_float_equal((float)g.loss, 0.9F - 0.225F, 1e-6F); /* B: one of two found, at a precision of 0.9/2 */
    fov_agreement_clear(&g);
}

static void drift_by_hand(void **state)
{
    (void)state;
    fov_agreement g = {0};
    fov_face      a[] = {face_at(0, 0, 100, 0.9F), face_at(200, 0, 50, 0.8F)}, b[] = {a[0], a[1]};
    b[0].score = 0.8F;
    b[1].score = 0.4F; /* lost, and still counted in the drift */
    b[0].landmarks[2][0] += 3;
    b[0].landmarks[2][1] += 4;
    b[1].box[2] += 2;
    add(&g, a, 2, b, 2);
    fov_agreement_finish(&g);
    assert_int_equal(g.lost, 1);
    assert_int_equal(g.pairs, 2);
    assert_float_equal((float)g.score_mean, 0.25F, 1e-6F);
    assert_float_equal((float)g.score_bias, -0.25F, 1e-6F);
    assert_float_equal((float)g.score_max, 0.4F, 1e-6F);
    assert_float_equal((float)g.landmark_px_max, 5, 1e-5F);
    assert_float_equal((float)g.landmark_max, 0.05F, 1e-6F);
    assert_float_equal((float)g.landmark_mean, 0.005F, 1e-6F);
    assert_float_equal((float)g.box_px_max, 2, 1e-5F);
    assert_float_equal((float)g.box_max, 0.04F, 1e-6F);
    assert_float_equal((float)g.mean_iou, (1 + 50.0F / 52) / 2, 1e-6F);
    fov_agreement_clear(&g);
}

/* A weak double that overlaps more must not take the place of the face that is shown. */
static void shown_faces_are_paired_first(void **state)
{
    (void)state;
    int             of_a[1], of_b[2];
    const fov_face  a[] = {face_at(0, 0, 100, 0.9F)}, b[] = {face_at(20, 0, 100, 0.8F), face_at(1, 0, 100, 0.1F)};
    const fov_faces fa = list(a, 1), fb = list(b, 2);
    fov_faces_match(&fa, &fb, of_a, of_b);
    assert_int_equal(of_a[0], 0);
    assert_int_equal(of_b[0], 0);
    assert_int_equal(of_b[1], -1);
}

static void photos_without_faces(void **state)
{
    (void)state;
    fov_agreement  g = {0};
    const fov_face alone = face_at(0, 0, 50, 0.9F);
    add(&g, NULL, 0, NULL, 0);
    fov_agreement_finish(&g);
    assert_true(g.loss == 0 && g.recall == 1 && g.precision == 1);
    add(&g, NULL, 0, &alone, 1);
    fov_agreement_finish(&g);
    assert_true(g.loss == 0 && g.precision == 0 && g.gained == 1);
    add(&g, &alone, 1, NULL, 0);
    fov_agreement_finish(&g);
    assert_true(g.recall == 0 && g.lost == 1);
    assert_float_equal((float)g.loss, 0.9F, 1e-6F);
    fov_agreement_clear(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(iou_of_boxes),         cmocka_unit_test(a_list_against_itself_loses_nothing),
        cmocka_unit_test(loss_by_hand),         cmocka_unit_test(two_photos_share_one_curve),
        cmocka_unit_test(drift_by_hand),        cmocka_unit_test(shown_faces_are_paired_first),
        cmocka_unit_test(photos_without_faces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
