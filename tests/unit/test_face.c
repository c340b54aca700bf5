// SPDX-License-Identifier: MIT
/* Decoding and suppression against numbers worked out by hand. */
#include "base/alloc.h"
#include "face/candidates.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One level of stride 8 with sides 16 and 32, 2 x 2 cells, everything background. */
typedef struct scene {
    fov_settings settings;
    float        scores[4 * 4], boxes[4 * 8], landmarks[4 * 20];
    fov_head     head;
} scene;

static void scene_make(scene *s)
{
    memset(s, 0, sizeof *s);
    s->settings = fov_settings_default();
    s->settings.n_level = 1;
    for (int i = 0; i < 8; i++) s->scores[2 * i] = 10;
    s->head = (fov_head){2, 2, s->scores, s->boxes, s->landmarks, 4, 8, 20};
}

static const fov_mapping identity = {{0, 0}, {1, 1}};

static fov_faces decode(const scene *s, const fov_mapping *mapping, const fov_detect_options *options, fov_face_buffer *buffer)
{
    fov_error err;
    fov_faces faces;
    assert_ok(fov_face_decode(&s->settings, &s->head, mapping, options, buffer, &faces, &err));
    return faces;
}

static void zero_regression_gives_the_prior(void **state)
{
    scene              s;
    fov_face_buffer    buffer = {0};
    fov_detect_options options = fov_detect_options_default();
    (void)state;
    scene_make(&s);
    s.scores[2 * 6] = 0; /* cell 3 (row 1, column 1), anchor 0 */
    s.scores[2 * 6 + 1] = 2;
    fov_faces faces = decode(&s, &identity, &options, &buffer);
    assert_int_equal(faces.count, 1);
    const float box[] = {4, 4, 20, 20}; /* centre 12, 12, side 16 */
    for (int i = 0; i < 4; i++) assert_float_equal(faces.face[0].box[i], box[i], 1e-5F);
    assert_float_equal(faces.face[0].score, 1 / (1 + expf(-2)), 1e-6F);
    for (int i = 0; i < 10; i++) assert_float_equal(faces.face[0].landmarks[i / 2][i % 2], 12, 1e-5F);
    fov_face_buffer_clear(&buffer);
}

static void regression_and_mapping(void **state)
{
    scene              s;
    fov_face_buffer    buffer = {0};
    fov_detect_options options = fov_detect_options_default();
    const fov_mapping  mapping = {{2, 1}, {2, 0.5F}};
    const float        loc[] = {1, -1, 0, 5 * 0.693147181F};
    (void)state;
    scene_make(&s);
    s.scores[2] = 0; /* cell 0, anchor 1: centre 4, 4, side 32 */
    s.scores[3] = 9;
    memcpy(s.boxes + 4, loc, sizeof loc);
    s.landmarks[10 + 8] = -0.5F;
    fov_faces faces = decode(&s, &mapping, &options, &buffer);
    assert_int_equal(faces.count, 1);
    /* centre 4 + 0.1 * 32 = 7.2, 0.8; width 32, height 32 * exp(0.2 * 5 ln 2) = 64 */
    assert_float_equal(faces.face[0].box[0], (7.2 - 16 - 2) * 2, 1e-4F);
    assert_float_equal(faces.face[0].box[2], (7.2 + 16 - 2) * 2, 1e-4F);
    assert_float_equal(faces.face[0].box[1], (0.8 - 32 - 1) * 0.5, 1e-4F);
    assert_float_equal(faces.face[0].box[3], (0.8 + 32 - 1) * 0.5, 1e-4F);
    assert_float_equal(faces.face[0].landmarks[4][0], (4 - 0.1 * 0.5 * 32 - 2) * 2, 1e-4F);
    fov_face_buffer_clear(&buffer);
}

static void thresholds_and_limits(void **state)
{
    scene              s;
    fov_face_buffer    buffer = {0};
    fov_detect_options options = fov_detect_options_default();
    (void)state;
    scene_make(&s);
    for (int i = 0; i < 8; i++) s.scores[2 * i] = 0; /* every score exactly 0.5 */
    assert_int_equal(decode(&s, &identity, &options, &buffer).count, 0);
    options.score_threshold = 0.499F;
    options.nms_iou = 1;
    assert_int_equal(decode(&s, &identity, &options, &buffer).count, 8);
    options.max_faces = 3;
    assert_int_equal(decode(&s, &identity, &options, &buffer).count, 3);
    options.max_faces = 750;
    options.pre_nms_top_k = 5;
    assert_int_equal(decode(&s, &identity, &options, &buffer).count, 5);
    fov_face_buffer_clear(&buffer);
}

static void what_is_no_number_is_no_face(void **state)
{
    scene              s;
    fov_face_buffer    buffer = {0};
    fov_detect_options options = fov_detect_options_default();
    (void)state;
    scene_make(&s);
    for (int i = 0; i < 8; i++) s.scores[2 * i + 1] = NAN;
    s.scores[0] = 0;
    s.scores[1] = 5;
    s.boxes[2] = 1e30F; /* exp overflows */
    s.scores[4] = 0;
    s.scores[5] = 5;
    assert_int_equal(decode(&s, &identity, &options, &buffer).count, 1);
    fov_face_buffer_clear(&buffer);
}

static void suppression_is_greedy(void **state)
{
    /* b overlaps a with IoU 1/3, c overlaps b with IoU 1/3 but not a */
    fov_face face[] = {
        {.box = {0, 0, 10, 10}, .score = 0.9F}, {.box = {5, 0, 15, 10}, .score = 0.8F}, {.box = {10, 0, 20, 10}, .score = 0.7F}};
    fov_face copy[3];
    (void)state;
    memcpy(copy, face, sizeof copy);
    assert_int_equal(fov_face_suppress_few(copy, 3, 0.34F, 10), 3);
    memcpy(copy, face, sizeof copy);
    assert_int_equal(fov_face_suppress_few(copy, 3, 0.3F, 10), 2);
    assert_float_equal(copy[1].score, 0.7, 1e-6F);
}

/* ---- crowds: the same as by the definition */

typedef struct crowd {
    size_t count;
    float  width, least, most; /* where the centres lie, and sides, pixels */
    int    scores;             /* different ones; 0: all different         */
} crowd;

static float side_from(test_random *r, const crowd *c)
{
    return c->least * powf(c->most / c->least, test_random_float(r, 0, 1));
}

/* One in 16 is a box that means nothing, of the kinds that a plugin might give, and one in 16 is the one before. */
static void spoil(test_random *r, fov_face *face, const fov_face *before)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38F, -3e38F, 1e20F, -1e20F, 1e-40F, 0};
    const int          kind = test_random_int(r, 0, 31);
    if (kind == 0) face->box[test_random_int(r, 0, 3)] = odd[test_random_int(r, 0, 8)];
    if (kind == 1) face->box[2] = face->box[0] - test_random_float(r, 0, 2);
    if (kind == 2 || kind == 3) memcpy(face->box, before->box, sizeof face->box);
}

static void crowd_make(test_random *r, const crowd *c, fov_face *face)
{
    for (size_t i = 0; i < c->count; i++) {
        const float x = test_random_float(r, 0, c->width), y = test_random_float(r, 0, c->width), side = side_from(r, c);
        const float w = side, h = side * test_random_float(r, 0.5F, 2), all = (float)c->count;
        const float place = c->scores ? floorf((float)i * (float)c->scores / all) / (float)c->scores : (float)i / all;
        face[i] = (fov_face){.box = {x - w / 2, y - h / 2, x + w / 2, y + h / 2}, .score = 1 - place};
        face[i].landmarks[0][0] = (float)i; /* which one it is */
        if (i) spoil(r, &face[i], &face[i - 1]);
    }
}

static void check_crowd(const crowd *c, float iou, size_t most, uint64_t seed)
{
    test_random     r = {seed};
    fov_error       err;
    fov_face_buffer buffer = {.candidate = fov_alloc_array(c->count, sizeof(fov_face)), .cap_candidate = c->count};
    fov_face       *same = fov_alloc_array(c->count, sizeof *same);
    size_t          kept;
    assert_true(buffer.candidate && same);
    crowd_make(&r, c, buffer.candidate);
    memcpy(same, buffer.candidate, c->count * sizeof *same);
    const size_t expected = fov_face_suppress_few(same, c->count, iou, most);
    assert_ok(fov_face_suppress(&buffer, c->count, iou, most, &kept, &err));
    if (kept != expected || memcmp(buffer.candidate, same, kept * sizeof *same) != 0)
        fail_msg("%zu boxes of %g to %g px, IoU %g: %zu are kept, or others; the definition keeps %zu", c->count, (double)c->least,
                 (double)c->most, (double)iou, kept, expected);
    fov_free(same);
    fov_face_buffer_clear(&buffer);
}

static void a_crowd_is_suppressed_as_defined(void **state)
{
    static const crowd crowds[] = {
        {257, 100, 8, 64, 0},     {1000, 1000, 8, 64, 0},       {1000, 400, 0.01F, 900, 7},
        {2000, 300, 10, 12, 0},   {2000, 1e4F, 1e-3F, 1e6F, 0}, {1500, 1e9F, 1e5F, 1e9F, 1},
        {1500, 3, 0.1F, 0.2F, 0}, {3000, 4000, 16, 16, 2},      {1000, 1e30F, 1e25F, 1e30F, 0},
    };
    static const float ious[] = {0, 0.05F, 0.3F, 0.4F, 0.7F, 1};
    (void)state;
    for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++)
        for (size_t k = 0; k < sizeof ious / sizeof *ious; k++) {
            check_crowd(&crowds[i], ious[k], crowds[i].count, 100 * i + k);
            check_crowd(&crowds[i], ious[k], 50, 100 * i + k);
        }
}

/* Boxes beside each other at the sides and corners of cells, and one that holds them all. */
static void neighbours_across_cells_meet(void **state)
{
    enum { COLUMNS = 20, COUNT = COLUMNS * COLUMNS * 2 };
    fov_face        face[COUNT];
    fov_error       err;
    fov_face_buffer buffer = {.candidate = face, .cap_candidate = COUNT};
    size_t          kept;
    (void)state;
    for (int i = 0; i < COUNT; i++) {
        const float x = 16.0F * (float)(i / 2 % COLUMNS - COLUMNS / 2), y = 16.0F * (float)(i / 2 / COLUMNS - COLUMNS / 2);
        const float shift = i % 2 ? -1.0F : 0.0F;
        face[i] = (fov_face){.box = {x + shift, y + shift, x + shift + 15, y + shift + 15}, .score = 1 - (float)i / COUNT};
    }
    assert_ok(fov_face_suppress(&buffer, COUNT, 0.5F, COUNT, &kept, &err));
    assert_int_equal(kept, COUNT / 2);
    buffer.candidate = NULL;
    fov_face_buffer_clear(&buffer);
}

static int better_first(const void *a, const void *b)
{
    const fov_face *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return (x->box[0] > y->box[0]) - (x->box[0] < y->box[0]);
}

static void check_cut(size_t count, size_t most, int scores, uint64_t seed)
{
    test_random     r = {seed};
    fov_face_buffer buffer = {.candidate = fov_alloc_array(count, sizeof(fov_face)), .cap_candidate = count};
    fov_face       *sorted = fov_alloc_array(count, sizeof *sorted);
    assert_true(buffer.candidate && sorted);
    memset(buffer.candidate, 0, count * sizeof *buffer.candidate);
    for (size_t i = 0; i < count; i++) {
        buffer.candidate[i].score = (float)test_random_int(&r, 0, scores) / (float)scores;
        buffer.candidate[i].box[0] = (float)i;
    }
    if (scores == 2) qsort(buffer.candidate, count, sizeof *sorted, better_first); /* in order already */
    memcpy(sorted, buffer.candidate, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, better_first);
    const size_t stay = fov_candidates_cut(&buffer, count, most);
    assert_int_equal(stay, count < most ? count : most);
    assert_memory_equal(buffer.candidate, sorted, stay * sizeof *sorted);
    fov_free(sorted);
    fov_face_buffer_clear(&buffer);
}

static void the_best_are_those_of_a_sorted_list(void **state)
{
    static const size_t counts[] = {1, 2, 33, 100, 1000, 20000}, mosts[] = {1, 2, 31, 32, 33, 99, 750, 5000, 19999};
    static const int    scores[] = {1, 2, 10, 1 << 20};
    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t k = 0; k < sizeof mosts / sizeof *mosts; k++)
            for (size_t s = 0; s < sizeof scores / sizeof *scores; s++) check_cut(counts[i], mosts[k], scores[s], i + 10 * k);
}

static void raw_answers_in_prior_order(void **state)
{
    scene s;
    float boxes[8 * 4], scores[8 * 2], landmarks[8 * 10];
    (void)state;
    scene_make(&s);
    for (int i = 0; i < 32; i++) s.boxes[i] = (float)i;
    for (int i = 0; i < 80; i++) s.landmarks[i] = (float)-i;
    fov_face_raw(&s.settings, &s.head, boxes, scores, landmarks);
    assert_int_equal(fov_face_count(&s.settings, &s.head), 8);
    for (int i = 0; i < 32; i++) assert_float_equal(boxes[i], i, 0);
    for (int i = 0; i < 80; i++) assert_float_equal(landmarks[i], -i, 0);
    for (int i = 0; i < 8; i++) assert_float_equal(scores[2 * i] + scores[2 * i + 1], 1, 1e-6F);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(zero_regression_gives_the_prior), cmocka_unit_test(regression_and_mapping),
        cmocka_unit_test(thresholds_and_limits),           cmocka_unit_test(what_is_no_number_is_no_face),
        cmocka_unit_test(suppression_is_greedy),           cmocka_unit_test(a_crowd_is_suppressed_as_defined),
        cmocka_unit_test(neighbours_across_cells_meet),    cmocka_unit_test(the_best_are_those_of_a_sorted_list),
        cmocka_unit_test(raw_answers_in_prior_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
