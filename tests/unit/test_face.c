// SPDX-License-Identifier: MIT
/* Decoding and suppression against numbers worked out by hand. */
#include "face/face.h"
#include "support.h"

#include <math.h>
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
    assert_int_equal(fov_face_suppress(copy, 3, 0.34F, 10), 3);
    memcpy(copy, face, sizeof copy);
    assert_int_equal(fov_face_suppress(copy, 3, 0.3F, 10), 2);
    assert_float_equal(copy[1].score, 0.7, 1e-6F);
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
        cmocka_unit_test(suppression_is_greedy),           cmocka_unit_test(raw_answers_in_prior_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
