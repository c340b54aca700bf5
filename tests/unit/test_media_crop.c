// SPDX-License-Identifier: MIT
/* Aligned crops of pictures whose every pixel is known, from landmarks that were put where a known similarity puts them. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 300, HEIGHT = 260 };

static const double template[5][2] = {
    {38.2946, 51.6963}, {73.5318, 51.5014}, {56.0252, 71.7366}, {41.5493, 92.3655}, {70.7299, 92.2041}};

/* Crop pixel (x, y) of 112 lies at (a x - b y + tx, b x + a y + ty) of the photo. */
typedef struct placing {
    double a, b, tx, ty;
} placing;

static fov_face face_at(placing p)
{
    fov_face face = {0};
    for (int i = 0; i < 5; i++) {
        face.landmarks[i][0] = (float)(p.a * template[i][0] - p.b * template[i][1] + p.tx);
        face.landmarks[i][1] = (float)(p.b * template[i][0] + p.a * template[i][1] + p.ty);
    }
    return face;
}

/* Planes, which bilinear sampling and averaging reproduce exactly. */
static double plane(int channel, double x, double y)
{
    return channel == 0 ? 10 + 0.7 * x : channel == 1 ? 240 - 0.8 * y : 20 + 0.4 * x + 0.3 * y;
}

static uint8_t *plane_pixels(fov_pixel_format format, int bytes)
{
    uint8_t *pixels = calloc((size_t)WIDTH * HEIGHT, (size_t)bytes);
    assert_non_null(pixels);
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        for (int c = 0; c < (bytes < 3 ? 1 : 3); c++)
            pixels[i * bytes + c] = (uint8_t)(plane(format == FOV_BGR8 ? 2 - c : c, i % WIDTH, i / WIDTH) + 0.5);
    return pixels;
}

static void check_crop(const fov_image *image, placing p, int size, double tolerance)
{
    fov_error  err;
    fov_photo *crop;
    fov_face   face = face_at(p);
    assert_ok(fov_face_crop(image, &face, size, &crop, &err));
    fov_image view = fov_photo_image(crop);
    assert_int_equal(view.width, size);
    assert_int_equal(view.height, size);
    for (int y = 0; y < size; y++)
        for (int x = 0; x < size; x++) {
            double u = x * 112.0 / size, v = y * 112.0 / size;
            double px = p.a * u - p.b * v + p.tx, py = p.b * u + p.a * v + p.ty, edge = 2 * hypot(p.a, p.b) * 112 / size + 2;
            const uint8_t *got = view.data + y * view.pitch + 3 * x;
            if (px < -edge || py < -edge || px > WIDTH + edge || py > HEIGHT + edge) assert_memory_equal(got, "\0\0\0", 3);
            if (px < edge || py < edge || px > WIDTH - 1 - edge || py > HEIGHT - 1 - edge) continue;
            for (int c = 0; c < 3; c++) {
                double expected = plane(image->format == FOV_GRAY8 ? 0 : c, px, py);
                if (fabs(expected - got[c]) > tolerance)
                    fail_msg("(%d, %d) channel %d: %d, expected %.2f", x, y, c, got[c], expected);
            }
        }
    fov_photo_free(crop);
}

static const placing placings[] = {
    {1, 0, 60, 40},       /* as it is          */
    {0.5, 0, 100, 90},    /* twice as large    */
    {1.6, 0.9, 120, -20}, /* turned and shrunk */
    {-1, 0, 220, 200},    /* upside down       */
    {0, 1, 220, 60},      /* on its side       */
    {2.2, 0, -30, -20},   /* beyond the edges  */
    {1, 0, 900, 900},     /* all outside       */
};

static void landmarks_decide_what_is_seen(void **state)
{
    (void)state;
    static const int bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    for (int format = 0; format < 4; format++) {
        uint8_t  *pixels = plane_pixels((fov_pixel_format)format, bytes[format]);
        fov_image image = {pixels, WIDTH, HEIGHT, WIDTH * bytes[format], (fov_pixel_format)format};
        for (size_t i = 0; i < sizeof placings / sizeof *placings; i++) {
            check_crop(&image, placings[i], 112, 1.2);
            check_crop(&image, placings[i], 37, 1.2);
            check_crop(&image, placings[i], 224, 1.2);
        }
        free(pixels);
    }
}

static void an_unmoved_face_is_copied(void **state)
{
    (void)state;
    test_random random = {1};
    fov_error   err;
    fov_photo  *crop;
    uint8_t    *pixels = malloc(3 * 112 * 112);
    assert_non_null(pixels);
    for (int i = 0; i < 3 * 112 * 112; i++) pixels[i] = (uint8_t)test_random_u64(&random);
    fov_image image = {pixels, 112, 112, 3 * 112, FOV_RGB8};
    fov_face  face = face_at((placing){1, 0, 0, 0});
    assert_ok(fov_face_crop(&image, &face, 112, &crop, &err));
    const uint8_t *got = fov_photo_pixels(crop);
    for (int i = 0; i < 3 * 112 * 112; i++) assert_true(abs(got[i] - pixels[i]) <= 1);
    fov_photo_free(crop);
    free(pixels);
}

/* Lines one pixel wide, every second column white: each pixel of a crop eight times smaller must see their mean. */
static void shrinking_skips_nothing(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *crop;
    uint8_t   *pixels = malloc(1000 * 1000);
    assert_non_null(pixels);
    for (int i = 0; i < 1000 * 1000; i++) pixels[i] = (uint8_t)(i % 2 ? 255 : 0);
    fov_image image = {pixels, 1000, 1000, 1000, FOV_GRAY8};
    fov_face  face = face_at((placing){8, 0, 20, 20});
    assert_ok(fov_face_crop(&image, &face, 112, &crop, &err));
    const uint8_t *got = fov_photo_pixels(crop);
    for (int i = 0; i < 3 * 112 * 112; i++) assert_in_range(got[i], 118, 137);
    fov_photo_free(crop);
    free(pixels);
}

static void a_mirrored_face_stays_unmirrored(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *crop;
    uint8_t   *pixels = plane_pixels(FOV_RGB8, 3);
    fov_image  image = {pixels, WIDTH, HEIGHT, 3 * WIDTH, FOV_RGB8};
    fov_face   face = face_at((placing){1, 0, 60, 40});
    for (int i = 0; i < 5; i++) face.landmarks[i][0] = 2 * (56 + 60) - face.landmarks[i][0];
    assert_ok(fov_face_crop(&image, &face, 112, &crop, &err));
    /* a turn by some angle keeps the sign of the two axes' cross product, a mirror image changes it */
    const uint8_t *p = fov_photo_pixels(crop);
    const uint8_t *o = p + 3 * (56 * 112 + 56), *x = o + 3 * 8, *y = o + 3 * 8 * 112;
    double         ux = (x[0] - o[0]) / 0.7, uy = (x[1] - o[1]) / -0.8, vx = (y[0] - o[0]) / 0.7, vy = (y[1] - o[1]) / -0.8;
    assert_true(ux * vy - uy * vx > 0);
    fov_photo_free(crop);
    free(pixels);
}

static void impossible_requests_are_refused(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *crop;
    uint8_t    pixel[3] = {1, 2, 3};
    fov_image  image = {pixel, 1, 1, 3, FOV_RGB8};
    fov_face   good = face_at((placing){1, 0, 0, 0}), same = {0}, odd = good;
    assert_int_equal(fov_face_crop(&image, &same, 112, &crop, &err), FOV_ERR_ARGUMENT);
    assert_null(crop);
    odd.landmarks[2][1] = NAN;
    assert_int_equal(fov_face_crop(&image, &odd, 112, &crop, &err), FOV_ERR_ARGUMENT);
    odd.landmarks[2][1] = INFINITY;
    assert_int_equal(fov_face_crop(&image, &odd, 112, &crop, &err), FOV_ERR_ARGUMENT);
    odd.landmarks[2][1] = 1e30F;
    assert_int_equal(fov_face_crop(&image, &odd, 112, &crop, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_face_crop(&image, &good, 0, &crop, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_face_crop(&image, &good, 1 << 20, &crop, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_face_crop(&image, NULL, 112, &crop, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_face_crop(NULL, &good, 112, &crop, &err), FOV_ERR_ARGUMENT);
    assert_ok(fov_face_crop(&image, &good, 1, &crop, &err));
    fov_photo_free(crop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(landmarks_decide_what_is_seen),   cmocka_unit_test(an_unmoved_face_is_copied),
        cmocka_unit_test(shrinking_skips_nothing),         cmocka_unit_test(a_mirrored_face_stays_unmirrored),
        cmocka_unit_test(impossible_requests_are_refused),
    };
    return cmocka_run_group_tests_name("media: crop", tests, NULL, NULL);
}
