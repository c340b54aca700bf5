// SPDX-License-Identifier: MIT
/* Drawing: what must be painted, what must stay untouched, and that nothing strays out of the picture. */
#include "support.h"

#include "media/digits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fov_photo *canvas(int width, int height, int level)
{
    fov_error  err;
    fov_photo *photo;
    assert_ok(fov_photo_new(width, height, &photo, &err));
    memset(fov_photo_pixels(photo), level, 3 * (size_t)width * (size_t)height);
    return photo;
}

static fov_face face_in(float x0, float y0, float x1, float y1, float score)
{
    static const float places[5][2] = {{0.3F, 0.4F}, {0.7F, 0.4F}, {0.5F, 0.6F}, {0.35F, 0.8F}, {0.65F, 0.8F}};
    fov_face           face = {.box = {x0, y0, x1, y1}, .score = score};
    for (int i = 0; i < 5; i++) {
        face.landmarks[i][0] = x0 + (x1 - x0) * places[i][0];
        face.landmarks[i][1] = y0 + (y1 - y0) * places[i][1];
    }
    return face;
}

static void draw(fov_photo *photo, const fov_face *face, size_t count)
{
    fov_error err;
    fov_faces faces = {count, face};
    assert_ok(fov_faces_draw(&faces, photo, &err));
}

static const uint8_t *pixel_at(fov_photo *photo, float x, float y)
{
    return fov_photo_pixels(photo) + 3 * ((int)y * fov_photo_image(photo).width + (int)x);
}

/* Distance between a pixel and a gray level, the largest of the three channels. */
static int contrast(const uint8_t *p, int level)
{
    int most = 0;
    for (int c = 0; c < 3; c++) most = abs(p[c] - level) > most ? abs(p[c] - level) : most;
    return most;
}

static void lines_and_dots_stand_out_on_any_gray(void **state)
{
    (void)state;
    for (int level = 0; level <= 255; level += 51) {
        fov_photo *photo = canvas(400, 300, level);
        fov_face   face = face_in(120, 80, 260, 240, 0.98F);
        draw(photo, &face, 1);
        assert_true(contrast(pixel_at(photo, 190, 80), level) > 80);
        assert_true(contrast(pixel_at(photo, 190, 240), level) > 80);
        assert_true(contrast(pixel_at(photo, 120, 160), level) > 80);
        assert_true(contrast(pixel_at(photo, 260, 160), level) > 80);
        for (int i = 0; i < 5; i++) assert_true(contrast(pixel_at(photo, face.landmarks[i][0], face.landmarks[i][1]), level) > 60);
        assert_int_equal(contrast(pixel_at(photo, 190, 130), level), 0); /* the face itself is not covered */
        assert_int_equal(contrast(pixel_at(photo, 330, 160), level), 0);
        fov_photo_free(photo);
    }
}

static void the_five_dots_differ(void **state)
{
    (void)state;
    fov_photo *photo = canvas(400, 300, 90);
    fov_face   face = face_in(120, 80, 260, 240, 0.98F);
    draw(photo, &face, 1);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++)
            assert_memory_not_equal(pixel_at(photo, face.landmarks[i][0], face.landmarks[i][1]),
                                    pixel_at(photo, face.landmarks[j][0], face.landmarks[j][1]), 3);
    fov_photo_free(photo);
}

/* How many pixels of the picture differ from its background. */
static int painted(fov_photo *photo, int level)
{
    fov_image view = fov_photo_image(photo);
    int       count = 0;
    for (int i = 0; i < view.width * view.height; i++) count += contrast(view.data + 3 * i, level) > 0;
    return count;
}

static int light_pixels(fov_photo *photo, int y0, int y1)
{
    fov_image view = fov_photo_image(photo);
    int       count = 0;
    for (int i = y0 * view.width; i < y1 * view.width; i++)
        count += view.data[3 * i] > 200 && view.data[3 * i + 1] > 200 && view.data[3 * i + 2] > 200;
    return count;
}

/* A box that leaves no room above has its label inside; the text is as long as elsewhere. */
static void labels_stay_inside_the_picture(void **state)
{
    (void)state;
    static const float corners[][2] = {{150, 100}, {0, 0}, {220, 0}, {-30, -20}, {270, 180}, {150, 0}};
    int                expected = 0;
    for (size_t i = 0; i < sizeof corners / sizeof *corners; i++) {
        fov_photo *photo = canvas(320, 240, 0);
        fov_face   face = face_in(corners[i][0], corners[i][1], corners[i][0] + 90, corners[i][1] + 90, 0.88F);
        for (int k = 0; k < 5; k++) face.landmarks[k][0] = face.landmarks[k][1] = -500;
        draw(photo, &face, 1);
        int text = light_pixels(photo, 0, 240);
        if (!i) expected = text;
        assert_true(expected > 20);
        assert_in_range(text, expected * 7 / 10, expected * 13 / 10);
        fov_photo_free(photo);
    }
}

static void sizes_follow_face_and_picture(void **state)
{
    (void)state;
    fov_photo *photo = canvas(640, 480, 128), *large = canvas(3840, 2880, 128);
    fov_face   small = face_in(100, 100, 120, 124, 0.9F), same = face_in(600, 600, 720, 744, 0.9F);
    fov_face   big = face_in(100, 100, 400, 420, 0.9F);
    draw(photo, &small, 1);
    int thin = painted(photo, 128);
    assert_in_range(thin, 100, 1000);
    memset(fov_photo_pixels(photo), 128, 3 * 640 * 480);
    draw(photo, &big, 1);
    assert_true(painted(photo, 128) > 4 * thin);
    draw(large, &same, 1); /* six times as large in all: lines and label grow by more than half of it */
    assert_true(painted(large, 128) > 9 * thin);
    fov_photo_free(photo);
    fov_photo_free(large);
}

static void hostile_faces_do_no_harm(void **state)
{
    (void)state;
    static const float edges[][4] = {{-1e30F, -1e30F, 1e30F, 1e30F},
                                     {3e38F, 3e38F, -3e38F, -3e38F},
                                     {10, 10, 10, 10},
                                     {20, 20, 5, 5},
                                     {-100, -100, -50, -50},
                                     {0, 0, 1, 1}};
    static const int   sizes[][2] = {{1, 1}, {20000, 10}, {3, 700}, {64, 64}};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
            fov_photo *photo = canvas(sizes[s][0], sizes[s][1], 7);
            fov_face   face = face_in(1, 1, 9, 9, i % 2 ? 1e20F : -3);
            memcpy(face.box, edges[i], sizeof face.box);
            draw(photo, &face, 1);
            fov_photo_free(photo);
        }
}

static void what_is_not_a_number_is_refused(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo = canvas(32, 32, 7);
    fov_face   face[3] = {face_in(1, 1, 20, 20, 0.5F), face_in(1, 1, 20, 20, NAN), face_in(1, 1, 20, 20, 0.5F)};
    fov_faces  faces = {3, face}, none = {0, NULL};
    assert_int_equal(fov_faces_draw(&faces, photo, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "face 1 of 3"));
    face[1] = face[0];
    face[1].landmarks[3][0] = INFINITY;
    assert_int_equal(fov_faces_draw(&faces, photo, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(painted(photo, 7), 0);
    assert_int_equal(fov_faces_draw(NULL, photo, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_faces_draw(&faces, NULL, &err), FOV_ERR_ARGUMENT);
    assert_ok(fov_faces_draw(&none, photo, &err));
    assert_int_equal(painted(photo, 7), 0);
    fov_photo_free(photo);
}

/* Every digit lies in its cell and no two look alike. */
static void digits_are_ten_different_ones(void **state)
{
    (void)state;
    uint8_t shapes[10][40 * 60 * 3];
    for (int digit = 0; digit < 10; digit++) {
        const char  text[2] = {(char)('0' + digit), 0};
        fov_segment segment[FOV_DIGITS_MAX_SEGMENTS];
        int         count = fov_digits_strokes(text, 8, 10, 40, segment);
        assert_true(count > 1);
        for (int i = 0; i < count; i++) {
            assert_true(segment[i].x0 > 7 && segment[i].x1 < 8 + 26 && segment[i].y0 > 9 && segment[i].y1 < 10 + 41);
            assert_true(segment[i].x1 > 7 && segment[i].x0 < 8 + 26 && segment[i].y1 > 9 && segment[i].y0 < 10 + 41);
        }
        fov_photo *photo = canvas(40, 60, 0);
        fov_paint_strokes(photo, segment, count, 5, (fov_ink){255, 255, 255, 1});
        memcpy(shapes[digit], fov_photo_pixels(photo), sizeof shapes[digit]);
        fov_photo_free(photo);
    }
    for (int i = 0; i < 10; i++)
        for (int j = 0; j < i; j++) {
            int different = 0;
            for (size_t k = 0; k < sizeof shapes[0]; k += 3) different += abs(shapes[i][k] - shapes[j][k]) > 128;
            assert_true(different > 40);
        }
}

static void edges_are_smooth(void **state)
{
    (void)state;
    fov_photo *photo = canvas(20, 20, 0);
    fov_paint_filled(photo, &(fov_round_box){5.25F, 5, 15, 15, 0}, (fov_ink){200, 100, 50, 1});
    assert_in_range(pixel_at(photo, 5, 10)[0], 149, 151); /* three quarters covered */
    assert_int_equal(pixel_at(photo, 10, 10)[0], 200);
    assert_int_equal(pixel_at(photo, 4, 10)[0], 0);
    assert_int_equal(pixel_at(photo, 15, 10)[0], 0);
    fov_photo_free(photo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_dots_stand_out_on_any_gray),
        cmocka_unit_test(the_five_dots_differ),
        cmocka_unit_test(labels_stay_inside_the_picture),
        cmocka_unit_test(sizes_follow_face_and_picture),
        cmocka_unit_test(hostile_faces_do_no_harm),
        cmocka_unit_test(what_is_not_a_number_is_refused),
        cmocka_unit_test(digits_are_ten_different_ones),
        cmocka_unit_test(edges_are_smooth),
    };
    return cmocka_run_group_tests_name("draw", tests, NULL, NULL);
}
