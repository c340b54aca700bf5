// SPDX-License-Identifier: MIT
/* Hiding faces in photo files: what changes, what stays to the bit, and which metadata is still there. */
#include "camera.h"
#include "photoshop.h"
#include "pictures.h"
#include "webp.h"

#include "hide/metadata/metadata.h"
#include "media/png_memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <jpeglib.h>
#include <webp/decode.h>
#include <webp/encode.h>
#include <zlib.h>

static const fov_face         THE_FACE = {.box = {173, 54, 276, 172}, .score = 1};
static const fov_faces        ONE_FACE = {1, &THE_FACE};
static const fov_hide_options SOLID_BOX = {.style = FOV_HIDE_SOLID, .shape = FOV_HIDE_BOX, .margin = 0, .colour = {200, 30, 40}};

static const char *path_of(const char *name)
{
    static char ring[8][512];
    static int  next;
    char       *path = ring[next++ % 8];
    snprintf(path, sizeof ring[0], "%s/%s", test_folder(), name);
    return path;
}

static fov_photo *load(const char *path)
{
    fov_error  err = {0};
    fov_photo *photo;
    assert_ok(fov_photo_load(path, NULL, &photo, &err));
    return photo;
}

static const uint8_t *pixel(const fov_image *image, int x, int y)
{
    return image->data + y * image->pitch + 3 * (ptrdiff_t)x;
}

static int difference(const fov_image *a, const fov_image *b, int x, int y)
{
    int most = 0;
    for (int c = 0; c < 3; c++) {
        const int d = abs(pixel(a, x, y)[c] - pixel(b, x, y)[c]);
        if (d > most) most = d;
    }
    return most;
}

/* ---------------------------------------------------------------- in memory */

static void check_outside_is_untouched(const fov_image *before, const fov_image *after, const float box[4], float margin)
{
    const float grow_x = margin * (box[2] - box[0]) + 2, grow_y = margin * (box[3] - box[1]) + 2;
    for (int y = 0; y < before->height; y++)
        for (int x = 0; x < before->width; x++) {
            const bool inside = (float)x > box[0] - grow_x && (float)x < box[2] + grow_x && (float)y > box[1] - grow_y &&
                                (float)y < box[3] + grow_y;
            if (!inside && difference(before, after, x, y)) fail_msg("(%d, %d) changed", x, y);
        }
}

static void every_style_hides_the_face_and_nothing_else(void **state)
{
    (void)state;
    static const uint8_t yellow[4] = {250, 200, 0, 255};
    const fov_image      mask = {yellow, 1, 1, 4, FOV_RGBA8};
    fov_error            err = {0};
    for (int style = FOV_HIDE_BLUR; style <= FOV_HIDE_PICTURE; style++)
        for (int shape = FOV_HIDE_ELLIPSE; shape <= FOV_HIDE_BOX; shape++) {
            fov_photo       *photo = picture_of_face(), *before = picture_of_face();
            fov_hide_options o = fov_hide_options_default();
            o.style = (fov_hide_style)style;
            o.shape = (fov_hide_shape)shape;
            o.picture = &mask;
            assert_ok(fov_faces_hide(&ONE_FACE, &o, photo, &err));
            const fov_image a = fov_photo_image(before), b = fov_photo_image(photo);
            check_outside_is_untouched(&a, &b, THE_FACE.box, o.margin);
            /* Eyes, nose and mouth were darker or lighter than their surroundings by far more. */
            int most = 0;
            for (int x = 190; x < 260; x++) most = (int)fmax(most, abs(pixel(&b, x, 103)[1] - pixel(&b, x + 1, 103)[1]));
            if (style != FOV_HIDE_PIXELATE) assert_true(most <= 4);
            assert_true(difference(&a, &b, 199, 103) > 10 && difference(&a, &b, 248, 104) > 10);
            fov_photo_free(photo);
            fov_photo_free(before);
        }
}

static void an_ellipse_with_the_default_margin_covers_the_corners_of_the_box(void **state)
{
    (void)state;
    fov_error        err = {0};
    fov_photo       *photo = picture_of_face();
    fov_hide_options o = fov_hide_options_default();
    o.style = FOV_HIDE_SOLID;
    o.colour[0] = 1, o.colour[1] = 254, o.colour[2] = 3;
    assert_ok(fov_faces_hide(&ONE_FACE, &o, photo, &err));
    const fov_image image = fov_photo_image(photo);
    for (int y = 54; y < 172; y++)
        for (int x = 173; x < 276; x++)
            if (pixel(&image, x, y)[1] != 254) fail_msg("(%d, %d) of the box is not covered", x, y);
    fov_photo_free(photo);
}

static void faces_at_the_edge_and_beyond_do_no_harm(void **state)
{
    (void)state;
    const fov_face  faces[] = {{.box = {-50, -50, 20, 20}},
                               {.box = {500, 390, 900, 900}},
                               {.box = {-2e9F, 0, 2e9F, 5}},
                               {.box = {9, 9, 9, 9}},
                               {.box = {3000, 3000, 3100, 3100}}};
    const fov_faces list = {sizeof faces / sizeof *faces, faces};
    fov_error       err = {0};
    for (int style = FOV_HIDE_BLUR; style <= FOV_HIDE_SOLID; style++) {
        fov_photo       *photo = picture_of_face();
        fov_hide_options o = fov_hide_options_default();
        o.style = (fov_hide_style)style;
        assert_ok(fov_faces_hide(&list, &o, photo, &err));
        fov_photo_free(photo);
    }
}

/* Laid out as BGRx from the bottom up, as planes, and as gray: the same as in a photo. */
static void pixels_of_any_layout_are_hidden_where_they_lie(void **state)
{
    (void)state;
    fov_error       err = {0};
    fov_photo      *photo = picture_of_face(), *before = picture_of_face();
    const fov_image hidden = fov_photo_image(photo), image = fov_photo_image(before);
    const ptrdiff_t width = image.width, height = image.height, row = 4 * width + 8;
    uint8_t        *packed = calloc((size_t)(row * height), 1), *plane = calloc((size_t)(3 * width * height), 1);
    assert_non_null(packed);
    assert_non_null(plane);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                packed[(height - 1 - y) * row + 4 * x + 2 - c] = pixel(&image, x, y)[c];
                plane[(c * height + y) * width + x] = pixel(&image, x, y)[c];
            }
    uint8_t         *top = packed + (height - 1) * row;
    const fov_bitmap bgrx = {{top + 2, top + 1, top}, (int)width, (int)height, -row, 4};
    const fov_bitmap planes = {{plane, plane + width * height, plane + 2 * width * height}, (int)width, (int)height, width, 1};
    assert_ok(fov_faces_hide(&ONE_FACE, NULL, photo, &err));
    assert_ok(fov_bitmap_hide(&ONE_FACE, NULL, &bgrx, &err));
    assert_ok(fov_bitmap_hide(&ONE_FACE, NULL, &planes, &err));
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            for (int c = 0; c < 3; c++) {
                assert_int_equal(packed[(height - 1 - y) * row + 4 * x + 2 - c], pixel(&hidden, x, y)[c]);
                assert_int_equal(plane[(c * height + y) * width + x], pixel(&hidden, x, y)[c]);
                assert_int_equal(packed[(height - 1 - y) * row + 4 * x + 3], 0);
            }
    const fov_bitmap gray = {{plane + width * height, NULL, NULL}, (int)width, (int)height, width, 1};
    fov_hide_options solid = {.style = FOV_HIDE_SOLID, .shape = FOV_HIDE_BOX, .colour = {255, 0, 0}};
    assert_ok(fov_bitmap_hide(&ONE_FACE, &solid, &gray, &err));
    assert_int_equal(plane[(height + 110) * width + 220], 76); /* red, as bright as it is */
    free(packed);
    free(plane);
    fov_photo_free(photo);
    fov_photo_free(before);
}

static void pixels_that_cannot_be_are_refused(void **state)
{
    (void)state;
    uint8_t          bytes[48] = {0};
    fov_error        err = {0};
    const fov_bitmap good = {{bytes, bytes + 1, bytes + 2}, 4, 4, 12, 3};
    fov_bitmap       bad[5] = {good, good, good, good, good};
    assert_ok(fov_bitmap_hide(&ONE_FACE, NULL, &good, &err));
    bad[0].component[0] = NULL;
    bad[1].component[2] = NULL;
    bad[2].height = 0;
    bad[3].step = 0;
    bad[4].pitch = -9;
    for (int i = 0; i < 5; i++) assert_int_equal(fov_bitmap_hide(&ONE_FACE, NULL, &bad[i], &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "pitch of -9"));
    assert_int_equal(fov_bitmap_hide(&ONE_FACE, NULL, NULL, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_faces_hide(&ONE_FACE, NULL, NULL, &err), FOV_ERR_ARGUMENT);
}

static void impossible_options_are_named(void **state)
{
    (void)state;
    fov_error        err = {0};
    fov_photo       *photo = picture_of_face();
    const fov_face   lost = {.box = {NAN, 0, 1, 1}};
    fov_hide_options o = fov_hide_options_default();
    o.margin = 5;
    assert_int_equal(fov_faces_hide(&ONE_FACE, &o, photo, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "margin"));
    o = fov_hide_options_default();
    o.style = FOV_HIDE_PICTURE;
    assert_int_equal(fov_faces_hide(&ONE_FACE, &o, photo, &err), FOV_ERR_ARGUMENT);
    o.style = (fov_hide_style)9;
    assert_int_equal(fov_faces_hide(&ONE_FACE, &o, photo, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_faces_hide(&(fov_faces){1, &lost}, NULL, photo, &err), FOV_ERR_ARGUMENT);
    fov_photo_free(photo);
}

/* ---------------------------------------------------------------- JPEG */

typedef struct jpeg_file {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr         errors;
    FILE                         *file;
    jvirt_barray_ptr             *arrays;
} jpeg_file;

static void open_jpeg(jpeg_file *j, const char *path)
{
    j->file = fopen(path, "rb");
    assert_non_null(j->file);
    j->info.err = jpeg_std_error(&j->errors);
    jpeg_create_decompress(&j->info);
    jpeg_stdio_src(&j->info, j->file);
    for (int i = 0; i < 16; i++) jpeg_save_markers(&j->info, JPEG_APP0 + i, 0xffff);
    jpeg_save_markers(&j->info, JPEG_COM, 0xffff);
    jpeg_read_header(&j->info, TRUE);
    j->arrays = jpeg_read_coefficients(&j->info);
}

static void close_jpeg(jpeg_file *j)
{
    jpeg_destroy_decompress(&j->info);
    fclose(j->file);
}

static bool same_block(jpeg_file *a, jpeg_file *b, int c, unsigned row, unsigned column)
{
    JBLOCKARRAY x = a->info.mem->access_virt_barray((j_common_ptr)&a->info, a->arrays[c], row, 1, FALSE);
    JBLOCKARRAY y = b->info.mem->access_virt_barray((j_common_ptr)&b->info, b->arrays[c], row, 1, FALSE);
    return !memcmp(x[0][column], y[0][column], sizeof(JBLOCK));
}

/* Blocks that changed lie under the box, and most of those under it changed: of ink, black was none before, and is none. */
static void check_blocks(const char *before, const char *after, const float box[4])
{
    jpeg_file a, b;
    size_t    changed = 0, under = 0;
    open_jpeg(&a, before);
    open_jpeg(&b, after);
    assert_int_equal(a.info.num_components, b.info.num_components);
    assert_int_equal(a.info.progressive_mode, b.info.progressive_mode);
    for (int c = 0; c < a.info.num_components; c++) {
        const jpeg_component_info *p = &a.info.comp_info[c], *q = &b.info.comp_info[c];
        const float                ratio_x = 8.0F * (float)a.info.max_h_samp_factor / (float)p->h_samp_factor;
        const float                ratio_y = 8.0F * (float)a.info.max_v_samp_factor / (float)p->v_samp_factor;
        assert_int_equal(p->h_samp_factor, q->h_samp_factor);
        assert_memory_equal(p->quant_table->quantval, q->quant_table->quantval, sizeof p->quant_table->quantval);
        for (unsigned y = 0; y < p->height_in_blocks; y++)
            for (unsigned x = 0; x < p->width_in_blocks; x++) {
                const bool touched = (float)(x + 1) * ratio_x > box[0] && (float)x * ratio_x < box[2] &&
                                     (float)(y + 1) * ratio_y > box[1] && (float)y * ratio_y < box[3];
                const bool same = same_block(&a, &b, c, y, x);
                under += touched;
                changed += !same;
                if (!touched && !same) fail_msg("component %d: block (%u, %u) changed, far from the face", c, x, y);
            }
    }
    assert_true(changed > 2 * under / 3);
    close_jpeg(&a);
    close_jpeg(&b);
}

static void write_jpeg(const char *path, bool progressive, int h, int v, int space)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr       errors;
    fov_photo                  *photo = picture_of_face();
    const fov_image             image = fov_photo_image(photo);
    FILE                       *file = fopen(path, "wb");
    assert_non_null(file);
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_stdio_dest(&jpeg, file);
    jpeg.image_width = (JDIMENSION)image.width;
    jpeg.image_height = (JDIMENSION)image.height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_set_colorspace(&jpeg, (J_COLOR_SPACE)space);
    jpeg_set_quality(&jpeg, 83, TRUE);
    jpeg.comp_info[0].h_samp_factor = h;
    jpeg.comp_info[0].v_samp_factor = v;
    jpeg.restart_interval = 7;
    if (progressive) jpeg_simple_progression(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    for (int y = 0; y < image.height; y++) {
        JSAMPROW row = (JSAMPROW)(uintptr_t)(image.data + y * image.pitch);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    assert_int_equal(fclose(file), 0);
    fov_photo_free(photo);
}

static void check_colour(const char *path, int x, int y)
{
    fov_photo      *photo = load(path);
    const fov_image image = fov_photo_image(photo);
    for (int c = 0; c < 3; c++)
        if (abs(pixel(&image, x, y)[c] - SOLID_BOX.colour[c]) > 4)
            fail_msg("%s: (%d, %d) is %d %d %d", path, x, y, pixel(&image, x, y)[0], pixel(&image, x, y)[1],
                     pixel(&image, x, y)[2]);
    fov_photo_free(photo);
}

static void of_a_jpeg_only_the_blocks_under_the_face_change(void **state)
{
    (void)state;
    static const int kinds[][4] = {{0, 1, 1, JCS_YCbCr}, {0, 2, 2, JCS_YCbCr},     {1, 2, 1, JCS_YCbCr}, {1, 1, 2, JCS_YCbCr},
                                   {0, 4, 1, JCS_YCbCr}, {0, 1, 1, JCS_GRAYSCALE}, {0, 1, 1, JCS_RGB}};
    fov_error        err = {0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        write_jpeg(path_of("in.jpg"), kinds[i][0], kinds[i][1], kinds[i][2], kinds[i][3]);
        assert_ok(fov_photo_hide(path_of("in.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
        check_blocks(path_of("in.jpg"), path_of("out.jpg"), THE_FACE.box);
        if (kinds[i][3] != JCS_GRAYSCALE) check_colour(path_of("out.jpg"), 224, 113);
    }
}

static void a_jpeg_without_faces_keeps_every_coefficient(void **state)
{
    (void)state;
    fov_error err = {0};
    jpeg_file a, b;
    write_jpeg(path_of("in.jpg"), false, 2, 2, JCS_YCbCr);
    assert_ok(fov_photo_hide(path_of("in.jpg"), &(fov_faces){0}, NULL, path_of("out.jpg"), &err));
    open_jpeg(&a, path_of("in.jpg"));
    open_jpeg(&b, path_of("out.jpg"));
    for (int c = 0; c < 3; c++)
        for (unsigned y = 0; y < a.info.comp_info[c].height_in_blocks; y++)
            for (unsigned x = 0; x < a.info.comp_info[c].width_in_blocks; x++) assert_true(same_block(&a, &b, c, y, x));
    close_jpeg(&a);
    close_jpeg(&b);
}

static void inks_are_hidden_in_the_asked_colour(void **state)
{
    (void)state;
    fov_error  err = {0};
    fov_photo *photo = picture_of_face();
    picture_save_cmyk(photo, path_of("cmyk.jpg"));
    assert_ok(fov_photo_hide(path_of("cmyk.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
    check_blocks(path_of("cmyk.jpg"), path_of("out.jpg"), THE_FACE.box);
    check_colour(path_of("out.jpg"), 224, 113);
    fov_photo_free(photo);
}

static void a_turned_photo_is_hidden_where_its_face_is_seen(void **state)
{
    (void)state;
    fov_error  err = {0};
    fov_photo *photo = picture_of_face();
    picture_save_turned(photo, path_of("turned.jpg"));
    assert_ok(fov_photo_hide(path_of("turned.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
    check_colour(path_of("out.jpg"), 180, 60);
    check_colour(path_of("out.jpg"), 270, 166);
    fov_photo      *after = load(path_of("out.jpg"));
    const fov_image a = fov_photo_image(photo), b = fov_photo_image(after);
    assert_true(difference(&a, &b, 150, 113) < 40 && difference(&a, &b, 300, 300) < 40);
    fov_photo_free(after);
    fov_photo_free(photo);
}

static void a_damaged_jpeg_is_told(void **state)
{
    (void)state;
    fov_error   err = {0};
    struct stat info;
    file_write(path_of("words.jpg"), "\xff\xd8\xff\xe0 no", 8);
    assert_int_equal(fov_photo_hide(path_of("words.jpg"), &ONE_FACE, NULL, path_of("never.jpg"), &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "words.jpg"));
    assert_int_not_equal(stat(path_of("never.jpg"), &info), 0);
    write_jpeg(path_of("in.jpg"), false, 2, 2, JCS_YCbCr);
    file_truncate(path_of("in.jpg"), path_of("cut.jpg"), 0.8);
    assert_ok(fov_photo_hide(path_of("cut.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
    check_colour(path_of("out.jpg"), 224, 113);
}

/* ---------------------------------------------------------------- metadata of a JPEG */

#define ICC "ICC_PROFILE\0\x01\x01 a profile"
#define NOTE "MAKER note with offsets"

static bool holds(const void *data, size_t size, const char *what, size_t bytes)
{
    return memmem(data, size, what, bytes) != NULL;
}

static void exif_loses_thumbnail_and_by_request_location(void **state)
{
    (void)state;
    tiff t = camera_block(NOTE);
    int  turned;
    assert_true(fov_exif_clean(t.data, t.size, false, &turned));
    assert_int_equal(turned, 1);
    assert_false(holds(t.data, t.size, "thumbnail", 9));
    assert_true(holds(t.data, t.size, "LATITUDE", 8) && holds(t.data, t.size, "Camera!", 8));
    assert_memory_equal(t.data + 220, NOTE, sizeof NOTE - 1); /* where it was */
    assert_true(fov_exif_clean(t.data, t.size, true, &turned));
    assert_false(holds(t.data, t.size, "LATITUDE", 8));
    assert_true(holds(t.data, t.size, "Camera!", 8));
}

static void a_makers_note_with_a_picture_goes(void **state)
{
    (void)state;
    tiff t = camera_block("MAKER \xff\xd8\xff preview");
    int  turned;
    assert_true(fov_exif_clean(t.data, t.size, false, &turned));
    assert_false(holds(t.data, t.size, "MAKER", 5));
    assert_true(holds(t.data, t.size, "Camera!", 8));
}

static void exif_that_lies_is_not_believed(void **state)
{
    (void)state;
    const tiff  good = camera_block(NOTE);
    test_random random = {7};
    tiff        t = good;
    int         turned;
    tiff_put(&t, 58, 0xfffffff0, 4); /* the thumbnail's directory is not in the block */
    assert_false(fov_exif_clean(t.data, t.size, true, &turned));
    t = good;
    tiff_put(&t, 170, 8,
             4); /* its pixels are the first directory, which tells the orientation: 1, as without it, so turn it first */
    tiff_put(&t, 30, 6, 2);
    assert_false(fov_exif_clean(t.data, t.size, true, &turned));
    for (int i = 0; i < 20000; i++) { /* whatever it is, it ends, within its bytes, and no JPEG is left where it says so */
        t = good;
        for (int k = test_random_int(&random, 1, 6); k > 0; k--)
            t.data[test_random_int(&random, 0, 399)] = (unsigned char)test_random_int(&random, 0, 255);
        unsigned char *tight = malloc(t.size);
        memcpy(tight, t.data, t.size);
        if (fov_exif_clean(tight, t.size, i & 1, &turned)) assert_false(fov_holds_jpeg(tight, t.size));
        free(tight);
    }
}

static void previews_without_compression_go(void **state)
{
    (void)state;
    tiff t = camera_block(NOTE);
    int  turned;
    tiff_put(&t, 10, 0x014a, 2); /* in place of the make: a list of one directory, of strips */
    tiff_put(&t, 12, 4, 2);
    tiff_put(&t, 14, 1, 4);
    tiff_put(&t, 18, 400, 4);
    tiff_put(&t, 400, 2, 2);
    for (size_t i = 0; i < 2; i++) {
        tiff_put(&t, 402 + 12 * i, i ? 0x0117 : 0x0111, 2);
        tiff_put(&t, 404 + 12 * i, 4, 2);
        tiff_put(&t, 406 + 12 * i, 1, 4);
        tiff_put(&t, 410 + 12 * i, i ? 6 : 440, 4);
    }
    tiff_put(&t, 426, 0, 4);
    memcpy(t.data + 440, "PIXELS", 6);
    t.size = 446;
    assert_true(fov_exif_clean(t.data, t.size, false, &turned));
    assert_false(holds(t.data, t.size, "PIXELS", 6));
    t = camera_block(NOTE);
    tiff_put(&t, 10, 0x0111, 2); /* strips of the photo itself */
    assert_false(fov_exif_clean(t.data, t.size, false, &turned));
}

/* A directory of one entry, and where the next one is. */
static tiff orientation_and_next(unsigned next)
{
    tiff t = {.data = "II*\0\x08"};
    tiff_put(&t, 8, 1, 2);
    tiff_put(&t, 10, 0x0112, 2);
    tiff_put(&t, 12, 3, 2);
    tiff_put(&t, 14, 1, 4);
    tiff_put(&t, 18, 1, 4);
    tiff_put(&t, 22, next, 4);
    return t;
}

static void a_chain_of_directories_ends(void **state)
{
    (void)state;
    tiff t = orientation_and_next(30);
    int  turned;
    for (unsigned i = 0; i < 12; i++) { /* each of one entry */
        tiff_put(&t, 30 + 20 * i, 1, 2);
        tiff_put(&t, 44 + 20 * i, i < 11 ? 50 + 20 * i : 0, 4);
    }
    assert_false(fov_exif_clean(t.data, t.size, false, &turned));
}

/* Entries of a thumbnail's directory that all have the same megabytes: wiping them for each would take seconds. */
static void what_is_said_too_often_is_not_followed(void **state)
{
    (void)state;
    enum { ENTRIES = 1000, FIRST = 26, AREA = FIRST + 2 + 12 * ENTRIES + 4, AREA_BYTES = 1 << 20 };
    static unsigned char block[AREA + AREA_BYTES];
    tiff                 t = orientation_and_next(FIRST);
    int                  turned;
    tiff_put(&t, FIRST, ENTRIES, 2);
    tiff_put(&t, 30, 7, 2);
    tiff_put(&t, 32, AREA_BYTES, 4);
    tiff_put(&t, 36, AREA, 4);
    memcpy(block, t.data, FIRST + 2);
    for (size_t i = 0; i < ENTRIES; i++) memcpy(block + FIRST + 2 + 12 * i, t.data + 28, 12);
    assert_false(fov_exif_clean(block, sizeof block, false, &turned));
    assert_int_equal(turned, 1);
}

/* Whatever another reader takes it for, it would see the photo as no detector was shown it. */
static void an_orientation_that_not_everybody_reads_alike_does_not_stay(void **state)
{
    (void)state;
    enum { LARGE = (1 << 20) + 1 };
    tiff t = camera_block(NOTE);
    int  turned;
    tiff_put(&t, 24, 4, 2); /* a long number */
    tiff_put(&t, 30, 6, 4);
    assert_false(fov_exif_clean(t.data, t.size, false, &turned));
    assert_int_equal(turned, 1);
    t = camera_block(NOTE);
    tiff_put(&t, 10, 0x0112, 2); /* twice */
    tiff_put(&t, 12, 3, 2);
    tiff_put(&t, 14, 1, 4);
    tiff_put(&t, 18, 6, 4);
    assert_false(fov_exif_clean(t.data, t.size, false, &turned));
    t = camera_block(NOTE);
    tiff_put(&t, 30, 6, 2);
    unsigned char *large = calloc(LARGE, 1); /* more than is looked at */
    assert_non_null(large);
    memcpy(large, t.data, t.size);
    assert_false(fov_exif_clean(large, LARGE, false, &turned));
    assert_int_equal(turned, 1);
    free(large);
}

static void xmp_loses_pictures_and_by_request_places(void **state)
{
    (void)state;
    static const char form[] = "<x:xmpmeta><rdf:Description exif:GPSLatitude='52,31N' dc:title=\"GPS\" photoshop:City=\"B > C\">"
                               "<xmp:Thumbnails><rdf:Alt><xmp:Thumbnails/>deep</rdf:Alt></xmp:Thumbnails>"
                               "<Iptc4xmpExt:LocationShown>there</Iptc4xmpExt:LocationShown><dc:subject>face</dc:subject>"
                               "</rdf:Description></x:xmpmeta>";
    char              packet[sizeof form];
    memcpy(packet, form, sizeof form);
    assert_true(fov_xmp_clean(packet, sizeof form - 1, false));
    assert_null(strstr(packet, "deep"));
    assert_non_null(strstr(packet, "GPSLatitude='52,31N'"));
    assert_int_equal(strlen(packet), strlen(form));
    assert_true(fov_xmp_clean(packet, sizeof form - 1, true));
    assert_null(strstr(packet, "GPSLatitude"));
    assert_null(strstr(packet, "City"));
    assert_null(strstr(packet, "there"));
    assert_non_null(strstr(packet, "dc:title=\"GPS\""));
    assert_non_null(strstr(packet, "<dc:subject>face</dc:subject>"));
    assert_false(fov_xmp_clean((char[]){"<a b='c"}, 7, true));
    assert_false(fov_xmp_clean((char[]){"<a:b>/9j/4AAQ</a:b>"}, 19, false));
}

static void photoshop_loses_thumbnails_and_by_request_places(void **state)
{
    (void)state;
    static const char form[] = PHOTOSHOP_RESOURCES;
    fov_text          out = {0};
    assert_true(fov_photoshop_clean((const unsigned char *)form, sizeof form - 1, false, &out));
    assert_false(holds(out.data, out.size, "face", 4));
    assert_true(holds(out.data, out.size, "City", 4) && holds(out.data, out.size, "word", 4) && holds(out.data, out.size, "ok", 2));
    fov_text again = {0};
    assert_true(fov_photoshop_clean((const unsigned char *)out.data, out.size, true, &again));
    assert_false(holds(again.data, again.size, "City", 4));
    assert_true(holds(again.data, again.size, "word", 4) && holds(again.data, again.size, "ok", 2));
    assert_false(fov_photoshop_clean((const unsigned char *)form, 11, false, &out));
    fov_text_clear(&out);
    fov_text_clear(&again);
}

static void add_marker(FILE *file, int marker, const void *data, size_t size)
{
    const unsigned char head[4] = {0xff, (unsigned char)marker, (unsigned char)((size + 2) >> 8), (unsigned char)(size + 2)};
    assert_int_equal(fwrite(head, 1, 4, file), 4);
    assert_int_equal(fwrite(data, 1, size, file), size);
}

/* With everything that a camera and an editor write, and a second picture behind the end, as phones do. */
static void write_rich_jpeg(const char *path)
{
    static const char photoshop[] = "Photoshop 3.0\0"
                                    "8BIM\x04\x0c\0\0\0\0\0\x0a"
                                    "thumbnail!"
                                    "8BIM\x03\xed\0\0\0\0\0\x0a"
                                    "resolution";
    static const char xmp[] = "http://ns.adobe.com/xap/1.0/\0<rdf:Description exif:GPSLongitude='7E' dc:creator='who'/>";
    const tiff        t = camera_block(NOTE);
    unsigned char     exif[6 + sizeof t.data] = "Exif\0";
    size_t            bytes;
    write_jpeg(path, false, 2, 2, JCS_YCbCr);
    char *jpeg = file_read(path, &bytes);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    memcpy(exif + 6, t.data, t.size);
    assert_int_equal(fwrite(jpeg, 1, 2, file), 2);
    add_marker(file, 0xe0, "JFXX\0\x10" CAMERA_THUMBNAIL, 6 + sizeof CAMERA_THUMBNAIL - 1);
    add_marker(file, 0xe1, exif, 6 + t.size);
    add_marker(file, 0xe1, xmp, sizeof xmp - 1);
    add_marker(file, 0xe1, "http://ns.adobe.com/xmp/extension/\0 pictures", 44);
    add_marker(file, 0xe2, ICC, sizeof ICC - 1);
    add_marker(file, 0xe2, "MPF\0 further pictures", 21);
    add_marker(file, 0xed, photoshop, sizeof photoshop - 1);
    add_marker(file, 0xeb, "JP manifest with a thumbnail", 28);
    add_marker(file, 0xfe, "a comment", 9);
    assert_int_equal(fwrite(jpeg + 2, 1, bytes - 2, file), bytes - 2);
    assert_int_equal(fwrite(jpeg, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    free(jpeg);
}

static void a_jpegs_metadata_stays_but_for_pictures_of_the_face(void **state)
{
    (void)state;
    fov_error err = {0};
    size_t    bytes;
    write_rich_jpeg(path_of("rich.jpg"));
    for (int strip = 0; strip < 2; strip++) {
        fov_hide_options o = SOLID_BOX;
        o.strip_location = strip;
        assert_ok(fov_photo_hide(path_of("rich.jpg"), &ONE_FACE, &o, path_of("out.jpg"), &err));
        char *out = file_read(path_of("out.jpg"), &bytes);
        assert_true(holds(out, bytes, ICC, sizeof ICC - 1) && holds(out, bytes, "a comment", 9) && holds(out, bytes, "Camera!", 8));
        assert_true(holds(out, bytes, NOTE, sizeof NOTE - 1) && holds(out, bytes, "dc:creator='who'", 16));
        assert_true(holds(out, bytes, "resolution", 10));
        assert_int_equal(holds(out, bytes, "LATITUDE", 8), !strip);
        assert_int_equal(holds(out, bytes, "GPSLongitude", 12), !strip);
        assert_false(holds(out, bytes, "thumbnail", 9) || holds(out, bytes, "pictures", 8) || holds(out, bytes, "manifest", 8));
        assert_null(memmem(out + 3, bytes - 3, "\xff\xd8\xff", 3)); /* one picture */
        free(out);
    }
}

static void an_exif_block_that_cannot_be_followed_leaves_the_orientation(void **state)
{
    (void)state;
    fov_error     err = {0};
    fov_photo    *photo = picture_of_face();
    unsigned char lies[] = {'E',  'x', 'i', 'f', 0, 0, 'I', 'I', '*', 0, 8, 0, 0,    0,    1,    0,
                            0x12, 1,   3,   0,   1, 0, 0,   0,   3,   0, 0, 0, 0xff, 0xff, 0xff, 0x7f};
    size_t        bytes;
    picture_save(photo, path_of("plain.jpg"));
    char *jpeg = file_read(path_of("plain.jpg"), &bytes);
    FILE *file = fopen(path_of("lies.jpg"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(jpeg, 1, 2, file), 2);
    add_marker(file, 0xe1, lies, sizeof lies);
    assert_int_equal(fwrite(jpeg + 2, 1, bytes - 2, file), bytes - 2);
    assert_int_equal(fclose(file), 0);
    free(jpeg);
    fov_photo *before = load(path_of("lies.jpg"));
    assert_ok(fov_photo_hide(path_of("lies.jpg"), &(fov_faces){0}, NULL, path_of("out.jpg"), &err));
    fov_photo      *after = load(path_of("out.jpg"));
    const fov_image a = fov_photo_image(before), b = fov_photo_image(after);
    assert_int_equal(difference(&a, &b, 20, 30), 0);
    assert_int_equal(difference(&a, &b, 490, 11), 0);
    fov_photo_free(before);
    fov_photo_free(after);
    fov_photo_free(photo);
}

/* ---------------------------------------------------------------- PNG */

static void write_png16(const char *path, const tiff *t)
{
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {.width = 400, .height = 300, .bit_depth = 16, .color_type = SPNG_COLOR_TYPE_TRUECOLOR};
    struct spng_text text = {.keyword = "Comment", .type = SPNG_TEXT, .text = (char[]){"kept"}, .length = 4};
    struct spng_exif exif = {.data = (char *)(uintptr_t)t->data, .length = t->size};
    uint16_t        *pixels = malloc(sizeof *pixels * 3 * 400 * 300);
    size_t           bytes;
    int              code = 0;
    assert_non_null(pixels);
    for (size_t i = 0; i < (size_t)3 * 400 * 300; i++) pixels[i] = (uint16_t)(i * 7919);
    assert_int_equal(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1), 0);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    assert_int_equal(spng_set_text(ctx, &text, 1), 0);
    assert_int_equal(spng_set_exif(ctx, &exif), 0);
    assert_int_equal(spng_encode_image(ctx, pixels, sizeof *pixels * 3 * 400 * 300, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    void *png = spng_get_png_buffer(ctx, &bytes, &code);
    file_write(path, png, bytes);
    free(png);
    free(pixels);
    spng_ctx_free(ctx);
}

static uint16_t *read_png16(const char *path, struct spng_ihdr *header)
{
    size_t    bytes, size;
    char     *png = file_read(path, &bytes);
    spng_ctx *ctx = spng_ctx_new(0);
    assert_int_equal(spng_set_png_buffer(ctx, png, bytes), 0);
    assert_int_equal(spng_get_ihdr(ctx, header), 0);
    assert_int_equal(spng_decoded_image_size(ctx, SPNG_FMT_PNG, &size), 0);
    uint16_t *pixels = malloc(size);
    assert_int_equal(spng_decode_image(ctx, pixels, size, SPNG_FMT_PNG, 0), 0);
    spng_ctx_free(ctx);
    free(png);
    return pixels;
}

static void a_png_keeps_its_depth_and_its_chunks(void **state)
{
    (void)state;
    fov_error        err = {0};
    struct spng_ihdr before, after;
    size_t           bytes;
    const tiff       t = camera_block(NOTE);
    write_png16(path_of("deep.png"), &t);
    assert_ok(fov_photo_hide(path_of("deep.png"), &ONE_FACE, &SOLID_BOX, path_of("out.png"), &err));
    uint16_t *a = read_png16(path_of("deep.png"), &before), *b = read_png16(path_of("out.png"), &after);
    assert_int_equal(after.bit_depth, 16);
    for (int y = 0; y < 300; y++)
        for (int x = 0; x < 400; x++)
            for (int c = 0; c < 3; c++) {
                const bool inside = x >= 173 && x < 276 && y >= 54 && y < 172;
                const int  at = 3 * (400 * y + x) + c;
                assert_int_equal(b[at], inside ? SOLID_BOX.colour[c] * 257 : a[at]);
            }
    char *out = file_read(path_of("out.png"), &bytes);
    assert_true(holds(out, bytes, "kept", 4) && holds(out, bytes, "Camera!", 8));
    assert_false(holds(out, bytes, "thumbnail", 9));
    free(out);
    free(a);
    free(b);
}

static void a_palette_is_widened(void **state)
{
    (void)state;
    fov_error        err = {0};
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {.width = 300, .height = 200, .bit_depth = 8, .color_type = SPNG_COLOR_TYPE_INDEXED};
    struct spng_plte palette = {.n_entries = 2, .entries = {{10, 20, 30, 255}, {240, 230, 220, 255}}};
    uint8_t         *pixels = calloc(300 * 200, 1);
    size_t           bytes;
    int              code;
    assert_int_equal(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1), 0);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    assert_int_equal(spng_set_plte(ctx, &palette), 0);
    assert_int_equal(spng_encode_image(ctx, pixels, 300 * 200, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    void *png = spng_get_png_buffer(ctx, &bytes, &code);
    file_write(path_of("palette.png"), png, bytes);
    free(png);
    free(pixels);
    spng_ctx_free(ctx);
    assert_ok(fov_photo_hide(path_of("palette.png"), &ONE_FACE, &SOLID_BOX, path_of("out.png"), &err));
    check_colour(path_of("out.png"), 224, 113);
    fov_photo      *photo = load(path_of("out.png"));
    const fov_image image = fov_photo_image(photo);
    assert_int_equal(pixel(&image, 5, 5)[1], 20);
    fov_photo_free(photo);
}

/* ---------------------------------------------------------------- WebP */

static void write_webp(const char *path, bool lossless, const tiff *t)
{
    fov_photo       *photo = picture_of_face();
    const fov_image  image = fov_photo_image(photo);
    uint8_t         *data;
    const webp_chunk chunk[] = {{"EXIF", {t->data, t->size}}, {"ICCP", {(const uint8_t *)ICC, sizeof ICC}}};
    const size_t     size = lossless ? WebPEncodeLosslessRGB(image.data, image.width, image.height, (int)image.pitch, &data)
                                     : WebPEncodeRGB(image.data, image.width, image.height, (int)image.pitch, 70, &data);
    WebPData         file = webp_with(data, size, chunk, 2);
    file_write(path, file.bytes, file.size);
    WebPDataClear(&file);
    WebPFree(data);
    fov_photo_free(photo);
}

static void a_webp_stays_what_it_is(void **state)
{
    (void)state;
    fov_error err = {0};
    for (int lossless = 0; lossless < 2; lossless++) {
        WebPBitstreamFeatures features;
        size_t                before, after;
        const tiff            t = camera_block(NOTE);
        write_webp(path_of("in.webp"), lossless, &t);
        assert_ok(fov_photo_hide(path_of("in.webp"), &ONE_FACE, &SOLID_BOX, path_of("out.webp"), &err));
        char *in = file_read(path_of("in.webp"), &before), *out = file_read(path_of("out.webp"), &after);
        assert_int_equal(WebPGetFeatures((uint8_t *)out, after, &features), VP8_STATUS_OK);
        assert_int_equal(features.format, lossless ? 2 : 1);
        assert_true(holds(out, after, ICC, sizeof ICC) && holds(out, after, "Camera!", 8) && !holds(out, after, "thumbnail", 9));
        assert_true((double)after < 1.15 * (double)before && (double)after > 0.7 * (double)before); /* its quality */
        check_colour(path_of("out.webp"), 224, 113);
        fov_photo      *a = load(path_of("in.webp")), *b = load(path_of("out.webp"));
        const fov_image x = fov_photo_image(a), y = fov_photo_image(b);
        if (lossless) check_outside_is_untouched(&x, &y, THE_FACE.box, 0);
        fov_photo_free(a);
        fov_photo_free(b);
        free(in);
        free(out);
    }
}

/* ---------------------------------------------------------------- transparency */

/* The face is there laid over white only: in what is transparent of black, or by a colour that stands for nothing. */
typedef struct transparent {
    const char *name;
    int         type, depth;
    bool        by_key; /* two levels: black, and a colour that stands for nothing */
} transparent;

static uint8_t gray_at(const fov_image *image, int x, int y)
{
    const uint8_t *p = pixel(image, x, y);
    return (uint8_t)((p[0] + p[1] + p[2]) / 3);
}

/* @param shown 0 to 255: how light the pixel is to be over white */
static void put_transparent(const transparent *t, uint8_t *row, int x, uint8_t shown)
{
    const int      channels = t->type == SPNG_COLOR_TYPE_TRUECOLOR_ALPHA   ? 4
                              : t->type == SPNG_COLOR_TYPE_GRAYSCALE_ALPHA ? 2
                              : t->type == SPNG_COLOR_TYPE_TRUECOLOR       ? 3
                                                                           : 1;
    const int      bytes = t->depth / 8;
    const unsigned level = t->by_key ? (shown > 127 ? 1 : 0) : t->type == SPNG_COLOR_TYPE_INDEXED ? shown : 255U - shown;
    for (int c = 0; c < channels; c++) {
        const unsigned value = t->by_key || t->type == SPNG_COLOR_TYPE_INDEXED || c == channels - 1 ? level : 0;
        uint8_t       *at = row + (ptrdiff_t)(x * channels + c) * bytes;
        const uint16_t wide = (uint16_t)(value * 257);
        if (bytes == 2) memcpy(at, &wide, 2);
        else *at = (uint8_t)value;
    }
}

static void write_transparent(const transparent *t, const char *path)
{
    fov_photo       *photo = picture_of_face();
    const fov_image  image = fov_photo_image(photo);
    spng_ctx        *ctx = spng_ctx_new(SPNG_CTX_ENCODER);
    struct spng_ihdr header = {.width = (uint32_t)image.width,
                               .height = (uint32_t)image.height,
                               .bit_depth = (uint8_t)t->depth,
                               .color_type = (uint8_t)t->type};
    struct spng_plte palette = {.n_entries = 256};
    struct spng_trns trns = {.n_type3_entries = 256, .gray = t->depth > 8 ? 257 : 1};
    const size_t     row = (size_t)image.width * 8;
    uint8_t         *pixels = calloc(row, (size_t)image.height);
    size_t           bytes, size;
    int              code;
    assert_non_null(pixels);
    for (int i = 0; i < 256; i++) trns.type3_alpha[i] = (uint8_t)(255 - i);
    trns.red = trns.green = trns.blue = trns.gray;
    assert_int_equal(spng_set_option(ctx, SPNG_ENCODE_TO_BUFFER, 1), 0);
    assert_int_equal(spng_set_ihdr(ctx, &header), 0);
    if (t->type == SPNG_COLOR_TYPE_INDEXED) assert_int_equal(spng_set_plte(ctx, &palette), 0);
    if (t->type == SPNG_COLOR_TYPE_INDEXED || t->by_key) assert_int_equal(spng_set_trns(ctx, &trns), 0);
    assert_int_equal(spng_decoded_image_size(ctx, SPNG_FMT_PNG, &size), 0);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++)
            put_transparent(t, pixels + (size_t)y * (size / header.height), x, gray_at(&image, x, y));
    assert_int_equal(spng_encode_image(ctx, pixels, size, SPNG_FMT_PNG, SPNG_ENCODE_FINALIZE), 0);
    void *png = spng_get_png_buffer(ctx, &bytes, &code);
    file_write(path, png, bytes);
    free(png);
    free(pixels);
    spng_ctx_free(ctx);
    fov_photo_free(photo);
}

static void write_transparent_webp(const char *path, bool lossless)
{
    fov_photo      *photo = picture_of_face();
    const fov_image image = fov_photo_image(photo);
    uint8_t        *rgba = calloc((size_t)image.width * (size_t)image.height, 4), *data;
    assert_non_null(rgba);
    for (int y = 0; y < image.height; y++)
        for (int x = 0; x < image.width; x++)
            rgba[4 * ((ptrdiff_t)y * image.width + x) + 3] = (uint8_t)(255 - gray_at(&image, x, y));
    const size_t size = lossless ? WebPEncodeLosslessRGBA(rgba, image.width, image.height, 4 * image.width, &data)
                                 : WebPEncodeRGBA(rgba, image.width, image.height, 4 * image.width, 90, &data);
    assert_true(size > 0);
    file_write(path, data, size);
    WebPFree(data);
    free(rgba);
    fov_photo_free(photo);
}

static bool is_in_the_face(int x, int y)
{
    return x >= 173 && x < 276 && y >= 54 && y < 172;
}

/* Laid over white, what is written is what the same style makes of what was seen: so nothing of the face is left in alpha.
 * @param lossy it was encoded again, which shows at edges */
static void check_hidden_as_seen(const char *in, const char *out, fov_hide_options o, bool lossy)
{
    const int most = lossy ? 12 : 2;
    fov_error err = {0};
    assert_ok(fov_photo_hide(in, &ONE_FACE, &o, out, &err));
    fov_photo      *seen = load(in), *after = load(out);
    const fov_image a = fov_photo_image(seen), b = fov_photo_image(after);
    fov_photo      *before = load(in);
    const fov_image c = fov_photo_image(before);
    assert_ok(fov_faces_hide(&ONE_FACE, &o, seen, &err));
    for (int y = 0; y < a.height; y++)
        for (int x = 0; x < a.width; x++)
            if ((!lossy || is_in_the_face(x, y)) && difference(&a, &b, x, y) > most)
                fail_msg("%s, style %d: (%d, %d) is %d, and %d where what is seen is hidden", in, (int)o.style, x, y,
                         pixel(&b, x, y)[1], pixel(&a, x, y)[1]);
    if (!lossy) check_outside_is_untouched(&c, &b, THE_FACE.box, o.margin);
    fov_photo_free(before);
    fov_photo_free(seen);
    fov_photo_free(after);
}

static void check_every_style(const char *in, const char *out, bool lossy)
{
    static const uint8_t half[4] = {210, 210, 210, 128};
    const fov_image      mask = {half, 1, 1, 4, FOV_RGBA8};
    for (int style = FOV_HIDE_BLUR; style <= FOV_HIDE_PICTURE; style++)
        for (int shape = FOV_HIDE_ELLIPSE; shape <= FOV_HIDE_BOX; shape++) {
            fov_hide_options o = fov_hide_options_default();
            o.style = (fov_hide_style)style;
            o.shape = (fov_hide_shape)shape;
            o.picture = &mask;
            memset(o.colour, 0x60, sizeof o.colour);
            check_hidden_as_seen(in, out, o, lossy);
        }
}

static void what_is_seen_through_alpha_is_hidden(void **state)
{
    (void)state;
    static const transparent kinds[] = {
        {"rgba8", SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 8, false}, {"rgba16", SPNG_COLOR_TYPE_TRUECOLOR_ALPHA, 16, false},
        {"ga8", SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 8, false},   {"ga16", SPNG_COLOR_TYPE_GRAYSCALE_ALPHA, 16, false},
        {"palette", SPNG_COLOR_TYPE_INDEXED, 8, false},       {"key8", SPNG_COLOR_TYPE_TRUECOLOR, 8, true},
        {"key16", SPNG_COLOR_TYPE_TRUECOLOR, 16, true},       {"graykey8", SPNG_COLOR_TYPE_GRAYSCALE, 8, true},
        {"graykey16", SPNG_COLOR_TYPE_GRAYSCALE, 16, true}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s.png", kinds[i].name);
        write_transparent(&kinds[i], path_of(name));
        check_every_style(path_of(name), path_of("out.png"), false);
    }
    for (int lossless = 0; lossless < 2; lossless++) {
        write_transparent_webp(path_of("in.webp"), lossless);
        check_every_style(path_of("in.webp"), path_of("out.webp"), !lossless);
    }
}

/* ---------------------------------------------------------------- which way up */

/* Files that say twice, or late, how they are turned: hidden is what a detector was shown, and it is shown so again. */
static void check_hidden_where_it_is_seen(const char *in, const char *out)
{
    static const fov_face  face = {.box = {24, 40, 104, 120}};
    static const fov_faces faces = {1, &face};
    fov_error              err = {0};
    assert_ok(fov_photo_hide(in, &faces, &SOLID_BOX, out, &err));
    check_colour(out, 64, 80);
    fov_photo      *before = load(in), *after = load(out);
    const fov_image a = fov_photo_image(before), b = fov_photo_image(after);
    assert_int_equal(a.width, b.width);
    for (int y = 0; y < a.height; y++)
        for (int x = 0; x < a.width; x++)
            if ((x < 8 || x > 120 || y < 24 || y > 136) && difference(&a, &b, x, y) > 8) fail_msg("%s: (%d, %d) changed", in, x, y);
    fov_photo_free(before);
    fov_photo_free(after);
}

/* @param before what the bytes are put before: a marker, or a chunk's type */
static void insert(const char *from, const char *before, const void *bytes, size_t size, const char *to)
{
    size_t      total;
    char       *file = file_read(from, &total);
    const char *at = memmem(file, total, before, 4);
    assert_non_null(at);
    if (*before >= 'A') at -= 4; /* a PNG's chunk begins with its length */
    const size_t head = (size_t)(at - file);
    char        *whole = malloc(total + size);
    assert_non_null(whole);
    memcpy(whole, file, head);
    memcpy(whole + head, bytes, size);
    memcpy(whole + head + size, at, total - head);
    file_write(to, whole, total + size);
    free(whole);
    free(file);
}

static size_t jpeg_exif(int orientation, unsigned char out[64])
{
    static const unsigned char head[] = {0xff, 0xe1, 0, 8 + FOV_EXIF_ORIENTATION_BYTES, 'E', 'x', 'i', 'f', 0, 0};
    memcpy(out, head, sizeof head);
    fov_exif_orientation_only(orientation, out + sizeof head);
    return sizeof head + FOV_EXIF_ORIENTATION_BYTES;
}

static void exif_of_a_jpegs_header_counts_and_the_first_of_it(void **state)
{
    (void)state;
    static const char second_scan[] = "\xff\xda\x00\x08", first_scan[] = "\xff\xda\x00\x0c", tables[] = "\xff\xdb\x00\x43";
    unsigned char     upside_down[64], mirrored[64];
    size_t            bytes = jpeg_exif(3, upside_down);
    jpeg_exif(2, mirrored);
    write_jpeg(path_of("plain.jpg"), true, 1, 1, JCS_YCbCr);
    insert(path_of("plain.jpg"), second_scan, upside_down, bytes, path_of("late.jpg"));
    check_hidden_where_it_is_seen(path_of("late.jpg"), path_of("out.jpg"));
    insert(path_of("plain.jpg"), first_scan, upside_down, bytes, path_of("early.jpg"));
    check_hidden_where_it_is_seen(path_of("early.jpg"), path_of("out.jpg"));
    insert(path_of("early.jpg"), second_scan, mirrored, bytes, path_of("both.jpg"));
    check_hidden_where_it_is_seen(path_of("both.jpg"), path_of("out.jpg"));
    insert(path_of("early.jpg"), tables, mirrored, bytes, path_of("two.jpg"));
    check_hidden_where_it_is_seen(path_of("two.jpg"), path_of("out.jpg"));
    char *out = file_read(path_of("out.jpg"), &bytes);
    char *first = memmem(out, bytes, "Exif", 4);
    assert_non_null(first);
    assert_null(memmem(first + 4, bytes - (size_t)(first + 4 - out), "Exif", 4)); /* it says it once */
    free(out);
}

static size_t png_exif(int orientation, bool sound, unsigned char out[64])
{
    const unsigned char head[] = {0, 0, 0, FOV_EXIF_ORIENTATION_BYTES, 'e', 'X', 'I', 'f'};
    memcpy(out, head, sizeof head);
    fov_exif_orientation_only(orientation, out + sizeof head);
    const uLong sum = crc32(0, out + 4, 4 + FOV_EXIF_ORIENTATION_BYTES) ^ !sound;
    for (int i = 0; i < 4; i++) out[sizeof head + FOV_EXIF_ORIENTATION_BYTES + (size_t)i] = (unsigned char)(sum >> (24 - 8 * i));
    return sizeof head + FOV_EXIF_ORIENTATION_BYTES + 4;
}

static void of_exif_in_a_png_the_first_counts_if_it_is_sound(void **state)
{
    (void)state;
    unsigned char upside_down[64], broken[64];
    const size_t  bytes = png_exif(3, true, upside_down);
    fov_photo    *photo = picture_of_face();
    png_exif(2, false, broken);
    picture_save(photo, path_of("plain.png"));
    insert(path_of("plain.png"), "IEND", upside_down, bytes, path_of("late.png"));
    check_hidden_where_it_is_seen(path_of("late.png"), path_of("out.png"));
    insert(path_of("late.png"), "IDAT", broken, bytes, path_of("two.png"));
    check_hidden_where_it_is_seen(path_of("two.png"), path_of("out.png"));
    insert(path_of("plain.png"), "IDAT", broken, bytes, path_of("broken.png"));
    check_hidden_where_it_is_seen(path_of("broken.png"), path_of("out.png"));
    insert(path_of("plain.png"), "IDAT", upside_down, bytes, path_of("early.png"));
    check_hidden_where_it_is_seen(path_of("early.png"), path_of("out.png"));
    fov_photo_free(photo);
}

/* @param order of the chunks: 'p' the picture, '1' to '8' an EXIF block of that orientation */
static void write_webp_in_order(const char *path, const char *order)
{
    unsigned char    block[FOV_EXIF_ORIENTATION_BYTES];
    fov_photo       *photo = picture_of_face();
    const fov_image  image = fov_photo_image(photo);
    const webp_chunk exif = {"EXIF", {block, sizeof block}};
    uint8_t         *plain;
    fov_exif_orientation_only(1, block);
    const size_t size = WebPEncodeLosslessRGB(image.data, image.width, image.height, (int)image.pitch, &plain);
    WebPData     file = webp_with(plain, size, &exif, 1);
    const size_t head = 12 + 18; /* RIFF, VP8X */
    FILE        *out = fopen(path, "w+b");
    assert_non_null(out);
    assert_int_equal(fwrite(file.bytes, 1, head, out), head);
    for (; *order; order++) {
        fov_exif_orientation_only(*order == 'p' ? 1 : *order - '0', block);
        if (*order == 'p') assert_int_equal(fwrite(plain + 12, 1, size - 12, out), size - 12);
        else assert_true(fwrite("EXIF\x1a\0\0", 1, 8, out) == 8 && fwrite(block, 1, sizeof block, out) == sizeof block);
    }
    const uint32_t length = (uint32_t)ftell(out) - 8;
    assert_int_equal(fseek(out, 4, SEEK_SET), 0);
    assert_int_equal(fwrite(&length, 4, 1, out), 1);
    assert_int_equal(fclose(out), 0);
    WebPDataClear(&file);
    WebPFree(plain);
    fov_photo_free(photo);
}

static void exif_of_a_webp_counts_wherever_it_stands(void **state)
{
    (void)state;
    static const char *const orders[] = {"p3", "3p", "p32", "3p2", "36p", "p63"};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        write_webp_in_order(path_of("in.webp"), orders[i]);
        check_hidden_where_it_is_seen(path_of("in.webp"), path_of("out.webp"));
    }
}

/* ---------------------------------------------------------------- pictures where none belong */

/* A JPEG in segments of one marker; the first ends within the bytes that it begins with. */
static void add_in_segments(const char *from, const char *before, int marker, const char *head, size_t head_bytes, const void *data,
                            size_t size, const char *to)
{
    char         buffer[1024];
    FILE        *segments = fopen(path_of("segments"), "w+b");
    const size_t first = 1 + head_bytes, most = sizeof buffer;
    size_t       bytes;
    assert_non_null(segments);
    for (size_t at = 0, part; at < size; at += part) {
        part = at ? most - head_bytes : first - head_bytes;
        if (part > size - at) part = size - at;
        memcpy(buffer, head, head_bytes);
        memcpy(buffer + head_bytes, (const char *)data + at, part);
        add_marker(segments, marker, buffer, head_bytes + part);
    }
    assert_int_equal(fclose(segments), 0);
    char *all = file_read(path_of("segments"), &bytes);
    insert(from, before, all, bytes, to);
    free(all);
}

static void a_picture_in_a_comment_or_a_profile_of_a_jpeg_goes(void **state)
{
    (void)state;
    static const char jfif[] = "\xff\xe0\x00\x10", profile[] = "ICC_PROFILE\0\x01\x02",
                      chance[] = "LUT \xff\xd8\xff\x00\x01 by chance";
    fov_error err = {0};
    size_t    bytes, out_bytes;
    write_jpeg(path_of("in.jpg"), false, 2, 2, JCS_YCbCr);
    char *jpeg = file_read(path_of("in.jpg"), &bytes);
    add_in_segments(path_of("in.jpg"), "\xff\xdb\x00\x43", 0xfe, "", 0, jpeg, bytes, path_of("com.jpg"));
    add_in_segments(path_of("com.jpg"), jfif, 0xe2, profile, 14, jpeg, bytes, path_of("both.jpg"));
    assert_ok(fov_photo_hide(path_of("both.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
    char *out = file_read(path_of("out.jpg"), &out_bytes);
    assert_false(holds(out, out_bytes, "ICC_PROFILE", 11) || holds(out + 2, out_bytes - 2, "\xff\xfe", 2));
    assert_true(out_bytes < bytes + 100);
    free(out);
    free(jpeg);
    add_in_segments(path_of("in.jpg"), jfif, 0xe2, profile, 14, chance, sizeof chance, path_of("chance.jpg"));
    assert_ok(fov_photo_hide(path_of("chance.jpg"), &ONE_FACE, &SOLID_BOX, path_of("out.jpg"), &err));
    out = file_read(path_of("out.jpg"), &out_bytes);
    assert_true(holds(out, out_bytes, "by chance", 9));
    free(out);
}

static size_t png_chunk(const char *type, const void *data, size_t size, unsigned char *out)
{
    const unsigned char length[4] = {(unsigned char)(size >> 24), (unsigned char)(size >> 16), (unsigned char)(size >> 8),
                                     (unsigned char)size};
    memcpy(out, length, 4);
    memcpy(out + 4, type, 4);
    memcpy(out + 8, data, size);
    const uLong sum = crc32(0, out + 4, (uInt)(4 + size));
    for (size_t i = 0; i < 4; i++) out[8 + size + i] = (unsigned char)(sum >> (24 - 8 * i));
    return size + 12;
}

/* @param what of the chunk is packed. @return is the chunk still there? */
static bool chunk_stays(const char *type, const char *head, size_t head_bytes, bool packs, const void *what, size_t size)
{
    static unsigned char data[1 << 18], chunk[1 << 18];
    fov_error            err = {0};
    uLongf               bytes = sizeof data - head_bytes;
    size_t               out_bytes;
    memcpy(data, head, head_bytes);
    if (packs) assert_int_equal(compress(data + head_bytes, &bytes, what, size), Z_OK);
    else memcpy(data + head_bytes, what, bytes = size);
    insert(path_of("plain.png"), "IDAT", chunk, png_chunk(type, data, head_bytes + bytes, chunk), path_of("in.png"));
    assert_ok(fov_photo_hide(path_of("in.png"), &ONE_FACE, &SOLID_BOX, path_of("out.png"), &err));
    char      *out = file_read(path_of("out.png"), &out_bytes);
    const bool stays = holds(out, out_bytes, head, head_bytes);
    free(out);
    return stays;
}

static void a_picture_in_a_text_or_a_profile_of_a_png_goes(void **state)
{
    (void)state;
    static const char words[] = "words";
    static const struct {
        const char *type, *head;
        size_t      head_bytes;
        bool        packs;
    } kinds[] = {{"tEXt", "Comment\0", 8, false},
                 {"zTXt", "Comment\0\0", 9, true},
                 {"iTXt", "Comment\0\0\0\0\0", 12, false},
                 {"iTXt", "Comment\0\x01\0en\0\0", 14, true},
                 {"iCCP", "name\0\0", 6, true}};
    fov_photo *photo = picture_of_face();
    size_t     bytes;
    picture_save(photo, path_of("plain.png"));
    write_jpeg(path_of("face.jpg"), false, 2, 2, JCS_YCbCr);
    char *jpeg = file_read(path_of("face.jpg"), &bytes);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const bool is_text = strcmp(kinds[i].type, "iCCP") != 0;
        if (is_text)
            assert_true(chunk_stays(kinds[i].type, kinds[i].head, kinds[i].head_bytes, kinds[i].packs, words, sizeof words - 1));
        if (is_text && !kinds[i].packs) {
            assert_false(chunk_stays(kinds[i].type, kinds[i].head, kinds[i].head_bytes, false, "in base64: /9j/4AAQ", 19));
            continue;
        }
        assert_false(chunk_stays(kinds[i].type, kinds[i].head, kinds[i].head_bytes, true, jpeg, bytes));
    }
    free(jpeg);
    fov_photo_free(photo);
}

static void what_follows_a_pngs_end_goes(void **state)
{
    (void)state;
    static unsigned char chunk[1 << 10];
    fov_error            err = {0};
    fov_photo           *photo = picture_of_face();
    size_t               bytes, out_bytes;
    picture_save(photo, path_of("plain.png"));
    char        *png = file_read(path_of("plain.png"), &bytes);
    const size_t added = png_chunk("tEXt", "Comment\0behind", 14, chunk);
    char        *whole = malloc(bytes + added);
    assert_non_null(whole);
    memcpy(whole, png, bytes);
    memcpy(whole + bytes, chunk, added);
    file_write(path_of("in.png"), whole, bytes + added);
    assert_ok(fov_photo_hide(path_of("in.png"), &ONE_FACE, &SOLID_BOX, path_of("out.png"), &err));
    char *out = file_read(path_of("out.png"), &out_bytes);
    assert_false(holds(out, out_bytes, "behind", 6));
    free(out);
    free(whole);
    free(png);
    fov_photo_free(photo);
}

static void a_picture_in_a_profile_of_a_webp_goes(void **state)
{
    (void)state;
    fov_error       err = {0};
    fov_photo      *photo = picture_of_face();
    const fov_image image = fov_photo_image(photo);
    size_t          bytes, out_bytes;
    uint8_t        *data;
    write_jpeg(path_of("face.jpg"), false, 2, 2, JCS_YCbCr);
    char            *jpeg = file_read(path_of("face.jpg"), &bytes);
    const size_t     size = WebPEncodeRGB(image.data, image.width, image.height, (int)image.pitch, 70, &data);
    const webp_chunk chunk = {"ICCP", {(const uint8_t *)jpeg, bytes}};
    WebPData         file = webp_with(data, size, &chunk, 1);
    file_write(path_of("in.webp"), file.bytes, file.size);
    assert_ok(fov_photo_hide(path_of("in.webp"), &ONE_FACE, &SOLID_BOX, path_of("out.webp"), &err));
    char *out = file_read(path_of("out.webp"), &out_bytes);
    assert_false(holds(out, out_bytes, "ICCP", 4) || holds(out, out_bytes, "JFIF", 4));
    free(out);
    free(jpeg);
    WebPDataClear(&file);
    WebPFree(data);
    fov_photo_free(photo);
}

/* ---------------------------------------------------------------- what cannot be cleaned */

/* A list of one tag whose list of more tags lies far beyond the end. */
static tiff lying_block(void)
{
    static const unsigned char lies[] = {'I', 'I', '*', 0, 8, 0, 0, 0, 1, 0,    0x12, 1,    3,
                                         0,   1,   0,   0, 0, 3, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f};
    tiff                       t = camera_block(NOTE);
    memcpy(t.data, lies, sizeof lies);
    return t;
}

/* The size that a file says of its block, in 4 bytes before its name or behind it, of which the first is the highest or the lowest.
 */
static uint32_t size_said(const char *path, const char *name, int offset, bool highest_first)
{
    size_t               bytes;
    char                *file = file_read(path, &bytes);
    const unsigned char *at = memmem(file, bytes, name, 4);
    uint32_t             size = 0;
    assert_non_null(at);
    for (int i = 0; i < 4; i++) size |= (uint32_t)at[offset + i] << 8 * (highest_first ? 3 - i : i);
    free(file);
    return size;
}

static void of_a_block_that_cannot_be_cleaned_only_the_orientation_is_written(void **state)
{
    (void)state;
    fov_error  err = {0};
    const tiff t = lying_block();
    assert_true(t.size > FOV_EXIF_ORIENTATION_BYTES);
    write_png16(path_of("lies.png"), &t);
    assert_ok(fov_photo_hide(path_of("lies.png"), &ONE_FACE, &SOLID_BOX, path_of("out.png"), &err));
    assert_int_equal(size_said(path_of("out.png"), "eXIf", -4, true), FOV_EXIF_ORIENTATION_BYTES);
    write_webp(path_of("lies.webp"), false, &t);
    assert_ok(fov_photo_hide(path_of("lies.webp"), &ONE_FACE, &SOLID_BOX, path_of("out.webp"), &err));
    assert_int_equal(size_said(path_of("out.webp"), "EXIF", 4, false), FOV_EXIF_ORIENTATION_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_style_hides_the_face_and_nothing_else),
                                       cmocka_unit_test(an_ellipse_with_the_default_margin_covers_the_corners_of_the_box),
                                       cmocka_unit_test(faces_at_the_edge_and_beyond_do_no_harm),
                                       cmocka_unit_test(pixels_of_any_layout_are_hidden_where_they_lie),
                                       cmocka_unit_test(pixels_that_cannot_be_are_refused),
                                       cmocka_unit_test(impossible_options_are_named),
                                       cmocka_unit_test(of_a_jpeg_only_the_blocks_under_the_face_change),
                                       cmocka_unit_test(a_jpeg_without_faces_keeps_every_coefficient),
                                       cmocka_unit_test(inks_are_hidden_in_the_asked_colour),
                                       cmocka_unit_test(a_turned_photo_is_hidden_where_its_face_is_seen),
                                       cmocka_unit_test(a_damaged_jpeg_is_told),
                                       cmocka_unit_test(exif_loses_thumbnail_and_by_request_location),
                                       cmocka_unit_test(a_makers_note_with_a_picture_goes),
                                       cmocka_unit_test(exif_that_lies_is_not_believed),
                                       cmocka_unit_test(previews_without_compression_go),
                                       cmocka_unit_test(a_chain_of_directories_ends),
                                       cmocka_unit_test(what_is_said_too_often_is_not_followed),
                                       cmocka_unit_test(an_orientation_that_not_everybody_reads_alike_does_not_stay),
                                       cmocka_unit_test(xmp_loses_pictures_and_by_request_places),
                                       cmocka_unit_test(photoshop_loses_thumbnails_and_by_request_places),
                                       cmocka_unit_test(a_jpegs_metadata_stays_but_for_pictures_of_the_face),
                                       cmocka_unit_test(an_exif_block_that_cannot_be_followed_leaves_the_orientation),
                                       cmocka_unit_test(a_png_keeps_its_depth_and_its_chunks),
                                       cmocka_unit_test(a_palette_is_widened),
                                       cmocka_unit_test(of_a_block_that_cannot_be_cleaned_only_the_orientation_is_written),
                                       cmocka_unit_test(a_webp_stays_what_it_is),
                                       cmocka_unit_test(what_is_seen_through_alpha_is_hidden),
                                       cmocka_unit_test(exif_of_a_jpegs_header_counts_and_the_first_of_it),
                                       cmocka_unit_test(of_exif_in_a_png_the_first_counts_if_it_is_sound),
                                       cmocka_unit_test(exif_of_a_webp_counts_wherever_it_stands),
                                       cmocka_unit_test(a_picture_in_a_comment_or_a_profile_of_a_jpeg_goes),
                                       cmocka_unit_test(a_picture_in_a_text_or_a_profile_of_a_png_goes),
                                       cmocka_unit_test(what_follows_a_pngs_end_goes),
                                       cmocka_unit_test(a_picture_in_a_profile_of_a_webp_goes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
