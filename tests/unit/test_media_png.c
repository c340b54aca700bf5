// SPDX-License-Identifier: MIT
/* Every kind of PNG, written here by libspng from known samples. */
#include "support.h"

#include "base/file.h"
#include "media/media.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 37, HEIGHT = 29, MAX_ROW = WIDTH * 8, LAST_CHUNK = 12 };

typedef struct variant {
    uint8_t type, depth;
    bool    interlaced, transparent; /* transparent: with a tRNS chunk */
} variant;

/* Sample c of pixel (x, y), in the picture's depth. */
static unsigned sample(const variant *v, int x, int y, int c)
{
    unsigned mix = (unsigned)(x * 7 + y * 13 + c * 91);
    return v->depth == 16 ? mix * 257 & 0xffff : mix & ((1U << v->depth) - 1);
}

static int channels(const variant *v)
{
    static const int count[] = {1, 0, 3, 1, 2, 0, 4};
    return count[v->type];
}

static size_t pack_row(const variant *v, int y, uint8_t *row)
{
    size_t bits = 0;
    memset(row, 0, MAX_ROW);
    for (int x = 0; x < WIDTH; x++)
        for (int c = 0; c < channels(v); c++, bits += v->depth) {
            unsigned value = sample(v, x, y, c);
            if (v->depth == 16) {
                uint16_t host = (uint16_t)value;
                memcpy(row + bits / 8, &host, 2);
            } else {
                row[bits / 8] = (uint8_t)(row[bits / 8] | value << (8 - v->depth - bits % 8));
            }
        }
    return (bits + 7) / 8;
}

static void palette_colour(unsigned index, uint8_t rgba[4])
{
    rgba[0] = (uint8_t)(index * 5);
    rgba[1] = (uint8_t)(255 - index);
    rgba[2] = (uint8_t)(index * 3 + 40);
    rgba[3] = (uint8_t)(index % 4 == 0 ? 0 : 255 - index);
}

static void set_palette(spng_ctx *ctx, const variant *v)
{
    struct spng_plte plte = {.n_entries = 1U << v->depth};
    struct spng_trns trns = {.n_type3_entries = 1U << v->depth};
    for (unsigned i = 0; i < plte.n_entries; i++) {
        uint8_t rgba[4];
        palette_colour(i, rgba);
        plte.entries[i] = (struct spng_plte_entry){rgba[0], rgba[1], rgba[2], 0};
        trns.type3_alpha[i] = rgba[3];
    }
    assert_int_equal(spng_set_plte(ctx, &plte), 0);
    if (v->transparent) assert_int_equal(spng_set_trns(ctx, &trns), 0);
}

static fov_buffer make_png(const variant *v, const void *exif, size_t exif_size)
{
    int              code;
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {
        .width = WIDTH, .height = HEIGHT, .bit_depth = v->depth, .color_type = v->type, .interlace_method = v->interlaced};
    uint8_t  row[MAX_ROW];
    size_t   row_bytes = pack_row(v, 0, row);
    uint8_t *pixels = malloc(row_bytes * HEIGHT);
    for (int y = 0; y < HEIGHT; y++) {
        pack_row(v, y, row);
        memcpy(pixels + row_bytes * (size_t)y, row, row_bytes);
    }
    spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    if (v->type == SPNG_COLOR_TYPE_INDEXED) set_palette(ctx, v);
    else if (v->transparent) {
        struct spng_trns trns = {.gray = (uint16_t)sample(v, 5, 3, 0),
                                 .red = (uint16_t)sample(v, 5, 3, 0),
                                 .green = (uint16_t)sample(v, 5, 3, 1),
                                 .blue = (uint16_t)sample(v, 5, 3, 2)};
        assert_int_equal(spng_set_trns(ctx, &trns), 0);
    }
    if (exif) assert_int_equal(spng_set_exif(ctx, &(struct spng_exif){exif_size, (char *)(uintptr_t)exif}), 0);
    assert_int_equal(spng_encode_image(ctx, pixels, row_bytes * HEIGHT, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    fov_buffer file = {0};
    file.data = spng_get_png_buffer(ctx, &file.size, &code);
    assert_non_null(file.data);
    spng_ctx_free(ctx);
    free(pixels);
    return file;
}

static unsigned as_8_bits(const variant *v, unsigned value)
{
    return v->depth == 16 ? value >> 8 : value * 255 / ((1U << v->depth) - 1);
}

static void expected_rgba(const variant *v, int x, int y, uint8_t rgba[4])
{
    const int n = channels(v);
    if (v->type == SPNG_COLOR_TYPE_INDEXED) {
        palette_colour(sample(v, x, y, 0), rgba);
        if (!v->transparent) rgba[3] = 255;
        return;
    }
    bool same = true;
    for (int c = 0; c < 3; c++) {
        int from = n < 3 ? 0 : c;
        rgba[c] = (uint8_t)as_8_bits(v, sample(v, x, y, from));
        same = same && sample(v, x, y, from) == sample(v, 5, 3, from);
    }
    rgba[3] = n == 2 || n == 4 ? (uint8_t)as_8_bits(v, sample(v, x, y, n - 1)) : v->transparent && same ? 0 : 255;
}

static void check_pixels(const variant *v, const fov_photo *photo, int rows)
{
    for (int y = 0; y < rows; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t rgba[4];
            expected_rgba(v, x, y, rgba);
            for (int c = 0; c < 3; c++) {
                double over = rgba[c] * rgba[3] / 255.0 + 255.0 - rgba[3];
                int    got = photo->pixels[3 * (y * WIDTH + x) + c];
                if (got < over - 0.51 || got > over + 0.51)
                    fail_msg("type %d, %d bits, interlaced %d, transparent %d: (%d, %d) channel %d is %d, expected %.1f", v->type,
                             v->depth, v->interlaced, v->transparent, x, y, c, got, over);
            }
        }
}

static const variant kinds[] = {
    {SPNG_COLOR_TYPE_GRAYSCALE, 1, 0, 0},        {SPNG_COLOR_TYPE_GRAYSCALE, 2, 0, 0},
    {SPNG_COLOR_TYPE_GRAYSCALE, 4, 0, 0},        {SPNG_COLOR_TYPE_GRAYSCALE, 8, 0, 0},
    {SPNG_COLOR_TYPE_GRAYSCALE, 16, 0, 0},       {SPNG_COLOR_TYPE_TRUECOLOR, 8, 0, 0},
    {SPNG_COLOR_TYPE_TRUECOLOR, 16, 0, 0},       {SPNG_COLOR_TYPE_INDEXED, 1, 0, 0},
    {SPNG_COLOR_TYPE_INDEXED, 2, 0, 0},          {SPNG_COLOR_TYPE_INDEXED, 4, 0, 0},
    {SPNG_COLOR_TYPE_INDEXED, 8, 0, 0},          {SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, 0, 0},
    {SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, 0, 0},  {SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 16, 0, 0},
    {SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 16, 0, 0}, {SPNG_COLOR_TYPE_GRAYSCALE, 4, 0, 1},
    {SPNG_COLOR_TYPE_GRAYSCALE, 8, 0, 1},        {SPNG_COLOR_TYPE_TRUECOLOR, 8, 0, 1},
    {SPNG_COLOR_TYPE_INDEXED, 4, 0, 1},          {SPNG_COLOR_TYPE_INDEXED, 8, 0, 1},
};

enum { N_KINDS = sizeof kinds / sizeof *kinds };

static void every_kind_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * N_KINDS; i++) {
        fov_error  err;
        fov_photo *photo;
        variant    v = kinds[i / 2];
        v.interlaced = i % 2;
        fov_buffer file = make_png(&v, NULL, 0);
        assert_ok(fov_photo_decode(file.data, file.size, "kind", &(fov_photo_options){.strict = true}, &photo, &err));
        assert_int_equal(photo->width, WIDTH);
        assert_int_equal(photo->height, HEIGHT);
        assert_string_equal(fov_photo_warning(photo), "");
        check_pixels(&v, photo, HEIGHT);
        fov_photo_free(photo);
        free(file.data);
    }
}

static void check_cut(const variant *v, const fov_buffer *file, size_t size, bool strict)
{
    fov_error      err = {0};
    fov_photo     *photo;
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, file->data, size);
    fov_status st = fov_photo_decode(exact, size, "cut.png", &(fov_photo_options){.strict = strict}, &photo, &err);
    if (st) {
        assert_int_equal(st, FOV_ERR_FORMAT);
        assert_null(photo);
        assert_non_null(strstr(err.message, "cut.png"));
    } else {
        assert_false(strict);
        assert_true(fov_photo_warning(photo)[0] != '\0');
        if (!v->interlaced) check_pixels(v, photo, 1);
    }
    fov_photo_free(photo);
    free(exact);
}

static void truncated_files_warn_or_fail(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * N_KINDS; i += 3) {
        variant v = kinds[i / 2];
        v.interlaced = i % 2;
        fov_buffer file = make_png(&v, NULL, 0);
        for (size_t size = 0; size < file.size; size += 1 + file.size / 90) {
            check_cut(&v, &file, size, false);
            check_cut(&v, &file, size, true);
        }
        check_cut(&v, &file, file.size - LAST_CHUNK, false); /* all pixels, no IEND */
        check_cut(&v, &file, file.size - LAST_CHUNK, true);
        free(file.data);
    }
}

static void the_rows_before_a_cut_are_kept(void **state)
{
    (void)state;
    const variant v = {SPNG_COLOR_TYPE_TRUECOLOR, 8, false, false};
    fov_error     err;
    fov_photo    *photo;
    fov_buffer    file = make_png(&v, NULL, 0);
    assert_ok(fov_photo_decode(file.data, file.size - LAST_CHUNK, "no IEND", NULL, &photo, &err));
    check_pixels(&v, photo, HEIGHT);
    fov_photo_free(photo);
    assert_ok(fov_photo_decode(file.data, file.size * 9 / 10, "short", NULL, &photo, &err));
    assert_non_null(strstr(fov_photo_warning(photo), "rows"));
    check_pixels(&v, photo, 1);
    static const uint8_t black[3 * WIDTH];
    assert_memory_equal(photo->pixels + 3 * WIDTH * (HEIGHT - 1), black, sizeof black);
    fov_photo_free(photo);
    free(file.data);
}

static void exif_orientation_is_honoured(void **state)
{
    (void)state;
    static const uint8_t block[] = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0, 0, 0};
    const variant        v = {SPNG_COLOR_TYPE_TRUECOLOR, 8, false, false};
    fov_error            err;
    fov_photo           *photo;
    fov_buffer           file = make_png(&v, block, sizeof block);
    assert_ok(fov_photo_decode(file.data, file.size, "turned", NULL, &photo, &err));
    assert_int_equal(photo->width, HEIGHT);
    assert_int_equal(photo->height, WIDTH);
    assert_int_equal(photo->pixels[3 * (HEIGHT - 1)], sample(&v, 0, 0, 0)); /* 6: the stored top left is seen top right */
    fov_photo_free(photo);
    free(file.data);
}

static void damaged_pixels_are_noticed(void **state)
{
    (void)state;
    const variant v = {SPNG_COLOR_TYPE_TRUECOLOR, 8, false, false};
    fov_error     err;
    fov_photo    *photo;
    fov_buffer    file = make_png(&v, NULL, 0);
    file.data[file.size - LAST_CHUNK - 2] ^= 0x40; /* in the checksum of the last IDAT */
    assert_int_equal(fov_photo_decode(file.data, file.size, "crc.png", &(fov_photo_options){.strict = true}, &photo, &err),
                     FOV_ERR_FORMAT);
    assert_ok(fov_photo_decode(file.data, file.size, "crc.png", NULL, &photo, &err));
    assert_true(fov_photo_warning(photo)[0] != '\0');
    fov_photo_free(photo);
    free(file.data);
}

static void encoder_round_trips(void **state)
{
    (void)state;
    static const int bytes[] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    test_random      random = {1};
    for (int format = 0; format < 4; format++) {
        fov_error  err;
        fov_photo *photo;
        fov_buffer file;
        const int  n = bytes[format], pitch = WIDTH * n + 3;
        uint8_t   *pixels = malloc((size_t)pitch * HEIGHT);
        assert_non_null(pixels);
        for (int i = 0; i < pitch * HEIGHT; i++) pixels[i] = (uint8_t)test_random_u64(&random);
        for (int i = 0; format == FOV_RGBA8 && i < WIDTH * HEIGHT; i++) pixels[i / WIDTH * pitch + i % WIDTH * 4 + 3] = 255;
        fov_image image = {pixels, WIDTH, HEIGHT, pitch, (fov_pixel_format)format};
        assert_ok(fov_png_encode(&image, &file, &err));
        assert_ok(fov_photo_decode(file.data, file.size, NULL, &(fov_photo_options){.strict = true}, &photo, &err));
        for (int y = 0; y < HEIGHT; y++) {
            uint8_t row[3 * WIDTH];
            fov_image_row_rgb(&image, y, row);
            assert_memory_equal(photo->pixels + 3 * WIDTH * y, row, sizeof row);
        }
        fov_photo_free(photo);
        fov_buffer_clear(&file);
        free(pixels);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_comes_back),          cmocka_unit_test(truncated_files_warn_or_fail),
        cmocka_unit_test(the_rows_before_a_cut_are_kept), cmocka_unit_test(exif_orientation_is_honoured),
        cmocka_unit_test(damaged_pixels_are_noticed),     cmocka_unit_test(encoder_round_trips),
    };
    return cmocka_run_group_tests_name("media: png", tests, NULL, NULL);
}
