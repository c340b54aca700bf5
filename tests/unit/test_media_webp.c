// SPDX-License-Identifier: MIT
/* WebP files of libwebp's encoder, and containers built by hand around them. */
#include "support.h"

#include "base/file.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>

enum { WIDTH = 90, HEIGHT = 70 };

static void colour_at(int x, int y, uint8_t rgba[4])
{
    rgba[0] = (uint8_t)(20 + 2 * x);
    rgba[1] = (uint8_t)(230 - 2 * y);
    rgba[2] = (uint8_t)(x + y);
    rgba[3] = (uint8_t)(x < 10 ? 0 : y < 10 ? 128 : 255);
}

static void fill(uint8_t *pixels, int channels)
{
    for (int i = 0; i < WIDTH * HEIGHT; i++) {
        uint8_t rgba[4];
        colour_at(i % WIDTH, i / WIDTH, rgba);
        memcpy(pixels + channels * i, rgba, (size_t)channels);
    }
}

static fov_buffer make_webp(bool lossless, bool alpha)
{
    uint8_t    pixels[WIDTH * HEIGHT * 4];
    fov_buffer file = {0};
    fill(pixels, alpha ? 4 : 3);
    if (alpha && lossless) file.size = WebPEncodeLosslessRGBA(pixels, WIDTH, HEIGHT, 4 * WIDTH, &file.data);
    else if (alpha) file.size = WebPEncodeRGBA(pixels, WIDTH, HEIGHT, 4 * WIDTH, 95, &file.data);
    else if (lossless) file.size = WebPEncodeLosslessRGB(pixels, WIDTH, HEIGHT, 3 * WIDTH, &file.data);
    else file.size = WebPEncodeRGB(pixels, WIDTH, HEIGHT, 3 * WIDTH, 95, &file.data);
    assert_true(file.size > 0);
    return file;
}

static void every_form_comes_back(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        const bool lossless = form & 1, alpha = form & 2;
        fov_error  err;
        fov_photo *photo;
        fov_buffer file = make_webp(lossless, alpha);
        assert_ok(fov_photo_decode(file.data, file.size, "form", &(fov_photo_options){.strict = true}, &photo, &err));
        assert_int_equal(photo->width, WIDTH);
        assert_int_equal(photo->height, HEIGHT);
        assert_string_equal(fov_photo_warning(photo), "");
        long difference = 0;
        for (int i = 0; i < WIDTH * HEIGHT; i++) {
            uint8_t rgba[4];
            colour_at(i % WIDTH, i / WIDTH, rgba);
            if (!alpha) rgba[3] = 255;
            for (int c = 0; c < 3; c++) {
                int expected = (rgba[c] * rgba[3] + 255 * (255 - rgba[3]) + 127) / 255;
                int off = abs(photo->pixels[3 * i + c] - expected);
                if (lossless) assert_int_equal(off, 0);
                difference += off;
            }
        }
        assert_true(difference < 4L * WIDTH * HEIGHT * 3);
        fov_photo_free(photo);
        WebPFree(file.data);
    }
}

static void truncated_files_warn_or_fail(void **state)
{
    (void)state;
    for (int form = 0; form < 4; form++) {
        fov_buffer file = make_webp(form & 1, form & 2);
        for (size_t size = 0; size < file.size - 1; size += 1 + file.size / 150)
            for (int strict = 0; strict < 2; strict++) {
                fov_error      err = {0};
                fov_photo     *photo;
                unsigned char *exact = malloc(size ? size : 1);
                memcpy(exact, file.data, size);
                fov_status st =
                    fov_photo_decode(exact, size, "cut.webp", &(fov_photo_options){.strict = strict != 0}, &photo, &err);
                if (st) {
                    assert_int_equal(st, FOV_ERR_FORMAT);
                    assert_non_null(strstr(err.message, "cut.webp"));
                } else {
                    assert_false(strict);
                    assert_true(fov_photo_warning(photo)[0] != '\0');
                }
                fov_photo_free(photo);
                free(exact);
            }
        WebPFree(file.data);
    }
}

static void the_rows_before_a_cut_are_kept(void **state)
{
    (void)state;
    fov_error  err;
    fov_photo *photo;
    fov_buffer file = make_webp(false, false);
    assert_ok(fov_photo_decode(file.data, file.size * 4 / 5, "short", NULL, &photo, &err));
    assert_non_null(strstr(fov_photo_warning(photo), "rows"));
    uint8_t rgba[4];
    colour_at(40, 3, rgba);
    for (int c = 0; c < 3; c++) assert_true(abs(photo->pixels[3 * (3 * WIDTH + 40) + c] - rgba[c]) < 12);
    static const uint8_t black[3 * WIDTH];
    assert_memory_equal(photo->pixels + 3 * WIDTH * (HEIGHT - 1), black, sizeof black);
    fov_photo_free(photo);
    WebPFree(file.data);
}

/* ---------------------------------------------------------------- containers by hand */

typedef struct writer {
    uint8_t data[1 << 16];
    size_t  size;
} writer;

static void put(writer *w, const void *bytes, size_t count)
{
    assert_true(w->size + count <= sizeof w->data);
    memcpy(w->data + w->size, bytes, count);
    w->size += count;
}

static void put_le(writer *w, uint32_t value, size_t count)
{
    for (size_t i = 0; i < count; i++) put(w, &(uint8_t){(uint8_t)(value >> (8 * i))}, 1);
}

/* Everything up to the canvas size; close() fills in the length. */
static void open_container(writer *w, uint32_t flags)
{
    w->size = 0;
    put(w, "RIFF\0\0\0\0WEBPVP8X", 16);
    put_le(w, 10, 4);
    put_le(w, flags, 4);
    put_le(w, WIDTH + 20 - 1, 3);
    put_le(w, HEIGHT + 10 - 1, 3);
}

static void close_container(writer *w)
{
    const size_t size = w->size;
    w->size = 4;
    put_le(w, (uint32_t)(size - 8), 4);
    w->size = size;
}

static void put_frame(writer *w, const fov_buffer *webp, int x, int y)
{
    const size_t body = webp->size - 12; /* chunks of a simple file, RIFF header left out */
    put(w, "ANMF", 4);
    put_le(w, (uint32_t)(16 + body), 4);
    put_le(w, (uint32_t)x / 2, 3);
    put_le(w, (uint32_t)y / 2, 3);
    put_le(w, WIDTH - 1, 3);
    put_le(w, HEIGHT - 1, 3);
    put_le(w, 100, 3);
    put_le(w, 0, 1);
    put(w, webp->data + 12, body);
}

static void an_animation_gives_its_first_frame(void **state)
{
    (void)state;
    static writer w;
    fov_error     err;
    fov_photo    *photo;
    fov_buffer    frame = make_webp(true, false);
    open_container(&w, 0x02);
    put(&w, "ANIM", 4);
    put_le(&w, 6, 4);
    put(&w, "\0\0\0\0\0\0", 6);
    put_frame(&w, &frame, 4, 6);
    put_frame(&w, &frame, 0, 0);
    close_container(&w);
    assert_ok(fov_photo_decode(w.data, w.size, "animated.webp", NULL, &photo, &err));
    assert_int_equal(photo->width, WIDTH + 20);
    assert_int_equal(photo->height, HEIGHT + 10);
    assert_non_null(strstr(fov_photo_warning(photo), "first frame of 2"));
    uint8_t rgba[4];
    colour_at(7, 5, rgba);
    assert_memory_equal(photo->pixels + 3 * ((5 + 6) * (WIDTH + 20) + 7 + 4), rgba, 3);
    assert_memory_equal(photo->pixels, "\xff\xff\xff", 3);
    fov_photo_free(photo);
    WebPFree(frame.data);
}

static void exif_orientation_is_honoured(void **state)
{
    (void)state;
    static const uint8_t block[] = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0};
    static writer        w;
    fov_error            err;
    fov_photo           *photo;
    fov_buffer           frame = make_webp(true, false);
    open_container(&w, 0x08);
    w.size -= 6;
    put_le(&w, WIDTH - 1, 3);
    put_le(&w, HEIGHT - 1, 3);
    put(&w, frame.data + 12, frame.size - 12);
    put(&w, "EXIF", 4);
    put_le(&w, sizeof block, 4);
    put(&w, block, sizeof block);
    close_container(&w);
    assert_ok(fov_photo_decode(w.data, w.size, "turned.webp", NULL, &photo, &err));
    assert_int_equal(photo->width, HEIGHT);
    assert_int_equal(photo->height, WIDTH);
    uint8_t rgba[4];
    colour_at(WIDTH - 1, 0, rgba); /* 8: the stored top right is seen top left */
    assert_memory_equal(photo->pixels, rgba, 3);
    fov_photo_free(photo);
    WebPFree(frame.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_comes_back),          cmocka_unit_test(truncated_files_warn_or_fail),
        cmocka_unit_test(the_rows_before_a_cut_are_kept), cmocka_unit_test(an_animation_gives_its_first_frame),
        cmocka_unit_test(exif_orientation_is_honoured),
    };
    return cmocka_run_group_tests_name("media: webp", tests, NULL, NULL);
}
