// SPDX-License-Identifier: MIT
/* A thousand damaged files of every image format: refused with a sentence or decoded, in bounded time and memory. */
#include "damage.h"

#include "base/file.h"
#include "media/media.h"

#include <jpeglib.h>
#include <stdlib.h>
#include <webp/encode.h>

enum { WIDTH = 120, HEIGHT = 90 };

static const damage_limits limits = {.variants = 1000, .seconds = 2, .max_bytes = 64 << 20};

static fov_status decode(const void *data, size_t bytes, const char *name, bool strict, fov_error *err)
{
    fov_photo              *photo;
    const fov_photo_options options = {.max_pixels = 1 << 20, .strict = strict};
    fov_status              st = fov_photo_decode(data, bytes, name, &options, &photo, err);
    fov_photo_free(photo);
    return st;
}

static fov_status decode_lenient(const void *data, size_t bytes, const char *name, fov_error *err)
{
    return decode(data, bytes, name, false, err);
}

static fov_status decode_strict(const void *data, size_t bytes, const char *name, fov_error *err)
{
    return decode(data, bytes, name, true, err);
}

/* Smooth with some noise: compressible, yet no row or block is like another. */
static void fill(uint8_t *pixels, int channels)
{
    test_random random = {7};
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        for (int c = 0; c < channels; c++)
            pixels[i * channels + c] = (uint8_t)(i % WIDTH + (c + 1) * (i / WIDTH) + test_random_int(&random, 0, 15));
}

static fov_status decode_smaller(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_photo              *photo;
    const fov_photo_options options = {.max_pixels = 1 << 20, .fit_width = WIDTH / 3, .fit_height = HEIGHT / 3};
    fov_status              st = fov_photo_decode(data, bytes, name, &options, &photo, err);
    fov_photo_free(photo);
    return st;
}

static void try_both(const fov_buffer *file, const char *name)
{
    damage_try(file->data, file->size, name, 1, limits, decode_lenient);
    damage_try(file->data, file->size, name, 2, (damage_limits){300, limits.seconds, limits.max_bytes}, decode_strict);
}

static void damaged_jpeg(void **state)
{
    (void)state;
    static uint8_t pixels[3 * WIDTH * HEIGHT];
    fov_error      err;
    fov_buffer     file;
    fov_image      image = {pixels, WIDTH, HEIGHT, 3 * WIDTH, FOV_RGB8};
    fill(pixels, 3);
    assert_ok(fov_jpeg_encode(&image, 85, &file, &err));
    try_both(&file, "x.jpg");
    damage_try(file.data, file.size, "x.jpg", 3, limits, decode_smaller);
    fov_buffer_clear(&file);
}

/* Many scans, restart markers and four colours: the parts of a decoder that the plain file does not reach. */
static fov_buffer progressive_cmyk(uint8_t *pixels)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr       errors;
    fov_buffer                  file = {0};
    unsigned long               size = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &file.data, &size);
    info.image_width = WIDTH;
    info.image_height = HEIGHT;
    info.in_color_space = JCS_CMYK;
    info.input_components = 4;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, JCS_YCCK);
    info.restart_in_rows = 2;
    jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    for (int y = 0; y < HEIGHT; y++) jpeg_write_scanlines(&info, &(JSAMPROW){pixels + 4 * WIDTH * y}, 1);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    file.size = size;
    return file;
}

static void damaged_progressive_jpeg(void **state)
{
    (void)state;
    static uint8_t pixels[4 * WIDTH * HEIGHT];
    fill(pixels, 4);
    fov_buffer file = progressive_cmyk(pixels);
    try_both(&file, "progressive.jpg");
    free(file.data);
}

static void damaged_png(void **state)
{
    (void)state;
    static uint8_t pixels[4 * WIDTH * HEIGHT];
    for (int format = FOV_RGB8; format <= FOV_RGBA8; format += FOV_RGBA8 - FOV_RGB8) {
        const int  channels = format == FOV_RGBA8 ? 4 : 3;
        fov_error  err;
        fov_buffer file;
        fov_image  image = {pixels, WIDTH, HEIGHT, channels * WIDTH, (fov_pixel_format)format};
        fill(pixels, channels);
        assert_ok(fov_png_encode(&image, &file, &err));
        try_both(&file, format == FOV_RGBA8 ? "alpha.png" : "x.png");
        fov_buffer_clear(&file);
    }
}

static void damaged_webp(void **state)
{
    (void)state;
    static uint8_t pixels[4 * WIDTH * HEIGHT];
    fov_buffer     lossy = {0}, lossless = {0};
    fill(pixels, 4);
    lossy.size = WebPEncodeRGBA(pixels, WIDTH, HEIGHT, 4 * WIDTH, 80, &lossy.data);
    lossless.size = WebPEncodeLosslessRGBA(pixels, WIDTH, HEIGHT, 4 * WIDTH, &lossless.data);
    try_both(&lossy, "x.webp");
    try_both(&lossless, "lossless.webp");
    WebPFree(lossy.data);
    WebPFree(lossless.data);
}

/* Photos as cameras and editors write them: with EXIF, thumbnails, profiles, several tables. */
static void damaged_photos(void **state)
{
    (void)state;
    static const char *const names[] = {"photos/ulfd_2.jpg", "photos/biubug6_test.jpg", "photos/astronaut.png"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        fov_error  err;
        fov_buffer file;
        NEED_SHARED(path, names[i]);
        assert_ok(fov_file_read(path, 1 << 26, &file, &err));
        damage_try(file.data, file.size, names[i], 3, (damage_limits){60, 5, limits.max_bytes}, decode_lenient);
        fov_buffer_clear(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_jpeg), cmocka_unit_test(damaged_progressive_jpeg), cmocka_unit_test(damaged_png),
        cmocka_unit_test(damaged_webp), cmocka_unit_test(damaged_photos),
    };
    return cmocka_run_group_tests_name("damage: media", tests, NULL, NULL);
}
