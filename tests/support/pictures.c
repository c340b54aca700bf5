// SPDX-License-Identifier: MIT
#include "pictures.h"

#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

enum { QUALITY = 95, FACE_HEIGHT = 400 };

void file_write(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    if (!file) fail_msg("%s: cannot write", path);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

char *file_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    if (!file) fail_msg("%s: cannot read", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *bytes = (size_t)ftell(file);
    rewind(file);
    char *data = malloc(*bytes + 1);
    assert_non_null(data);
    assert_int_equal(fread(data, 1, *bytes, file), *bytes);
    fclose(file);
    data[*bytes] = '\0';
    return data;
}

void file_truncate(const char *from, const char *to, double share)
{
    size_t bytes;
    char  *data = file_read(from, &bytes);
    file_write(to, data, (size_t)((double)bytes * share));
    free(data);
}

fov_photo *picture_of_face(void)
{
    fov_error  err = {0};
    fov_photo *whole, *part;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &whole, &err));
    fov_image image = fov_photo_image(whole);
    assert_ok(fov_photo_new(image.width, FACE_HEIGHT, &part, &err));
    memcpy(fov_photo_pixels(part), image.data, (size_t)image.width * 3 * FACE_HEIGHT);
    fov_photo_free(whole);
    return part;
}

void picture_save(const fov_photo *photo, const char *path)
{
    fov_error err = {0};
    fov_image image = fov_photo_image(photo);
    assert_ok(fov_image_save(&image, path, QUALITY, &err));
}

void picture_save_blank(int width, int height, const char *path)
{
    fov_error  err = {0};
    fov_photo *photo;
    assert_ok(fov_photo_new(width, height, &photo, &err));
    picture_save(photo, path);
    fov_photo_free(photo);
}

/* K stays at 255, no black: then C, M, Y stored inverted are R, G, B. */
static void write_cmyk_rows(struct jpeg_compress_struct *jpeg, const fov_image *image)
{
    JSAMPLE *row = malloc((size_t)image->width * 4);
    assert_non_null(row);
    for (int y = 0; y < image->height; y++) {
        const uint8_t *rgb = image->data + y * image->pitch;
        for (int x = 0; x < image->width; x++) {
            memcpy(row + (ptrdiff_t)x * 4, rgb + (ptrdiff_t)x * 3, 3);
            row[(ptrdiff_t)x * 4 + 3] = 255;
        }
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    free(row);
}

void picture_save_cmyk(const fov_photo *photo, const char *path)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr       errors;
    fov_image                   image = fov_photo_image(photo);
    FILE                       *file = fopen(path, "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)image.width;
    jpeg.image_height = (JDIMENSION)image.height;
    jpeg.input_components = 4;
    jpeg.in_color_space = JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    jpeg_set_quality(&jpeg, QUALITY, TRUE);
    jpeg_start_compress(&jpeg, TRUE);
    write_cmyk_rows(&jpeg, &image);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
}

/* A minimal APP1: big-endian TIFF, one IFD with one entry, tag 0x0112 (orientation), SHORT, count 1. */
static void insert_exif(const char *path, unsigned char orientation)
{
    const unsigned char app1[] = {0xff, 0xe1, 0, 34,   'E', 'x', 'i', 'f', 0, 0, 'M', 'M',         0, 42, 0, 0, 0, 8,
                                  0,    1,    1, 0x12, 0,   3,   0,   0,   0, 1, 0,   orientation, 0, 0,  0, 0, 0, 0};
    size_t              bytes;
    char               *jpeg = file_read(path, &bytes);
    FILE               *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(jpeg, 1, 2, file), 2); /* SOI */
    assert_int_equal(fwrite(app1, 1, sizeof app1, file), sizeof app1);
    assert_int_equal(fwrite(jpeg + 2, 1, bytes - 2, file), bytes - 2);
    assert_int_equal(fclose(file), 0);
    free(jpeg);
}

void picture_save_turned(const fov_photo *photo, const char *path)
{
    fov_error  err = {0};
    fov_image  upright = fov_photo_image(photo);
    fov_photo *turned;
    assert_ok(fov_photo_new(upright.height, upright.width, &turned, &err));
    uint8_t *out = fov_photo_pixels(turned);
    for (int y = 0; y < upright.width; y++)
        for (int x = 0; x < upright.height; x++, out += 3)
            memcpy(out, upright.data + x * upright.pitch + (ptrdiff_t)(upright.width - 1 - y) * 3, 3);
    picture_save(turned, path);
    insert_exif(path, 6);
    fov_photo_free(turned);
}
