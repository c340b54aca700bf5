// SPDX-License-Identifier: MIT
/* The network's input against a slow definition in double, and against numbers recorded from Pillow and OpenCV. */
#include "support.h"

#include "media/media.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 7 }; /* what the untouched floats of a pixel hold */

/* ---------------------------------------------------------------- the definition */

static double sample(const fov_image *image, int x, int y, int channel, bool bgr)
{
    static const int bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    const uint8_t   *p = image->data + y * image->pitch + x * bytes[image->format];
    if (image->format == FOV_GRAY8) return p[0];
    return p[(image->format == FOV_BGR8) == bgr ? channel : 2 - channel];
}

/* Of pixel k in output i of `out`, which are made of `in` pixels from `first` on. */
static double triangle(double first, double in, int out, int i, int k)
{
    double ratio = in / out, reach = ratio > 1 ? ratio : 1;
    double w = 1 - fabs(k + 0.5 - first - (i + 0.5) * ratio) / reach;
    return w > 0 ? w : 0;
}

static double resampled(const fov_image *image, const fov_letterbox *box, int x, int y, int channel)
{
    const fov_part all = {0, 0, image->width, image->height}, part = box->part.width > 0 ? box->part : all;
    double         sum = 0, weights = 0;
    for (int v = 0; v < image->height; v++) {
        double wy = triangle(part.y, part.height, box->scaled_h, y, v);
        if (wy <= 0) continue;
        for (int u = 0; u < image->width; u++) {
            double w = wy * triangle(part.x, part.width, box->scaled_w, x, u);
            if (w <= 0) continue;
            sum += w * sample(image, u, v, channel, box->bgr);
            weights += w;
        }
    }
    return sum / weights;
}

/* ---------------------------------------------------------------- running */

static float *run(const fov_letterbox *box, const fov_image *image, int ld, int threads)
{
    fov_error err;
    fov_pool *pool;
    size_t    floats = (size_t)box->out_w * (size_t)box->out_h * (size_t)ld;
    float    *out = malloc(floats * sizeof *out);
    size_t    bytes = fov_letterbox_scratch(box, image->width, image->height, threads);
    void     *scratch = malloc(bytes ? bytes : 1);
    assert_non_null(out);
    assert_non_null(scratch);
    for (size_t i = 0; i < floats; i++) out[i] = GUARD;
    assert_ok(fov_pool_new(threads, &pool, &err));
    fov_letterbox_run(box, image, out, ld, scratch, pool);
    fov_pool_free(pool);
    free(scratch);
    return out;
}

static void check_against_definition(const fov_letterbox *box, const fov_image *image, int ld)
{
    float *out = run(box, image, ld, 2);
    for (int y = 0; y < box->out_h; y++)
        for (int x = 0; x < box->out_w; x++) {
            const float *pixel = out + ((ptrdiff_t)y * box->out_w + x) * ld;
            int          u = x - box->left, v = y - box->top;
            bool         inside = u >= 0 && u < box->scaled_w && v >= 0 && v < box->scaled_h;
            for (int c = 0; c < 3; c++) {
                double value = inside ? resampled(image, box, u, v, c) : (double)box->fill[c];
                double expected = (value - (double)box->mean[c]) * (double)box->scale[c];
                if (fabs(expected - (double)pixel[c]) > 2e-4)
                    fail_msg("%dx%d -> %dx%d format %d, (%d, %d) channel %d: %.6f, expected %.6f", image->width, image->height,
                             box->scaled_w, box->scaled_h, (int)image->format, x, y, c, (double)pixel[c], expected);
            }
            for (int c = 3; c < ld; c++) assert_true(pixel[c] == GUARD);
        }
    free(out);
}

/* Pixels in a block of exactly their size, so that a sanitizer sees every byte read beyond. */
static fov_image random_image(test_random *random, int width, int height, fov_pixel_format format, int padding, uint8_t **block)
{
    int    pixel = format == FOV_GRAY8 ? 1 : format == FOV_RGBA8 ? 4 : 3;
    int    pitch = width * pixel + padding;
    size_t size = (size_t)pitch * (size_t)(height - 1) + (size_t)(width * pixel);
    *block = malloc(size);
    for (size_t i = 0; i < size; i++) (*block)[i] = (uint8_t)test_random_u64(random);
    return (fov_image){*block, width, height, pitch, format};
}

static fov_letterbox plain_box(int width, int height)
{
    return (fov_letterbox){
        .scaled_w = width, .scaled_h = height, .out_w = width, .out_h = height, .scale = {1, 1, 1}, .bgr = false};
}

/* ---------------------------------------------------------------- tests */

static void follows_the_definition(void **state)
{
    (void)state;
    static const int sizes[][4] = {{1, 1, 1, 1},     {1, 1, 5, 3},     {3, 4, 5, 7},     {7, 5, 4, 3},   {33, 21, 33, 21},
                                   {33, 21, 33, 9},  {33, 21, 17, 21}, {64, 48, 6, 5},   {50, 2, 1, 1},  {2, 50, 30, 1},
                                   {31, 17, 40, 11}, {100, 3, 7, 8},   {19, 23, 18, 22}, {5, 40, 16, 16}};
    test_random      random = {1};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (int format = 0; format < 4; format++)
            for (int bgr = 0; bgr < 2; bgr++) {
                const int *z = sizes[s];
                uint8_t   *block;
                fov_image  image =
                    random_image(&random, z[0], z[1], (fov_pixel_format)format, test_random_int(&random, 0, 5), &block);
                int           left = test_random_int(&random, 0, 4), top = test_random_int(&random, 0, 9);
                fov_letterbox box = {.scaled_w = z[2],
                                     .scaled_h = z[3],
                                     .left = left,
                                     .top = top,
                                     .out_w = z[2] + left + test_random_int(&random, 0, 3),
                                     .out_h = z[3] + top + test_random_int(&random, 0, 11),
                                     .fill = {128, 90, 12},
                                     .mean = {104, 117, 123},
                                     .scale = {1, 0.5F, 0.0078125F},
                                     .bgr = bgr != 0};
                check_against_definition(&box, &image, 3 + test_random_int(&random, 0, 2));
                free(block);
            }
}

static void same_bits_for_any_number_of_threads(void **state)
{
    (void)state;
    static const int scaled[][2] = {{64, 48}, {97, 61}, {200, 130}};
    test_random      random = {2};
    uint8_t         *block;
    fov_image        image = random_image(&random, 97, 61, FOV_RGB8, 0, &block);
    for (size_t s = 0; s < 3; s++) {
        fov_letterbox box = plain_box(scaled[s][0], scaled[s][1]);
        size_t        bytes = (size_t)(box.out_w * box.out_h) * 3 * sizeof(float);
        float        *one = run(&box, &image, 3, 1);
        for (int threads = 2; threads <= 5; threads++) {
            float *many = run(&box, &image, 3, threads);
            assert_memory_equal(one, many, bytes);
            free(many);
        }
        free(one);
    }
    free(block);
}

/* Downwards, upwards, unchanged, one pixel, odd widths; every format, padded rows, both channel orders. */
static void same_bits_on_every_instruction_set(void **state)
{
    (void)state;
    static const char *const levels[] = {"avx2", "avx512"};
    fov_error                err;
    test_random              random = {4};
    for (int i = 0; i < 300; i++) {
        const int  width = test_random_int(&random, 1, 90), height = test_random_int(&random, 1, 30);
        const bool same = test_random_int(&random, 0, 3) == 0;
        uint8_t   *block;
        fov_image  image = random_image(&random, width, height, (fov_pixel_format)(i % 4), test_random_int(&random, 0, 5), &block);
        fov_letterbox box =
            plain_box(same ? width : test_random_int(&random, 1, 90), same ? height : test_random_int(&random, 1, 30));
        const int ld = 3 + (test_random_int(&random, 0, 7) == 0);
        box.left = test_random_int(&random, 0, 9);
        box.out_w += box.left + test_random_int(&random, 0, 9);
        box.out_h += test_random_int(&random, 0, 9);
        box.bgr = test_random_int(&random, 0, 1);
        for (int c = 0; c < 3; c++) box.mean[c] = 100.3F + (float)c;
        assert_ok(fov_cpu_limit("generic", &err));
        float *plain = run(&box, &image, ld, 2);
        for (size_t l = 0; l < sizeof levels / sizeof *levels; l++) {
            assert_ok(fov_cpu_limit(levels[l], &err));
            float *fast = run(&box, &image, ld, 2);
            assert_memory_equal(plain, fast, (size_t)(box.out_w * box.out_h * ld) * sizeof *fast);
            free(fast);
        }
        free(plain);
        free(block);
    }
    assert_ok(fov_cpu_limit(NULL, &err));
}

static void rows_may_run_upwards(void **state)
{
    (void)state;
    test_random random = {3};
    uint8_t    *block;
    fov_image   image = random_image(&random, 13, 11, FOV_BGR8, 2, &block);
    image.data += image.pitch * (image.height - 1);
    image.pitch = -image.pitch;
    fov_letterbox shrunk = plain_box(5, 6), unchanged = plain_box(13, 11);
    check_against_definition(&shrunk, &image, 3);
    check_against_definition(&unchanged, &image, 3);
    free(block);
}

/* As of a photo that was decoded smaller: all of it but what sticks out. */
static void takes_a_part_that_cuts_pixels(void **state)
{
    (void)state;
    static const struct {
        int      w, h;
        fov_part part;
        int      scaled_w, scaled_h;
    } rows[] = {{50, 30, {0, 0, 49.5, 29.125}, 33, 19}, {50, 30, {0.5, 0.875, 49.5, 29.125}, 33, 19},
                {50, 30, {0, 0.25, 50, 29.75}, 50, 30}, {50, 30, {0.75, 0, 49.25, 30}, 7, 60},
                {1, 40, {0.5, 0, 0.5, 40}, 1, 20},      {9, 2, {0, 0.125, 8.875, 1.875}, 9, 2}};
    test_random random = {3};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t      *block;
        fov_image     image = random_image(&random, rows[i].w, rows[i].h, FOV_RGB8, 0, &block);
        fov_letterbox box = plain_box(rows[i].scaled_w, rows[i].scaled_h);
        box.part = rows[i].part;
        check_against_definition(&box, &image, 3);
        free(block);
    }
}

static uint8_t *pattern(int width, int height)
{
    uint8_t *pixels = malloc((size_t)width * (size_t)height);
    assert_non_null(pixels);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) pixels[y * width + x] = (uint8_t)(x * 37 + y * 101 + x * y * 13);
    return pixels;
}

static void check_recorded(int in_w, int in_h, int out_w, int out_h, const double *expected)
{
    uint8_t      *pixels = pattern(in_w, in_h);
    fov_image     image = {pixels, in_w, in_h, in_w, FOV_GRAY8};
    fov_letterbox box = plain_box(out_w, out_h);
    float        *out = run(&box, &image, 3, 1);
    for (int i = 0; i < out_w * out_h; i++)
        if (fabs((double)out[3 * i] - expected[i]) > 1e-4)
            fail_msg("value %d: %.6f, recorded was %.6f", i, (double)out[3 * i], expected[i]);
    free(out);
    free(pixels);
}

/* Image.fromarray(pattern as float32).resize((4, 3), Image.BILINEAR), Pillow 13.0. */
static void shrinks_like_pillow(void **state)
{
    (void)state;
    static const double seven_by_five[] = {65.58504,  131.83429, 131.17142, 166.70068, 110.38625, 118.00000,
                                           123.55555, 98.66138,  141.44897, 130.49715, 146.49713, 166.26530};
    static const double large[] = {128.15546, 129.46185, 130.65460, 126.90514, 128.70944, 124.62673, 132.62709, 131.85411,
                                   130.23207, 128.28844, 124.40249, 125.86622, 130.95151, 134.83064, 133.50000, 130.12445,
                                   119.53445, 122.67224, 126.73746, 130.34384, 125.36530, 126.67204, 131.99194, 125.06355,
                                   127.65391, 138.63765, 120.18059, 117.83403, 136.87979, 133.30161};
    check_recorded(7, 5, 4, 3, seven_by_five);
    check_recorded(64, 40, 6, 5, large);
}

/* cv2.resize(pattern as float32, (5, 7), interpolation=cv2.INTER_LINEAR), OpenCV 5.0. */
static void enlarges_like_opencv(void **state)
{
    (void)state;
    static const double expected[] = {0.00000,   14.80000,  37.00000,  59.20000, 74.00000,  36.07143,  52.72857,
                                      77.71429,  102.70000, 119.35715, 93.78571, 113.41428, 142.85715, 172.30000,
                                      191.92857, 151.50000, 122.89999, 80.00000, 113.90000, 136.50000, 190.92857,
                                      121.41428, 17.14286,  55.50000,  81.07143, 102.35715, 94.32857,  82.28571,
                                      125.10001, 153.64285, 47.00000,  77.40000, 123.00000, 168.60001, 199.00000};
    check_recorded(3, 4, 5, 7, expected);
}

static void leaves_an_unchanged_size_exact(void **state)
{
    (void)state;
    uint8_t      *pixels = pattern(40, 30);
    fov_image     image = {pixels, 40, 30, 40, FOV_GRAY8};
    fov_letterbox box = plain_box(40, 30);
    float        *out = run(&box, &image, 3, 1);
    assert_int_equal(fov_letterbox_scratch(&box, 40, 30, 8), 0);
    for (int i = 0; i < 40 * 30; i++) assert_true(out[3 * i] == (float)pixels[i]);
    free(out);
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(follows_the_definition),
        cmocka_unit_test(takes_a_part_that_cuts_pixels),
        cmocka_unit_test(same_bits_for_any_number_of_threads),
        cmocka_unit_test(same_bits_on_every_instruction_set),
        cmocka_unit_test(rows_may_run_upwards),
        cmocka_unit_test(shrinks_like_pillow),
        cmocka_unit_test(enlarges_like_opencv),
        cmocka_unit_test(leaves_an_unchanged_size_exact),
    };
    return cmocka_run_group_tests_name("letterbox", tests, NULL, NULL);
}
