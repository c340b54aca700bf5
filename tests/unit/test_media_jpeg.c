// SPDX-License-Identifier: MIT
/* Every kind of JPEG, made here by libjpeg from a known picture, must come back as that picture. */
#include "support.h"

#include "base/file.h"
#include "media/media.h"

#include <jpeglib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 75, HEIGHT = 53 }; /* no multiple of a block, so that every edge is a partial one */

typedef struct variant {
    const char   *name;
    J_COLOR_SPACE in, stored;
    int           h, v; /* sampling factors of the first component */
    bool          progressive, arithmetic, adobe_inverted;
    int           restart_rows;
    int           tolerance; /* largest mean absolute difference, in 1/100 of a level */
} variant;

/* Smooth, so that subsampled colour loses little; all three channels differ. */
static void colour_at(int x, int y, uint8_t rgb[3])
{
    rgb[0] = (uint8_t)(30 + 2 * x);
    rgb[1] = (uint8_t)(220 - 3 * y);
    rgb[2] = (uint8_t)(60 + x + y);
}

static void put_pixel(const variant *v, int x, int y, uint8_t *out)
{
    uint8_t rgb[3];
    colour_at(x, y, rgb);
    switch (v->in) {
    case JCS_GRAYSCALE:
        out[0] = rgb[0];
        break;
    case JCS_CMYK: /* black 40 everywhere: colour = (255 - ink) * (255 - 40) / 255 */
        for (int c = 0; c < 3; c++) out[c] = v->adobe_inverted ? rgb[c] : (uint8_t)(255 - rgb[c]);
        out[3] = v->adobe_inverted ? 255 - 40 : 40;
        break;
    default:
        memcpy(out, rgb, 3);
    }
}

static void expected_pixel(const variant *v, int x, int y, uint8_t *out)
{
    colour_at(x, y, out);
    if (v->in == JCS_GRAYSCALE) out[1] = out[2] = out[0];
    if (v->in == JCS_CMYK)
        for (int c = 0; c < 3; c++) out[c] = (uint8_t)((out[c] * (255 - 40) + 127) / 255);
}

static fov_buffer make_jpeg(const variant *v, int width, int height, const void *exif, size_t exif_size)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr       errors;
    unsigned char              *data = NULL;
    unsigned long               size = 0;
    info.err = jpeg_std_error(&errors);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = (JDIMENSION)width;
    info.image_height = (JDIMENSION)height;
    info.in_color_space = v->in;
    info.input_components = v->in == JCS_GRAYSCALE ? 1 : v->in == JCS_CMYK ? 4 : 3;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, v->stored);
    jpeg_set_quality(&info, 97, TRUE);
    info.comp_info[0].h_samp_factor = v->h;
    info.comp_info[0].v_samp_factor = v->v;
    if (v->stored == JCS_YCCK) info.comp_info[3].h_samp_factor = v->h, info.comp_info[3].v_samp_factor = v->v;
    if (v->in == JCS_CMYK) info.write_Adobe_marker = v->adobe_inverted || v->stored == JCS_YCCK;
    info.restart_in_rows = v->restart_rows;
    info.arith_code = v->arithmetic;
    if (v->progressive) jpeg_simple_progression(&info);
    jpeg_start_compress(&info, TRUE);
    if (exif) jpeg_write_marker(&info, JPEG_APP0 + 1, exif, (unsigned)exif_size);
    uint8_t *row = malloc((size_t)width * 4);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) put_pixel(v, x, y, row + x * info.input_components);
        jpeg_write_scanlines(&info, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return (fov_buffer){data, size};
}

static const variant plain = {"plain", JCS_RGB, JCS_YCbCr, 2, 2, false, false, false, 0, 150};

static const variant variants[] = {
    {"4:4:4", JCS_RGB, JCS_YCbCr, 1, 1, false, false, false, 0, 100},
    {"4:2:2", JCS_RGB, JCS_YCbCr, 2, 1, false, false, false, 0, 150},
    {"4:2:0", JCS_RGB, JCS_YCbCr, 2, 2, false, false, false, 0, 150},
    {"4:4:0", JCS_RGB, JCS_YCbCr, 1, 2, false, false, false, 0, 150},
    {"4:1:1", JCS_RGB, JCS_YCbCr, 4, 1, false, false, false, 0, 250},
    {"4:1:0", JCS_RGB, JCS_YCbCr, 4, 2, false, false, false, 0, 250},
    {"RGB stored", JCS_RGB, JCS_RGB, 1, 1, false, false, false, 0, 100},
    {"progressive", JCS_RGB, JCS_YCbCr, 2, 2, true, false, false, 0, 150},
    {"arithmetic", JCS_RGB, JCS_YCbCr, 2, 2, false, true, false, 0, 150},
    {"restart markers", JCS_RGB, JCS_YCbCr, 2, 2, false, false, false, 1, 150},
    {"gray", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, 1, false, false, false, 0, 100},
    {"gray, progressive", JCS_GRAYSCALE, JCS_GRAYSCALE, 1, 1, true, false, false, 0, 100},
    {"CMYK", JCS_CMYK, JCS_CMYK, 1, 1, false, false, false, 0, 100},
    {"CMYK, Adobe inverted", JCS_CMYK, JCS_CMYK, 1, 1, false, false, true, 0, 100},
    {"YCCK, Adobe inverted", JCS_CMYK, JCS_YCCK, 1, 1, false, false, true, 0, 150},
    {"YCCK, 4:2:0, progressive", JCS_CMYK, JCS_YCCK, 2, 2, true, false, true, 0, 200},
};

static void every_variant_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        const variant *v = &variants[i];
        fov_error      err;
        fov_photo     *photo;
        fov_buffer     file = make_jpeg(v, WIDTH, HEIGHT, NULL, 0);
        assert_ok(fov_photo_decode(file.data, file.size, v->name, &(fov_photo_options){.strict = true}, &photo, &err));
        assert_int_equal(photo->width, WIDTH);
        assert_int_equal(photo->height, HEIGHT);
        assert_string_equal(fov_photo_warning(photo), "");
        long difference = 0;
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                uint8_t expected[3];
                expected_pixel(v, x, y, expected);
                for (int c = 0; c < 3; c++) difference += labs(photo->pixels[3 * (y * WIDTH + x) + c] - expected[c]);
            }
        difference = difference * 100 / (3 * WIDTH * HEIGHT);
        if (difference > v->tolerance)
            fail_msg("%s: mean difference %ld/100, expected at most %d/100", v->name, difference, v->tolerance);
        fov_photo_free(photo);
        free(file.data);
    }
}

/* A TIFF block with one entry, written by hand. */
static size_t make_exif(uint8_t *out, int orientation, bool big_endian, bool header)
{
    static const uint8_t little[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t big[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t name[] = {'E', 'x', 'i', 'f', 0, 0};
    const size_t         shift = header ? sizeof name : 0;
    if (header) memcpy(out, name, sizeof name);
    memcpy(out + shift, big_endian ? big : little, sizeof big);
    out[shift + 18 + (big_endian ? 1 : 0)] = (uint8_t)orientation;
    return sizeof big + shift;
}

static void exif_blocks_are_read(void **state)
{
    (void)state;
    uint8_t block[64];
    for (int orientation = 0; orientation <= 9; orientation++)
        for (int form = 0; form < 4; form++) {
            size_t size = make_exif(block, orientation, form & 1, form & 2);
            int    expected = orientation >= 1 && orientation <= 8 ? orientation : 1;
            assert_int_equal(fov_exif_orientation(block, size), expected);
        }
    assert_int_equal(fov_exif_orientation(block, 0), 1);
    assert_int_equal(fov_exif_orientation((const unsigned char *)"no exif at all", 14), 1);
}

/* Where the stored picture's pixel (x, y) of w x h must be seen: TIFF 6.0, tag 274. */
static void upright_place(int orientation, int w, int h, int x, int y, int *u, int *v)
{
    const int right = w - 1 - x, below = h - 1 - y;
    const int table[9][2] = {{0, 0}, {x, y},     {right, y},     {right, below}, {x, below},
                             {y, x}, {below, x}, {below, right}, {y, right}};
    *u = table[orientation][0];
    *v = table[orientation][1];
}

static fov_photo *decode_turned(int orientation, bool keep)
{
    fov_error  err;
    fov_photo *photo;
    uint8_t    block[64];
    size_t     size = make_exif(block, orientation, orientation % 2, true);
    fov_buffer file = make_jpeg(&plain, WIDTH, HEIGHT, block, size);
    assert_ok(fov_photo_decode(file.data, file.size, NULL, &(fov_photo_options){.keep_orientation = keep}, &photo, &err));
    free(file.data);
    return photo;
}

static void orientation_is_honoured(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        fov_photo *stored = decode_turned(orientation, true), *upright = decode_turned(orientation, false);
        assert_int_equal(stored->width, WIDTH);
        assert_int_equal(upright->width, orientation > 4 ? HEIGHT : WIDTH);
        assert_int_equal(upright->height, orientation > 4 ? WIDTH : HEIGHT);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                int u, v;
                upright_place(orientation, WIDTH, HEIGHT, x, y, &u, &v);
                assert_memory_equal(stored->pixels + 3 * (y * WIDTH + x), upright->pixels + 3 * (v * upright->width + u), 3);
            }
        fov_photo_free(stored);
        fov_photo_free(upright);
    }
}

/* ---- decoded smaller */

/* Mean of the full photo's pixels under one of a smaller one. @return false: it sticks out */
static bool mean_under(const fov_photo *full, const fov_photo *smaller, int eighths, int x, int y, double mean[3])
{
    const int    side = FOV_PHOTO_EIGHTHS / eighths;
    const double left = (x - smaller->full.x) * side, top = (y - smaller->full.y) * side;
    if (left < 0 || top < 0 || left + side > full->width || top + side > full->height) return false;
    assert_true(left == (int)left && top == (int)top);
    for (int c = 0; c < 3; c++) {
        mean[c] = 0;
        for (int v = (int)top; v < top + side; v++)
            for (int u = (int)left; u < left + side; u++) mean[c] += full->pixels[3 * (v * full->width + u) + c];
        mean[c] /= side * side;
    }
    return true;
}

static void check_smaller(const fov_photo *full, const fov_photo *smaller, int eighths, const variant *v)
{
    /* Colour that is stored coarser along one axis only is repeated, and may lie half a pixel off: 4 / eighths of the full photo's.
     */
    const double allowed = v->h == v->v ? v->tolerance / 100.0 : 3 * 4.0 / eighths;
    double       difference = 0, mean[3];
    int          compared = 0;
    assert_int_equal(fov_photo_width(smaller), full->width);
    assert_int_equal(fov_photo_height(smaller), full->height);
    assert_int_equal(smaller->width, (full->width * eighths + 7) / 8);
    assert_int_equal(smaller->height, (full->height * eighths + 7) / 8);
    assert_true(fov_photo_is_smaller(smaller) == (eighths < 8));
    for (int y = 0; y < smaller->height; y++)
        for (int x = 0; x < smaller->width; x++) {
            const uint8_t *pixel = smaller->pixels + 3 * (y * smaller->width + x);
            if (!mean_under(full, smaller, eighths, x, y, mean)) continue;
            for (int c = 0; c < 3; c++) difference += fabs(mean[c] - pixel[c]);
            compared++;
        }
    assert_int_equal(compared, (full->width * eighths / 8) * (full->height * eighths / 8));
    difference /= 3 * compared;
    if (difference > allowed)
        fail_msg("%s at %d/8: mean difference %.2f, expected at most %.2f", v->name, eighths, difference, allowed);
}

/* Every way to turn a picture, and sides that no part divides. */
static void a_photo_to_be_shrunk_is_decoded_smaller(void **state)
{
    static const struct {
        int fit_width, fit_height, eighths; /* of the photo as stored */
    } rows[] = {{0, 0, 8},   {5, 0, 8},   {75, 53, 8}, {500, 500, 8}, {26, 53, 8}, {25, 53, 4}, {75, 17, 4},
                {13, 53, 4}, {12, 53, 2}, {75, 8, 2},  {7, 53, 2},    {6, 53, 1},  {1, 1, 1}};
    uint8_t block[64];
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++)
        for (int keep = 0; keep < 2; keep++) {
            fov_error         err;
            fov_photo        *full, *smaller;
            const size_t      size = make_exif(block, orientation, false, true);
            const fov_buffer  file = make_jpeg(&plain, WIDTH, HEIGHT, block, size);
            fov_photo_options o = {.keep_orientation = keep, .strict = true};
            assert_ok(fov_photo_decode(file.data, file.size, NULL, &o, &full, &err));
            for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
                const bool swapped = orientation > 4 && !keep;
                o.fit_width = swapped ? rows[i].fit_height : rows[i].fit_width;
                o.fit_height = swapped ? rows[i].fit_width : rows[i].fit_height;
                assert_ok(fov_photo_decode(file.data, file.size, NULL, &o, &smaller, &err));
                check_smaller(full, smaller, rows[i].eighths, &plain);
                fov_photo_free(smaller);
            }
            fov_photo_free(full);
            free(file.data);
        }
}

static void every_variant_is_decoded_smaller(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++)
        for (int fit = 6; fit <= 24; fit *= 2) {
            fov_error         err;
            fov_photo        *full, *smaller;
            fov_buffer        file = make_jpeg(&variants[i], WIDTH, HEIGHT, NULL, 0);
            fov_photo_options o = {.strict = true, .max_pixels = WIDTH * HEIGHT};
            assert_ok(fov_photo_decode(file.data, file.size, variants[i].name, &o, &full, &err));
            o.fit_width = o.fit_height = fit;
            assert_ok(fov_photo_decode(file.data, file.size, variants[i].name, &o, &smaller, &err));
            check_smaller(full, smaller, fit / 6, &variants[i]);
            fov_photo_free(smaller);
            fov_photo_free(full);
            o.max_pixels--; /* of the full photo */
            assert_int_equal(fov_photo_decode(file.data, file.size, variants[i].name, &o, &smaller, &err), FOV_ERR_LIMIT);
            free(file.data);
        }
}

/* Cut anywhere: a photo with a warning, or an error that names the file. Never silence. */
static void check_cut(const fov_buffer *file, size_t size, bool strict)
{
    fov_error      err = {0};
    fov_photo     *photo;
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, file->data, size);
    fov_status st = fov_photo_decode(exact, size, "cut.jpg", &(fov_photo_options){.strict = strict}, &photo, &err);
    if (st) {
        assert_int_equal(st, FOV_ERR_FORMAT);
        assert_null(photo);
        assert_non_null(strstr(err.message, "cut.jpg"));
    } else {
        assert_false(strict);
        assert_true(fov_photo_warning(photo)[0] != '\0');
        assert_int_equal(photo->width, WIDTH);
    }
    fov_photo_free(photo);
    free(exact);
}

static void truncated_files_warn_or_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        fov_buffer file = make_jpeg(&variants[i], WIDTH, HEIGHT, NULL, 0);
        for (size_t size = 0; size < file.size; size += 1 + file.size / 60) {
            check_cut(&file, size, false);
            check_cut(&file, size, true);
        }
        check_cut(&file, file.size - 2, false); /* only the end marker is missing */
        check_cut(&file, file.size - 2, true);
        free(file.data);
    }
}

static void half_a_file_gives_half_the_picture(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    fov_buffer file = make_jpeg(&plain, WIDTH, HEIGHT, NULL, 0);
    assert_ok(fov_photo_decode(file.data, file.size * 3 / 4, "half", NULL, &photo, &err));
    uint8_t expected[3];
    expected_pixel(&plain, 20, 4, expected);
    for (int c = 0; c < 3; c++) assert_in_range(photo->pixels[3 * (4 * WIDTH + 20) + c], expected[c] - 4, expected[c] + 4);
    fov_photo_free(photo);
    free(file.data);
}

/* A progressive file whose last scan is repeated: each costs a pass over all blocks for a handful of bytes. */
/* @param at which byte behind the frame's marker 0xff to change */
static void check_unsupported(size_t at, uint8_t value)
{
    fov_error  err;
    fov_photo *photo;
    fov_buffer file = make_jpeg(&plain, WIDTH, HEIGHT, NULL, 0);
    size_t     frame = 2;
    while (!(file.data[frame] == 0xff && file.data[frame + 1] == 0xc0)) frame++;
    file.data[frame + at] = value;
    assert_int_equal(fov_photo_decode(file.data, file.size, "odd.jpg", NULL, &photo, &err), FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "odd.jpg: "));
    assert_non_null(strstr(err.message, "convert it"));
    assert_null(photo);
    free(file.data);
}

static void other_kinds_of_jpeg_are_unsupported_not_damaged(void **state)
{
    (void)state;
    check_unsupported(4, 12);   /* bits a sample */
    check_unsupported(1, 0xc3); /* lossless      */
}

static void too_many_scans_are_refused(void **state)
{
    (void)state;
    variant    v = plain;
    fov_error  err = {0};
    fov_photo *photo;
    v.progressive = true;
    fov_buffer file = make_jpeg(&v, WIDTH, HEIGHT, NULL, 0);
    size_t     last = file.size - 2;
    while (!(file.data[last] == 0xff && file.data[last + 1] == 0xda)) last--;
    const size_t   scan = file.size - 2 - last, copies = 600;
    unsigned char *bomb = malloc(last + scan * copies + 2);
    memcpy(bomb, file.data, last);
    for (size_t i = 0; i < copies; i++) memcpy(bomb + last + i * scan, file.data + last, scan);
    memcpy(bomb + last + scan * copies, file.data + file.size - 2, 2); /* the end of an image */
    assert_int_equal(fov_photo_decode(bomb, last + scan * copies + 2, "bomb.jpg", NULL, &photo, &err), FOV_ERR_LIMIT);
    assert_non_null(strstr(err.message, "scans"));
    assert_null(photo);
    free(bomb);
    free(file.data);
}

static void encoder_round_trips(void **state)
{
    (void)state;
    static const int bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    for (int format = 0; format < 4; format++) {
        fov_error  err;
        fov_photo *photo;
        fov_buffer file;
        int        pitch = WIDTH * bytes[format] + 5;
        uint8_t   *pixels = calloc((size_t)pitch, HEIGHT);
        assert_non_null(pixels);
        for (int y = 0; y < HEIGHT; y++)
            for (int x = 0; x < WIDTH; x++) {
                uint8_t rgb[3], *p = pixels + y * pitch + x * bytes[format];
                colour_at(x, y, rgb);
                for (int c = 0; c < (format == FOV_GRAY8 ? 1 : 3); c++) p[c] = rgb[format == FOV_BGR8 ? 2 - c : c];
            }
        fov_image image = {pixels, WIDTH, HEIGHT, pitch, (fov_pixel_format)format};
        assert_ok(fov_jpeg_encode(&image, 95, &file, &err));
        assert_ok(fov_photo_decode(file.data, file.size, NULL, NULL, &photo, &err));
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            uint8_t rgb[3];
            colour_at(i % WIDTH, i / WIDTH, rgb);
            for (int c = 0; c < 3; c++) assert_true(abs(photo->pixels[3 * i + c] - rgb[format == FOV_GRAY8 ? 0 : c]) < 12);
        }
        fov_photo_free(photo);
        fov_buffer_clear(&file);
        free(pixels);
    }
}

static void encoder_refuses_what_jpeg_cannot_hold(void **state)
{
    (void)state;
    fov_error  err;
    fov_buffer file;
    uint8_t   *pixels = calloc(70000, 1);
    fov_image  image = {pixels, 70000, 1, 70000, FOV_GRAY8};
    assert_int_equal(fov_jpeg_encode(&image, 90, &file, &err), FOV_ERR_UNSUPPORTED);
    image.width = 10;
    assert_int_equal(fov_jpeg_encode(&image, 0, &file, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_jpeg_encode(&image, 101, &file, &err), FOV_ERR_ARGUMENT);
    free(pixels);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_comes_back),
        cmocka_unit_test(exif_blocks_are_read),
        cmocka_unit_test(orientation_is_honoured),
        cmocka_unit_test(a_photo_to_be_shrunk_is_decoded_smaller),
        cmocka_unit_test(every_variant_is_decoded_smaller),
        cmocka_unit_test(truncated_files_warn_or_fail),
        cmocka_unit_test(half_a_file_gives_half_the_picture),
        cmocka_unit_test(other_kinds_of_jpeg_are_unsupported_not_damaged),
        cmocka_unit_test(too_many_scans_are_refused),
        cmocka_unit_test(encoder_round_trips),
        cmocka_unit_test(encoder_refuses_what_jpeg_cannot_hold),
    };
    return cmocka_run_group_tests_name("media: jpeg", tests, NULL, NULL);
}
