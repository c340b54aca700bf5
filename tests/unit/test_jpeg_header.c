// SPDX-License-Identifier: MIT
/* What the walk through a JPEG's markers finds, of files that libjpeg writes here and of damaged ones. */
#include "support.h"

#include "media/jpeg_header.h"

#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 37, HEIGHT = 21 };

typedef struct variant {
    J_COLOR_SPACE in, stored;
    bool          progressive, arithmetic, no_jfif, adobe;
    int           orientation, restart_rows;
} variant;

static void write_orientation(struct jpeg_compress_struct *info, int orientation)
{
    unsigned char exif[] = {'E', 'x',  'i', 'f', 0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1,
                            1,   0x12, 0,   3,   0, 0, 0,   1,   0, 0,  0, 0, 0, 0, 0, 0};
    exif[25] = (unsigned char)orientation;
    jpeg_write_marker(info, JPEG_APP0 + 1, exif, sizeof exif);
}

static fov_encoded encode(const variant *v)
{
    struct jpeg_compress_struct info;
    struct jpeg_error_mgr       error;
    unsigned char              *data = NULL, row[4 * WIDTH];
    unsigned long               size = 0;
    JSAMPROW                    rows[1] = {row};
    info.err = jpeg_std_error(&error);
    jpeg_create_compress(&info);
    jpeg_mem_dest(&info, &data, &size);
    info.image_width = WIDTH;
    info.image_height = HEIGHT;
    info.in_color_space = v->in;
    info.input_components = v->in == JCS_GRAYSCALE ? 1 : v->in == JCS_RGB ? 3 : 4;
    jpeg_set_defaults(&info);
    jpeg_set_colorspace(&info, v->stored);
    if (v->progressive) jpeg_simple_progression(&info);
    info.arith_code = v->arithmetic;
    info.restart_in_rows = v->restart_rows;
    if (v->no_jfif) info.write_JFIF_header = FALSE;
    if (v->adobe) info.write_Adobe_marker = TRUE;
    jpeg_start_compress(&info, TRUE);
    if (v->orientation) write_orientation(&info, v->orientation);
    while (info.next_scanline < HEIGHT) {
        for (int i = 0; i < 4 * WIDTH; i++) row[i] = (unsigned char)((unsigned)i * 37 + info.next_scanline * 91);
        jpeg_write_scanlines(&info, rows, 1);
    }
    jpeg_finish_compress(&info);
    jpeg_destroy_compress(&info);
    return (fov_encoded){data, size, "test.jpg"};
}

static fov_status look(const variant *v, fov_jpeg_header *header)
{
    fov_error         err;
    const fov_encoded in = encode(v);
    const fov_status  st = fov_jpeg_header_read(&in, header, &err);
    free((void *)(uintptr_t)in.data);
    return st;
}

static void usual_kinds(void **state)
{
    (void)state;
    fov_jpeg_header h;
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr}, &h), FOV_OK);
    assert_int_equal(h.width, WIDTH);
    assert_int_equal(h.height, HEIGHT);
    assert_int_equal(h.components, 3);
    assert_int_equal(h.orientation, 1);
    assert_int_equal(h.scans, 1);
    assert_true(h.baseline);
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .progressive = true, .restart_rows = 1}, &h), FOV_OK);
    assert_false(h.baseline);
    assert_true(h.scans > 5);
    assert_int_equal(look(&(variant){.in = JCS_GRAYSCALE, .stored = JCS_GRAYSCALE, .restart_rows = 1}, &h), FOV_OK);
    assert_int_equal(h.components, 1);
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .no_jfif = true}, &h), FOV_OK);
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .no_jfif = true, .adobe = true}, &h), FOV_OK);
}

static void orientations(void **state)
{
    (void)state;
    for (int orientation = 1; orientation <= 8; orientation++) {
        fov_jpeg_header h;
        assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .orientation = orientation}, &h), FOV_OK);
        assert_int_equal(h.orientation, orientation);
    }
}

/* Behind the scan, where libjpeg does not look for it either. */
static void an_orientation_that_comes_late_is_none(void **state)
{
    (void)state;
    const fov_encoded plain = encode(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr});
    const fov_encoded turned = encode(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .orientation = 6});
    const size_t      segment = turned.size - plain.size;
    const void       *exif = memmem(turned.data, turned.size, "\xff\xe1", 2);
    unsigned char    *late = malloc(turned.size);
    fov_jpeg_header   h;
    fov_error         err;
    assert_non_null(exif);
    memcpy(late, plain.data, plain.size - 2);
    memcpy(late + plain.size - 2, exif, segment);
    memcpy(late + turned.size - 2, plain.data + plain.size - 2, 2);
    assert_int_equal(fov_jpeg_header_read(&(fov_encoded){late, turned.size, "late.jpg"}, &h, &err), FOV_OK);
    assert_int_equal(h.orientation, 1);
    free(late);
    free((void *)(uintptr_t)plain.data);
    free((void *)(uintptr_t)turned.data);
}

static void unusual_kinds(void **state)
{
    (void)state;
    fov_jpeg_header h;
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_RGB}, &h), FOV_ERR_UNSUPPORTED);
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_RGB, .no_jfif = true, .adobe = true}, &h), FOV_ERR_UNSUPPORTED);
    assert_int_equal(look(&(variant){.in = JCS_CMYK, .stored = JCS_YCCK}, &h), FOV_ERR_UNSUPPORTED);
    assert_int_equal(look(&(variant){.in = JCS_CMYK, .stored = JCS_CMYK}, &h), FOV_ERR_UNSUPPORTED);
    assert_int_equal(look(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .arithmetic = true}, &h), FOV_ERR_UNSUPPORTED);
}

/* Nothing that is cut off is taken, at whatever byte; nor does a byte that is changed lead anywhere beyond the end. */
static void damaged(void **state)
{
    (void)state;
    const fov_encoded whole = encode(&(variant){.in = JCS_RGB, .stored = JCS_YCbCr, .progressive = true, .orientation = 6});
    fov_jpeg_header   h;
    fov_error         err;
    assert_true(whole.size > 0);
    for (size_t size = 0; size < whole.size; size++) {
        unsigned char    *part = malloc(size ? size : 1);
        const fov_encoded in = {part, size, "part.jpg"};
        memcpy(part, whole.data, size);
        assert_int_equal(fov_jpeg_header_read(&in, &h, &err), FOV_ERR_FORMAT);
        free(part);
    }
    test_random r = {1};
    for (int i = 0; i < 3000; i++) {
        unsigned char    *copy = malloc(whole.size);
        const fov_encoded in = {copy, whole.size, "changed.jpg"};
        memcpy(copy, whole.data, whole.size);
        for (int k = 0; k < 3; k++) copy[test_random_int(&r, 0, (int)whole.size - 1)] = (unsigned char)test_random_int(&r, 0, 255);
        if (!fov_jpeg_header_read(&in, &h, &err)) assert_true(h.width > 0 && h.height > 0 && h.scans > 0);
        free(copy);
    }
    free((void *)(uintptr_t)whole.data);
}

/* Hundreds of scans over many pixels, of two bytes each. */
static void bomb(void **state)
{
    (void)state;
    static const unsigned char start[] = {0xff, 0xd8, 0xff, 0xc2, 0, 11, 8, 0xff, 0xff, 0xff, 0xff, 1, 1, 0x11, 0},
                               scan[] = {0xff, 0xda, 0, 8, 1, 1, 0, 0, 0, 0}, end[] = {0xff, 0xd9};
    unsigned char     data[sizeof start + 40 * sizeof scan + sizeof end], *p = data;
    const fov_encoded in = {data, sizeof data, "bomb.jpg"};
    fov_jpeg_header   h;
    fov_error         err;
    memcpy(p, start, sizeof start);
    p += sizeof start;
    for (int i = 0; i < 40; i++, p += sizeof scan) memcpy(p, scan, sizeof scan);
    memcpy(p, end, sizeof end);
    assert_int_equal(fov_jpeg_header_read(&in, &h, &err), FOV_ERR_LIMIT);
    data[7] = data[9] = 0; /* small enough */
    assert_ok(fov_jpeg_header_read(&in, &h, &err));
    assert_int_equal(h.scans, 40);
    data[8] = 0; /* no height */
    assert_int_equal(fov_jpeg_header_read(&in, &h, &err), FOV_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_kinds),   cmocka_unit_test(orientations), cmocka_unit_test(an_orientation_that_comes_late_is_none),
        cmocka_unit_test(unusual_kinds), cmocka_unit_test(damaged),      cmocka_unit_test(bomb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
