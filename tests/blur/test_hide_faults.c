// SPDX-License-Identifier: MIT
/* Hiding faces in damaged photos, damaged reviews, and without memory: a sentence, or a photo that can be read, and nothing leaked.
 */
#include "alloc_probe.h"
#include "camera.h"
#include "damage.h"
#include "pictures.h"
#include "webp.h"

#include "hide/photo/photo_hide.h"

#include <spng.h>
#include <stdlib.h>
#include <string.h>
#include <webp/encode.h>

static const damage_limits limits = {.variants = 400, .seconds = 2, .max_bytes = 64 << 20};

static const fov_face  face = {.box = {20, 15, 70, 60}};
static const fov_faces faces = {1, &face};

static fov_status hide(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const fov_encoded      in = {data, bytes, name};
    const fov_hide_options options = {.margin = 0.25F, .strip_location = true};
    fov_buffer             out;
    fov_photo             *photo = NULL;
    fov_error              again = {0};
    fov_status             st = fov_photo_hide_encoded(&in, &faces, &options, &out, err);
    if (!st && fov_photo_decode(out.data, out.size, name, NULL, &photo, &again))
        fail_msg("%s: written, but: %s", name, again.message);
    fov_photo_free(photo);
    fov_buffer_clear(&out);
    return st;
}

static fov_photo *small(void)
{
    fov_error  err = {0};
    fov_photo *photo;
    assert_ok(fov_photo_new(120, 90, &photo, &err));
    test_random random = {3};
    for (int i = 0; i < 3 * 120 * 90; i++) fov_photo_pixels(photo)[i] = (uint8_t)(i / 40 + test_random_int(&random, 0, 15));
    return photo;
}

/* ---------------------------------------------------------------- with all that cameras and editors add */

#define XMP "<rdf:Description exif:GPSLongitude='7E' dc:creator='who'/>"

static void save_rich_png(const fov_image *image, const char *path)
{
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {.width = (uint32_t)image->width,
                               .height = (uint32_t)image->height,
                               .bit_depth = 8,
                               .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    struct spng_text text = {.keyword = "XML:com.adobe.xmp",
                             .type = SPNG_ITXT,
                             .text = (char[]){XMP},
                             .length = sizeof XMP - 1,
                             .language_tag = (char[]){""},
                             .translated_keyword = (char[]){""}};
    tiff             t = camera_block("MAKER");
    struct spng_exif exif = {.data = (char *)t.data, .length = t.size};
    size_t           bytes;
    int              code = 0;
    assert_int_equal(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1), 0);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    assert_int_equal(spng_set_text(ctx, &text, 1), 0);
    assert_int_equal(spng_set_exif(ctx, &exif), 0);
    assert_int_equal(spng_encode_image(ctx, image->data, (size_t)image->pitch * header.height, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE),
                     0);
    void *png = spng_get_png_buffer(ctx, &bytes, &code);
    file_write(path, png, bytes);
    free(png);
    spng_ctx_free(ctx);
}

static void save_rich_webp(const uint8_t *plain, size_t bytes, const char *path)
{
    const tiff       t = camera_block("MAKER");
    const webp_chunk chunk[] = {{"EXIF", {t.data, t.size}}, {"XMP ", {(const uint8_t *)XMP, sizeof XMP - 1}}};
    WebPData         file = webp_with(plain, bytes, chunk, 2);
    file_write(path, file.bytes, file.size);
    WebPDataClear(&file);
}

typedef enum kind { JPEG, TURNED, PNG, RICH_PNG, WEBP, RICH_WEBP, LOSSLESS, N_KIND } kind;

static const char *const names[N_KIND] = {"x.jpg", "turned.jpg", "x.png", "rich.png", "x.webp", "rich.webp", "lossless.webp"};

static char *file_of(kind k, size_t *bytes)
{
    char            path[512];
    fov_photo      *photo = small();
    const fov_image image = fov_photo_image(photo);
    uint8_t        *webp = NULL;
    snprintf(path, sizeof path, "%s/%s", test_folder(), names[k]);
    if (k == TURNED) picture_save_turned(photo, path);
    else if (k == RICH_PNG) save_rich_png(&image, path);
    else if (k < WEBP) picture_save(photo, path);
    else {
        *bytes = k == LOSSLESS ? WebPEncodeLosslessRGB(image.data, 120, 90, 360, &webp)
                               : WebPEncodeRGB(image.data, 120, 90, 360, 80, &webp);
        if (k == RICH_WEBP) save_rich_webp(webp, *bytes, path);
        else file_write(path, webp, *bytes);
        WebPFree(webp);
    }
    fov_photo_free(photo);
    return file_read(path, bytes);
}

static void damaged_photos_are_refused_or_written_whole(void **state)
{
    (void)state;
    for (int k = 0; k < N_KIND; k++) {
        size_t bytes;
        char  *file = file_of((kind)k, &bytes);
        damage_try(file, bytes, names[k], 1, limits, hide);
        free(file);
    }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (int k = 0; k < N_KIND; k++) {
        size_t     bytes;
        char      *file = file_of((kind)k, &bytes);
        fov_error  err = {0};
        fov_status st = FOV_ERR_MEMORY;
        for (uint64_t n = 1; st == FOV_ERR_MEMORY; n++) {
            fov_buffer        out;
            const fov_encoded in = {(unsigned char *)file, bytes, names[k]};
            alloc_probe_start(n, 0);
            st = fov_photo_hide_encoded(&in, &faces, NULL, &out, &err);
            fov_buffer_clear(&out);
            const alloc_probe after = alloc_probe_stop();
            if (after.blocks)
                fail_msg("%s: allocation %llu refused: %lld blocks leaked", names[k], (unsigned long long)n,
                         (long long)after.blocks);
            if (!st && after.failed) fail_msg("%s: written although allocation %llu was refused", names[k], (unsigned long long)n);
        }
        assert_ok(st);
        free(file);
    }
}

static fov_status follow(fov_error *err)
{
    fov_tracker *tracker = NULL;
    fov_tracks  *tracks = NULL;
    fov_status   st = fov_tracker_new(NULL, &tracker, err);
    for (int i = 0; !st && i < 300; i++)
        st =
            fov_tracker_add(tracker, i * 0.04, NULL, &(fov_faces){i % 7 != 0, &(fov_face){.box = {9, 9, 40, 40}, .score = 1}}, err);
    if (!st) st = fov_tracker_finish(tracker, &tracks, err);
    fov_tracker_free(tracker);
    fov_tracks_free(tracks);
    return st;
}

static void a_tracker_without_memory_leaks_nothing(void **state)
{
    (void)state;
    fov_status st = FOV_ERR_MEMORY;
    for (uint64_t n = 1; st == FOV_ERR_MEMORY; n++) {
        fov_error err = {0};
        alloc_probe_start(n, 0);
        st = follow(&err);
        const alloc_probe after = alloc_probe_stop();
        assert_int_equal(after.blocks, 0);
        if (st) assert_true(err.message[0]);
        else assert_int_equal(after.failed, 0);
    }
    assert_int_equal(st, FOV_OK);
}

static fov_status load_review(const void *data, size_t bytes, const char *name, fov_error *err)
{
    char        path[512];
    fov_tracks *tracks;
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    file_write(path, data, bytes);
    fov_status st = fov_tracks_load(path, &tracks, err);
    fov_tracks_free(tracks);
    return st;
}

static void damaged_reviews_are_refused_or_read(void **state)
{
    (void)state;
    static const char review[] =
        "{\"review\": 1, \"video\": \"a\", \"tracks\": [{\"track\": 1, \"hide\": true, \"boxes\": [[0, 1, 2, 3, 4], [1, 1, 2, 3, "
        "4]]},\n"
        "{\"track\": 2, \"hide\": false, \"boxes\": [[1, 10, 20.5, 30, 40]]}], \"times\": [0, 0.04, 0.08]}";
    damage_try(review, sizeof review - 1, "review.json", 1, limits, load_review);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_photos_are_refused_or_written_whole), cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(a_tracker_without_memory_leaks_nothing), cmocka_unit_test(damaged_reviews_are_refused_or_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
