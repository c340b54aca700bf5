// SPDX-License-Identifier: MIT
/* What is common to all formats: recognising, limits, odd sizes, saving, and memory that runs out. */
#include "support.h"

#include "alloc_probe.h"
#include "pictures.h"
#include "base/file.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *temporary(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    return path;
}

static fov_photo *gradient(int width, int height)
{
    fov_error  err;
    fov_photo *photo;
    assert_ok(fov_photo_new(width, height, &photo, &err));
    uint8_t *pixels = fov_photo_pixels(photo);
    for (size_t i = 0; i < 3 * (size_t)width * (size_t)height; i++) pixels[i] = (uint8_t)(i / 7);
    return photo;
}

static void check_round_trip(int width, int height, const char *name)
{
    fov_error   err;
    fov_photo  *photo = gradient(width, height), *back;
    fov_image   image = fov_photo_image(photo), view;
    const char *path = temporary(name);
    assert_ok(fov_image_save(&image, path, 90, &err));
    assert_ok(fov_photo_load(path, &(fov_photo_options){.strict = true}, &back, &err));
    view = fov_photo_image(back);
    assert_int_equal(view.width, width);
    assert_int_equal(view.height, height);
    assert_int_equal(view.pitch, 3 * width);
    assert_int_equal(view.format, FOV_RGB8);
    if (strstr(name, "png")) assert_memory_equal(view.data, image.data, 3 * (size_t)width * (size_t)height);
    fov_photo_free(photo);
    fov_photo_free(back);
}

static void odd_sizes_survive(void **state)
{
    (void)state;
    check_round_trip(1, 1, "a.png");
    check_round_trip(1, 1, "a.jpg");
    check_round_trip(20000, 10, "b.PNG");
    check_round_trip(20000, 10, "b.jpeg");
    check_round_trip(3, 5000, "c.png");
    check_round_trip(640, 480, "d.JPG");
}

static void saving_refuses_what_it_cannot_do(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo = gradient(4, 4);
    fov_image  image = fov_photo_image(photo), broken = image;
    assert_int_equal(fov_image_save(&image, temporary("x.gif"), 90, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, ".gif"));
    assert_int_equal(fov_image_save(&image, temporary("no ending"), 90, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_image_save(&image, temporary("missing/x.png"), 90, &err), FOV_ERR_IO);
    assert_int_equal(fov_image_save(&image, NULL, 90, &err), FOV_ERR_ARGUMENT);
    broken.pitch = 5;
    assert_int_equal(fov_image_save(&broken, temporary("x.png"), 90, &err), FOV_ERR_ARGUMENT);
    broken = image;
    broken.width = 0;
    assert_int_equal(fov_image_save(&broken, temporary("x.jpg"), 90, &err), FOV_ERR_ARGUMENT);
    broken = image;
    broken.data = NULL;
    assert_int_equal(fov_image_save(&broken, temporary("x.png"), 90, &err), FOV_ERR_ARGUMENT);
    broken = image;
    broken.format = (fov_pixel_format)9;
    assert_int_equal(fov_image_save(&broken, temporary("x.png"), 90, &err), FOV_ERR_ARGUMENT);
    assert_int_not_equal(access(temporary("x.png"), F_OK), 0);
    fov_photo_free(photo);
}

static void check_encoded(fov_picture_format format, const char *name)
{
    fov_error  err;
    fov_photo *photo = gradient(33, 17), *back;
    fov_image  image = fov_photo_image(photo);
    void      *data, *file;
    size_t     bytes, file_bytes;
    assert_ok(fov_image_save(&image, temporary(name), 90, &err));
    assert_ok(fov_image_encode(&image, format, 90, &data, &bytes, &err));
    file = file_read(temporary(name), &file_bytes);
    assert_int_equal(bytes, file_bytes);
    assert_memory_equal(data, file, bytes);
    assert_ok(fov_photo_decode(data, bytes, name, NULL, &back, &err));
    fov_photo_free(back);
    fov_data_free(data);
    free(file);
    image.width = 0;
    assert_int_equal(fov_image_encode(&image, format, 90, &data, &bytes, &err), FOV_ERR_ARGUMENT);
    assert_null(data);
    assert_int_equal(bytes, 0);
    fov_photo_free(photo);
}

static void in_memory_a_picture_has_the_bytes_of_its_file(void **state)
{
    (void)state;
    check_encoded(FOV_PICTURE_JPEG, "m.jpg");
    check_encoded(FOV_PICTURE_PNG, "m.png");
    fov_error  err;
    fov_photo *photo = gradient(4, 4);
    fov_image  image = fov_photo_image(photo);
    void      *data;
    size_t     bytes;
    assert_int_equal(fov_image_encode(&image, (fov_picture_format)7, 90, &data, &bytes, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "7"));
    fov_photo_free(photo);
    fov_data_free(NULL);
}

static void other_files_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t      size;
        fov_status  status;
        const char *says;
    } cases[] = {
        {"", 0, FOV_ERR_FORMAT, "an empty file"},
        {"Dear reader,\nthis is no photo.\n", 30, FOV_ERR_FORMAT, "a text file"},
        {"BM is how this text begins", 26, FOV_ERR_FORMAT, "a text file"},
        {"GIF89a\1\0\1\0\0\0\0;", 14, FOV_ERR_UNSUPPORTED, "a GIF picture"},
        {"BM\x46\0\0\0\0\0\0\0\x36\0\0\0", 14, FOV_ERR_UNSUPPORTED, "a BMP picture"},
        {"II*\0\x08\0\0\0\0\0", 10, FOV_ERR_UNSUPPORTED, "TIFF"},
        {"\0\0\0\x18"
         "ftypheic\0\0\0\0",
         16, FOV_ERR_UNSUPPORTED, "HEIC"},
        {"\0\0\0\x18"
         "ftypisom\0\0\0\0",
         16, FOV_ERR_FORMAT, "video"},
        {"%PDF-1.7\n", 9, FOV_ERR_FORMAT, "PDF"},
        {"\x7f"
         "ELF\2\1\1",
         7, FOV_ERR_FORMAT, "a program"},
        {"\0\0\0\0\0\0", 6, FOV_ERR_FORMAT, "zeros"},
        {"\1\2\3\4\5\6\7", 7, FOV_ERR_FORMAT, "binary"},
        {"RIFF\4\0\0\0WAVE", 12, FOV_ERR_FORMAT, "binary"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fov_error  err;
        fov_photo *photo = (fov_photo *)(uintptr_t)1;
        assert_int_equal(fov_photo_decode(cases[i].bytes, cases[i].size, "thing.jpg", NULL, &photo, &err), cases[i].status);
        assert_null(photo);
        if (!strstr(err.message, cases[i].says) || !strstr(err.message, "thing.jpg"))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].says);
    }
}

static void missing_files_and_folders_are_errors(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    assert_int_equal(fov_photo_load(temporary("nothing here"), NULL, &photo, &err), FOV_ERR_IO);
    assert_int_equal(fov_photo_load(test_folder(), NULL, &photo, &err), FOV_ERR_IO);
    assert_int_equal(fov_photo_load(NULL, NULL, &photo, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_photo_decode(NULL, 3, NULL, NULL, &photo, &err), FOV_ERR_ARGUMENT);
    assert_null(photo);
    assert_int_equal(fov_photo_new(0, 3, &photo, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_photo_new(3, -1, &photo, &err), FOV_ERR_ARGUMENT);
    fov_photo_free(NULL);
}

static fov_buffer encoded(bool png)
{
    fov_error  err;
    fov_buffer file;
    fov_photo *photo = gradient(60, 40);
    fov_image  image = fov_photo_image(photo);
    assert_ok(png ? fov_png_encode(&image, &file, &err) : fov_jpeg_encode(&image, 90, &file, &err));
    fov_photo_free(photo);
    return file;
}

static void pixels_are_limited_before_memory_is_taken(void **state)
{
    (void)state;
    for (int png = 0; png < 2; png++) {
        fov_error  err;
        fov_photo *photo;
        fov_buffer file = encoded(png);
        assert_int_equal(fov_photo_decode(file.data, file.size, "big", &(fov_photo_options){.max_pixels = 2399}, &photo, &err),
                         FOV_ERR_LIMIT);
        assert_non_null(strstr(err.message, "60 x 40"));
        assert_ok(fov_photo_decode(file.data, file.size, "big", &(fov_photo_options){.max_pixels = 2400}, &photo, &err));
        fov_photo_free(photo);
        fov_buffer_clear(&file);
    }
}

static void a_bomb_meets_the_default_limit(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    fov_buffer file = encoded(false);
    size_t     frame = 2;
    while (!(file.data[frame] == 0xff && file.data[frame + 1] == 0xc0)) frame++;
    memset(file.data + frame + 5, 0xfd, 4); /* 65021 x 65021 */
    alloc_probe_start(0, 64 << 20);
    assert_int_equal(fov_photo_decode(file.data, file.size, "bomb", NULL, &photo, &err), FOV_ERR_LIMIT);
    alloc_probe used = alloc_probe_stop();
    assert_int_equal(used.failed, 0);
    assert_true(used.peak < 1 << 20);
    fov_buffer_clear(&file);
}

/* 256 million pixels in one line are within the limit of pixels, but resizing it would take gigabytes. */
static void a_line_without_end_is_refused(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    uint8_t   *row = calloc(1000001, 3);
    fov_image  line = {row, 1000001, 1, 3000003, FOV_RGB8};
    fov_buffer file;
    assert_ok(fov_png_encode(&line, &file, &err));
    assert_int_equal(fov_photo_decode(file.data, file.size, "line", NULL, &photo, &err), FOV_ERR_LIMIT);
    assert_non_null(strstr(err.message, "line: 1000001 x 1 pixels"));
    fov_buffer_clear(&file);
    line.width = 1000000;
    assert_ok(fov_png_encode(&line, &file, &err));
    assert_ok(fov_photo_decode(file.data, file.size, "line", NULL, &photo, &err));
    fov_photo_free(photo);
    fov_buffer_clear(&file);
    free(row);
}

static fov_status load_save_crop(const fov_buffer *file, bool png, fov_error *err)
{
    const fov_face face = {.landmarks = {{20, 10}, {35, 10}, {28, 18}, {22, 28}, {34, 28}}};
    fov_photo     *photo, *crop = NULL;
    fov_buffer     again = {0};
    fov_status     st = fov_photo_decode(file->data, file->size, "probe", NULL, &photo, err);
    if (st) return st;
    fov_image image = fov_photo_image(photo);
    st = png ? fov_png_encode(&image, &again, err) : fov_jpeg_encode(&image, 80, &again, err);
    if (!st) st = fov_face_crop(&image, &face, 112, &crop, err);
    if (!st) st = fov_photo_orient(photo, 6, err);
    fov_buffer_clear(&again);
    fov_photo_free(photo);
    fov_photo_free(crop);
    return st;
}

static void every_failing_allocation_is_reported(void **state)
{
    (void)state;
    for (int png = 0; png < 2; png++) {
        fov_buffer  file = encoded(png);
        fov_status  st = FOV_ERR_MEMORY;
        uint64_t    n = 0;
        alloc_probe probe;
        while (st && ++n < 200) {
            fov_error err = {0};
            alloc_probe_start(n, 0);
            st = load_save_crop(&file, png, &err);
            probe = alloc_probe_stop();
            assert_int_equal(probe.blocks, 0);
            if (st && st != FOV_ERR_MEMORY) fail_msg("allocation %d: %s", (int)n, err.message);
            if (st) assert_true(err.message[0] != '\0');
        }
        assert_int_equal(st, FOV_OK);
        assert_true(n > 4);
        fov_buffer_clear(&file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(odd_sizes_survive),
        cmocka_unit_test(saving_refuses_what_it_cannot_do),
        cmocka_unit_test(in_memory_a_picture_has_the_bytes_of_its_file),
        cmocka_unit_test(other_files_are_named),
        cmocka_unit_test(missing_files_and_folders_are_errors),
        cmocka_unit_test(pixels_are_limited_before_memory_is_taken),
        cmocka_unit_test(a_bomb_meets_the_default_limit),
        cmocka_unit_test(a_line_without_end_is_refused),
        cmocka_unit_test(every_failing_allocation_is_reported),
    };
    return cmocka_run_group_tests_name("media: load and save", tests, NULL, NULL);
}
