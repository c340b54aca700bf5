// SPDX-License-Identifier: MIT
/* The numbers of one layer, worked out by hand: signal and noise, channels at another scale, clipping, rows of every storage type.
 */
#include "compare/layers.h"
#include "support.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

static fov_layer layer_of(int channels)
{
    fov_error      err;
    fov_layer      layer = {0};
    const fov_view view = fov_view_nhwc(1, channels, 1, 1, channels, NULL);
    assert_ok(fov_layer_reserve(&layer, &view, &err));
    return layer;
}

static void layer_clear(fov_layer *layer)
{
    fov_free(layer->sum);
    fov_free(layer->peak);
    fov_free(layer->clipping);
}

static void ten_percent_off_is_twenty_decibels(void **state)
{
    (void)state;
    fov_layer   layer = layer_of(2);
    const float a[] = {1, -2, 3, 4}, b[] = {1.1F, -2.2F, 3.3F, 4.4F};
    fov_layer_add(&layer, a, b, 2);
    fov_layer_finish(&layer);
    assert_float_equal((float)layer.snr_db, 20, 1e-4F);
    assert_float_equal((float)layer.cosine, 1, 1e-6F);
    assert_float_equal((float)layer.max, 0.4F, 1e-6F);
    assert_int_equal(layer.rescaled, 0);
    assert_false(layer.identical);
    layer_clear(&layer);
}

static void equal_layers_have_no_noise(void **state)
{
    (void)state;
    fov_layer   layer = layer_of(1);
    const float a[] = {0, 1e-20F, 1e20F};
    fov_layer_add(&layer, a, a, 3);
    fov_layer_finish(&layer);
    assert_true(layer.identical && layer.max == 0 && layer.cosine == 1);
    layer_clear(&layer);
}

/* What equalisation and repair do: the second channel is kept at a quarter, the third at 1.5 times; one is noisy besides. */
static void channels_at_another_scale_are_brought_back(void **state)
{
    (void)state;
    test_random random = {3};
    fov_layer   layer = layer_of(4);
    for (int i = 0; i < 2000; i++) {
        float a[4], b[4];
        for (int c = 0; c < 4; c++) a[c] = b[c] = test_random_float(&random, -1, 1);
        b[1] *= 0.25F;
        b[2] *= 1.5F;
        b[3] += a[3] > 0 ? 0.01F : -0.01F;
        fov_layer_add(&layer, a, b, 1);
    }
    fov_layer_finish(&layer);
    assert_int_equal(layer.rescaled, 2);
    assert_true(fov_layer_gain(&layer, 1) == 4);
    assert_float_equal((float)fov_layer_gain(&layer, 2), 2.0F / 3, 1e-6F);
    assert_true(fov_layer_gain(&layer, 0) == 1 && fov_layer_gain(&layer, 3) == 1);
    /* signal 4 * 1/3, noise 0.01^2 */
    assert_float_equal((float)layer.snr_db, 41.25F, 0.3F);
    layer_clear(&layer);
}

static void what_is_no_number_is_the_worst(void **state)
{
    (void)state;
    const float a[] = {1, 2}, bad[][2] = {{NAN, 2}, {INFINITY, 2}};
    for (int i = 0; i < 2; i++) {
        fov_layer layer = layer_of(2);
        fov_layer_add(&layer, a, bad[i], 1);
        fov_layer_finish(&layer);
        assert_true(layer.snr_db == FOV_SNR_WORST);
        assert_false(layer.identical);
        assert_true(isfinite(layer.cosine));
        layer_clear(&layer);
    }
}

static void unrelated_layers_are_not_called_rescaled(void **state)
{
    (void)state;
    test_random random = {5};
    fov_layer   layer = layer_of(3);
    for (int i = 0; i < 500; i++) {
        float a[3], b[3];
        for (int c = 0; c < 3; c++) {
            a[c] = test_random_float(&random, 0, 1);
            b[c] = test_random_float(&random, -3, 3);
        }
        fov_layer_add(&layer, a, b, 1);
    }
    fov_layer_finish(&layer);
    assert_int_equal(layer.rescaled, 0);
    assert_true(layer.snr_db < 0);
    layer_clear(&layer);
}

/* Scale 0.5, zero point 100: 8 bits cover -50 .. 77.5; what rounds to the ends is inside. */
static void clipping_is_counted(void **state)
{
    (void)state;
    float           scale = 0.5F;
    int32_t         zero = 100;
    const fov_quant quant = {1, &scale, &zero};
    fov_clipping    clipping;
    const float     values[] = {-50, -50.2F, -50.3F, 0, 77.5F, 77.7F, 77.8F, 1e6F}, to_code = 2, zero_point = 100;
    size_t          sum = 0;
    fov_clipping_init(&clipping, &quant);
    fov_clipping_add(&clipping, values, 8, 1, &to_code, &zero_point);
    assert_true(clipping.lo == -50 && clipping.hi == 77.5 && !clipping.per_channel);
    assert_int_equal(clipping.total, 8);
    assert_int_equal(clipping.clipped, 3);
    assert_int_equal(clipping.bin[FOV_CLIP_BINS - 1], 1);
    assert_int_equal(clipping.bin[(100 - FOV_CLIP_FIRST) / FOV_CLIP_CODES], 1);
    for (int i = 0; i < FOV_CLIP_BINS; i++) sum += clipping.bin[i];
    assert_int_equal(sum, 8);
}

/* Rows of slices of a wider value, in every type, and one with channels apart. */
static void rows_are_what_the_views_hold(void **state)
{
    (void)state;
    static const fov_dtype types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};
    enum { C = 5, H = 3, W = 4, LD = 9 };
    float           scale[C] = {0.5F, 1, 2, 0.25F, 3}, data[H * W * LD], row[W * C];
    int32_t         zero[C] = {0, 128, 255, 7, 1};
    const fov_quant quant = {C, scale, zero};
    for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
        test_random random = {t + 1};
        fov_view    view = fov_view_nhwc_of(types[t], 1, C, H, W, LD, data);
        view.quant = types[t] == FOV_U8 ? &quant : NULL;
        for (int64_t y = 0; y < H; y++)
            for (int64_t x = 0; x < W; x++)
                for (int64_t c = 0; c < C; c++)
                    fov_view_store_one(&view, (int64_t[]){0, c, y, x}, test_random_float(&random, -4, 4));
        for (int64_t y = 0; y < H; y++) {
            fov_row_load(&view, y, row);
            for (int64_t i = 0; i < W * C; i++) assert_true(row[i] == fov_view_load_one(&view, (int64_t[]){0, i % C, y, i / C}));
        }
    }
    const fov_shape shape = fov_shape_make(4, (int64_t[]){1, C, H, W});
    const fov_view  apart = fov_view_dense(FOV_F32, &shape, data);
    for (int i = 0; i < C * H * W; i++) data[i] = (float)i;
    fov_row_load(&apart, 1, row);
    assert_true(row[0] == W && row[1] == H * W + W && row[C] == W + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_percent_off_is_twenty_decibels),
        cmocka_unit_test(equal_layers_have_no_noise),
        cmocka_unit_test(channels_at_another_scale_are_brought_back),
        cmocka_unit_test(what_is_no_number_is_the_worst),
        cmocka_unit_test(unrelated_layers_are_not_called_rescaled),
        cmocka_unit_test(clipping_is_counted),
        cmocka_unit_test(rows_are_what_the_views_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
