// SPDX-License-Identifier: MIT
/* How image sizes become input sizes, and the way back. */
#include "api/geometry.h"
#include "support.h"

#include <math.h>

static const uint8_t pixel[4];

static fov_image image_of(int width, int height)
{
    return (fov_image){pixel, width, height, 3 * (ptrdiff_t)width, FOV_RGB8};
}

static void sizes(void **state)
{
    static const struct {
        int             w, h;
        fov_resize_mode mode;
        int             long_side, box_w, box_h;
        int             scaled_w, scaled_h, out_w, out_h, left, top;
    } rows[] = {
        {640, 480, FOV_RESIZE_NATIVE, 0, 0, 0, 640, 480, 640, 480, 0, 0},
        {641, 1, FOV_RESIZE_NATIVE, 0, 0, 0, 641, 1, 672, 32, 0, 0},
        {1, 1, FOV_RESIZE_LONG_SIDE, 1280, 0, 0, 1, 1, 32, 32, 0, 0},
        {2560, 1440, FOV_RESIZE_LONG_SIDE, 1280, 0, 0, 1280, 720, 1280, 736, 0, 0},
        {20000, 10, FOV_RESIZE_LONG_SIDE, 1280, 0, 0, 1280, 1, 1280, 32, 0, 0},
        {100, 50, FOV_RESIZE_LETTERBOX, 0, 640, 640, 640, 320, 640, 640, 0, 160},
        {50, 100, FOV_RESIZE_LETTERBOX, 0, 640, 360, 180, 360, 640, 384, 230, 0},
    };
    fov_settings settings = fov_settings_default();
    fov_error    err;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fov_detect_options o = fov_detect_options_default();
        fov_image          image = image_of(rows[i].w, rows[i].h);
        fov_geometry       g;
        o.resize = rows[i].mode;
        o.long_side = rows[i].long_side;
        o.width = rows[i].box_w;
        o.height = rows[i].box_h;
        assert_ok(fov_geometry_make(&settings, &o, &image, &g, &err));
        assert_int_equal(g.letterbox.scaled_w, rows[i].scaled_w);
        assert_int_equal(g.letterbox.scaled_h, rows[i].scaled_h);
        assert_int_equal(g.letterbox.out_w, rows[i].out_w);
        assert_int_equal(g.letterbox.out_h, rows[i].out_h);
        assert_int_equal(g.letterbox.left, rows[i].left);
        assert_int_equal(g.letterbox.top, rows[i].top);
        /* the photo's far corner comes back to itself */
        float x = ((float)(g.letterbox.left + g.letterbox.scaled_w) - g.mapping.offset[0]) * g.mapping.scale[0];
        assert_float_equal(x, (float)rows[i].w, 1e-3F * (float)rows[i].w);
    }
}

static void a_photo_keeps_the_geometry_of_its_full_size(void **state)
{
    fov_settings       settings = fov_settings_default();
    fov_detect_options o = fov_detect_options_default();
    fov_image          image = image_of(2001, 1333);
    fov_photo          photo = {.width = 501, .height = 334, .full_width = 2001, .full_height = 1333};
    fov_geometry       g, full;
    fov_error          err;
    (void)state;
    photo.full = (fov_part){0.75, 0, 500.25, 333.25};
    o.resize = FOV_RESIZE_LETTERBOX;
    assert_ok(fov_geometry_make(&settings, &o, &image, &full, &err));
    assert_ok(fov_geometry_make_photo(&settings, &o, &photo, &g, &err));
    assert_memory_equal(&g.mapping, &full.mapping, sizeof g.mapping);
    assert_memory_equal(&g.letterbox.part, &photo.full, sizeof photo.full);
    g.letterbox.part = full.letterbox.part;
    assert_memory_equal(&g.letterbox, &full.letterbox, sizeof g.letterbox);
}

static void only_a_resized_photo_may_be_decoded_smaller(void **state)
{
    fov_detect_options o = fov_detect_options_default();
    fov_photo_options  p = {.strict = true};
    (void)state;
    fov_photo_options_fit(&p, NULL);
    assert_true(p.fit_width == 1280 && p.fit_height == 1280 && p.strict);
    o.full_decode = true;
    fov_photo_options_fit(&p, &o);
    assert_true(p.fit_width == 0 && p.fit_height == 0);
    o.full_decode = false;
    o.resize = FOV_RESIZE_LETTERBOX;
    o.height = 480;
    fov_photo_options_fit(&p, &o);
    assert_true(p.fit_width == 640 && p.fit_height == 480);
    o.resize = FOV_RESIZE_NATIVE;
    fov_photo_options_fit(&p, &o);
    assert_true(p.fit_width == 0 && p.fit_height == 0);
    o.resize = FOV_RESIZE_TILES;
    p.fit_width = 7;
    fov_photo_options_fit(&p, &o);
    assert_true(p.fit_width == 0 && p.fit_height == 0);
}

static void colours_follow_the_channel_order(void **state)
{
    fov_settings       settings = fov_settings_default();
    fov_detect_options o = fov_detect_options_default();
    fov_image          image = image_of(8, 8);
    fov_geometry       g;
    fov_error          err;
    (void)state;
    o.resize = FOV_RESIZE_LETTERBOX;
    o.fill[0] = 1;
    o.fill[1] = 2;
    o.fill[2] = -1;
    assert_ok(fov_geometry_make(&settings, &o, &image, &g, &err));
    assert_true(g.letterbox.bgr);
    assert_float_equal(g.letterbox.fill[0], 104, 0); /* blue: the mean */
    assert_float_equal(g.letterbox.fill[1], 2, 0);
    assert_float_equal(g.letterbox.fill[2], 1, 0);
    settings.bgr = false;
    assert_ok(fov_geometry_make(&settings, &o, &image, &g, &err));
    assert_float_equal(g.letterbox.fill[0], 1, 0);
}

static void nonsense_is_refused(void **state)
{
    fov_detect_options good = fov_detect_options_default(), o;
    fov_settings       settings = fov_settings_default();
    fov_geometry       g;
    fov_error          err;
    (void)state;
    assert_ok(fov_detect_options_check(&good, &err));
#define REFUSED(change)                                                                                                            \
    do {                                                                                                                           \
        o = good;                                                                                                                  \
        change;                                                                                                                    \
        assert_int_equal(fov_detect_options_check(&o, &err), FOV_ERR_ARGUMENT);                                                    \
    } while (0)
    REFUSED(o.score_threshold = NAN);
    REFUSED(o.score_threshold = 1.5F);
    REFUSED(o.nms_iou = -0.1F);
    REFUSED(o.pre_nms_top_k = 0);
    REFUSED(o.max_faces = -1);
    REFUSED(o.long_side = 0);
    REFUSED((o.resize = FOV_RESIZE_LETTERBOX, o.width = 0));
    REFUSED(o.resize = (fov_resize_mode)4);
    REFUSED(o.placement = (fov_placement)2);
    REFUSED(o.fill[1] = 256);
    fov_image huge = image_of(100000, 100000), thin = image_of(10, 10), none = {0};
    o = good;
    o.resize = FOV_RESIZE_NATIVE;
    assert_int_equal(fov_geometry_make(&settings, &o, &huge, &g, &err), FOV_ERR_LIMIT);
    thin.pitch = 29;
    assert_int_equal(fov_geometry_make(&settings, &o, &thin, &g, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_geometry_make(&settings, &o, &none, &g, &err), FOV_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(a_photo_keeps_the_geometry_of_its_full_size),
        cmocka_unit_test(only_a_resized_photo_may_be_decoded_smaller),
        cmocka_unit_test(colours_follow_the_channel_order),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
