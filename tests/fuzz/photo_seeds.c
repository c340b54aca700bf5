// SPDX-License-Identifier: MIT
#include "photos.h"

#include "camera.h"
#include "webp.h"

#include "base/file.h"
#include "media/png_memory.h"

#include <stdlib.h>
#include <string.h>
#include <jpeglib.h>
#include <webp/encode.h>
#include <zlib.h>

enum { WIDTH = 50, HEIGHT = 37 };

static const char xmp[] =
    "<x:xmpmeta><rdf:Description exif:GPSLatitude='52,31N' photoshop:City=\"B\"><xmp:Thumbnails>x</xmp:Thumbnails>"
    "<dc:subject>face</dc:subject></rdf:Description></x:xmpmeta>";

/* Smooth with some noise: compressible, yet no row or block is like another. */
static const uint8_t *pixels_of(int channels)
{
    static uint8_t pixels[4 * WIDTH * HEIGHT];
    test_random    random = {7};
    for (int i = 0; i < WIDTH * HEIGHT; i++)
        for (int c = 0; c < channels; c++)
            pixels[i * channels + c] = (uint8_t)(i % WIDTH + (c + 1) * (i / WIDTH) + test_random_int(&random, 0, 15));
    return pixels;
}

/* ---------------------------------------------------------------- JPEG */

typedef struct jpeg_kind {
    J_COLOR_SPACE from, stored;
    int           channels, rows_to_restart;
    bool          progressive, arithmetic, rich;
} jpeg_kind;

/* What cameras and editors write, and a thumbnail in each place where there may be one. */
static void write_metadata(struct jpeg_compress_struct *jpeg)
{
    const tiff    t = camera_block("MAKER note");
    unsigned char exif[6 + sizeof t.data] = "Exif\0", packet[29 + sizeof xmp] = "http://ns.adobe.com/xap/1.0/";
    memcpy(exif + 6, t.data, t.size);
    memcpy(packet + 29, xmp, sizeof xmp - 1);
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, exif, (unsigned)(6 + t.size));
    jpeg_write_marker(jpeg, JPEG_APP0 + 1, packet, 29 + sizeof xmp - 1);
    jpeg_write_marker(jpeg, JPEG_APP0 + 2, (const JOCTET *)"ICC_PROFILE\0\x01\x01 a profile", 24);
    jpeg_write_marker(jpeg, JPEG_APP0 + 13,
                      (const JOCTET *)"Photoshop 3.0\0"
                                      "8BIM\x04\x0c\0\0\0\0\0\x04"
                                      "face",
                      30);
    jpeg_write_marker(jpeg, JPEG_COM, (const JOCTET *)"a comment", 9);
}

static void seed_jpeg(const jpeg_kind *kind)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr       errors;
    const uint8_t              *pixels = pixels_of(kind->channels);
    unsigned char              *file = NULL;
    unsigned long               size = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &file, &size);
    jpeg.image_width = WIDTH;
    jpeg.image_height = HEIGHT;
    jpeg.in_color_space = kind->from;
    jpeg.input_components = kind->channels;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, kind->stored);
    jpeg.restart_in_rows = kind->rows_to_restart;
    jpeg.arith_code = kind->arithmetic;
    if (kind->progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (kind->rich) write_metadata(&jpeg);
    for (int y = 0; y < HEIGHT; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(pixels + kind->channels * WIDTH * y);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    fuzz_seed(file, size);
    free(file);
}

void photos_seed_jpeg(void)
{
    static const jpeg_kind kinds[] = {
        {JCS_RGB, JCS_YCbCr, 3, 0, false, false, false}, {JCS_RGB, JCS_YCbCr, 3, 1, false, false, true},
        {JCS_RGB, JCS_RGB, 3, 0, true, false, false},    {JCS_GRAYSCALE, JCS_GRAYSCALE, 1, 0, true, false, false},
        {JCS_CMYK, JCS_YCCK, 4, 2, true, false, true},   {JCS_CMYK, JCS_CMYK, 4, 0, false, false, false},
        {JCS_RGB, JCS_YCbCr, 3, 0, false, true, false},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) seed_jpeg(&kinds[i]);
}

/* ---------------------------------------------------------------- PNG */

typedef struct png_kind {
    int  depth, color, channels;
    bool interlaced, rich;
} png_kind;

static void set_palette(spng_ctx *ctx)
{
    struct spng_plte plte = {.n_entries = 16};
    struct spng_trns trns = {.n_type3_entries = 2, .type3_alpha = {0, 128}};
    for (unsigned i = 0; i < plte.n_entries; i++) plte.entries[i] = (struct spng_plte_entry){(uint8_t)(i * 16), (uint8_t)i, 99, 0};
    assert_int_equal(spng_set_plte(ctx, &plte), 0);
    assert_int_equal(spng_set_trns(ctx, &trns), 0);
}

/* spng keeps the pointers until the picture is encoded. */
static void set_metadata(spng_ctx *ctx)
{
    static tiff t;
    static char comment[] = "kept", packet[sizeof xmp], none[] = "";
    t = camera_block("MAKER note");
    memcpy(packet, xmp, sizeof xmp);
    struct spng_exif exif = {.data = (char *)t.data, .length = t.size};
    struct spng_text text[] = {{.keyword = "Comment", .type = SPNG_TEXT, .text = comment, .length = sizeof comment - 1},
                               {.keyword = "XML:com.adobe.xmp",
                                .type = SPNG_ITXT,
                                .text = packet,
                                .length = sizeof xmp - 1,
                                .language_tag = none,
                                .translated_keyword = none}};
    assert_int_equal(spng_set_text(ctx, text, 2), 0);
    assert_int_equal(spng_set_exif(ctx, &exif), 0);
}

static void seed_png(const png_kind *kind)
{
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {
        .width = WIDTH, .height = HEIGHT, .bit_depth = (uint8_t)kind->depth, .color_type = (uint8_t)kind->color};
    const size_t row = ((size_t)WIDTH * (size_t)(kind->channels * kind->depth) + 7) / 8;
    uint8_t     *pixels = calloc(HEIGHT, row);
    size_t       size;
    int          code = 0;
    assert_non_null(pixels);
    for (size_t i = 0; i < HEIGHT * row; i++)
        pixels[i] = (uint8_t)(i * 37 % 251 & (kind->color == SPNG_COLOR_TYPE_INDEXED ? 15 : 255));
    assert_int_equal(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1), 0);
    header.interlace_method = kind->interlaced;
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    if (kind->color == SPNG_COLOR_TYPE_INDEXED) set_palette(ctx);
    if (kind->rich) set_metadata(ctx);
    assert_int_equal(spng_encode_image(ctx, pixels, HEIGHT * row, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    void *file = spng_get_png_buffer(ctx, &size, &code);
    fuzz_seed(file, size);
    free(file);
    free(pixels);
    spng_ctx_free(ctx);
}

void photos_seed_png(void)
{
    static const png_kind kinds[] = {
        {8, SPNG_COLOR_TYPE_TRUECOLOR, 3, false, true},  {16, SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 4, false, false},
        {8, SPNG_COLOR_TYPE_INDEXED, 1, false, false},   {4, SPNG_COLOR_TYPE_INDEXED, 1, false, false},
        {1, SPNG_COLOR_TYPE_GRAYSCALE, 1, false, false}, {8, SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 2, false, true},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) seed_png(&kinds[i]);
}

static uint32_t big_endian(const unsigned char *from)
{
    return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 | (uint32_t)from[2] << 8 | from[3];
}

/* Checksums that fit, as far as lengths do. */
static void seal_png(unsigned char *data, size_t size)
{
    enum { SIGNATURE = 8, AROUND = 12 };
    for (size_t at = SIGNATURE; at < size && size - at >= AROUND;) {
        const size_t length = big_endian(data + at);
        if (length > size - at - AROUND) return;
        const uint32_t crc = (uint32_t)crc32(0, data + at + 4, (unsigned)length + 4);
        for (int i = 0; i < 4; i++) data[at + 8 + length + (size_t)i] = (unsigned char)(crc >> (24 - 8 * i));
        at += AROUND + length;
    }
}

size_t photos_change_png(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    size = fuzz_change_bytes(data, size, capacity, random);
    if (test_random_int(random, 0, 15)) seal_png(data, size);
    return size;
}

/* ---------------------------------------------------------------- WebP */

static void seed_with_metadata(const uint8_t *data, size_t size)
{
    const tiff       t = camera_block("MAKER note");
    const webp_chunk chunk[] = {{"EXIF", {t.data, t.size}}, {"XMP ", {(const uint8_t *)xmp, sizeof xmp - 1}}};
    WebPData         file = webp_with(data, size, chunk, 2);
    fuzz_seed(file.bytes, file.size);
    WebPDataClear(&file);
}

void photos_seed_webp(void)
{
    uint8_t     *data;
    const size_t lossy = WebPEncodeRGBA(pixels_of(4), WIDTH, HEIGHT, 4 * WIDTH, 80, &data);
    fuzz_seed(data, lossy);
    seed_with_metadata(data, lossy);
    WebPFree(data);
    const size_t plain = WebPEncodeRGB(pixels_of(3), WIDTH, HEIGHT, 3 * WIDTH, 80, &data);
    fuzz_seed(data, plain);
    WebPFree(data);
    const size_t lossless = WebPEncodeLosslessRGBA(pixels_of(4), WIDTH, HEIGHT, 4 * WIDTH, &data);
    fuzz_seed(data, lossless);
    seed_with_metadata(data, lossless);
    WebPFree(data);
}

/* The length that it has. */
static void seal_webp(unsigned char *data, size_t size)
{
    enum { LENGTH_AT = 4, BEFORE = 8 };
    if (size < BEFORE) return;
    for (int i = 0; i < 4; i++) data[LENGTH_AT + i] = (unsigned char)((size - BEFORE) >> 8 * i);
}

size_t photos_change_webp(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    size = fuzz_change_bytes(data, size, capacity, random);
    if (test_random_int(random, 0, 15)) seal_webp(data, size);
    return size;
}
