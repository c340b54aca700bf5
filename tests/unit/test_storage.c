// SPDX-License-Identifier: MIT
/* Storage types: base/half.h number by number, graph/storage.c, and what operators make of typed views. */
#include "support.h"

#include "base/cpu.h"
#include "base/half.h"
#include "graph/op.h"
#include "graph/ops/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static fov_error err;

/* ---------------------------------------------------------------- 16 bits */

static void test_half_round_trip(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const float    v = fov_float_from_half((uint16_t)bits);
        const uint16_t back = fov_half_from_float(v);
        if (isnan(v)) assert_int_equal(back, bits | 0x200);
        else assert_int_equal(back, bits);
    }
}

static void test_bf16_round_trip(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const float    v = fov_float_from_bf16((uint16_t)bits);
        const uint16_t back = fov_bf16_from_float(v);
        if (isnan(v)) assert_int_equal(back, bits | 0x40);
        else assert_int_equal(back, bits);
    }
}

/* Between any two neighbours of one sign: the middle goes to the even one, what is beside it to the nearer one. */
static void check_middles(uint16_t largest, float (*widen)(uint16_t), uint16_t (*narrow)(float))
{
    for (uint16_t low = 0; low < largest; low++) {
        const uint16_t high = (uint16_t)(low + 1), even = low % 2 ? high : low;
        const float    middle = (float)(((double)widen(low) + (double)widen(high)) / 2);
        assert_true((double)middle * 2 == (double)widen(low) + (double)widen(high));
        assert_int_equal(narrow(middle), even);
        assert_int_equal(narrow(nextafterf(middle, 0)), low);
        assert_int_equal(narrow(nextafterf(middle, INFINITY)), high);
        assert_int_equal(narrow(-middle), even | 0x8000);
    }
}

static void test_half_ties(void **state)
{
    (void)state;
    check_middles(0x7bff, fov_float_from_half, fov_half_from_float);
    assert_int_equal(fov_half_from_float(nextafterf(65520, 0)), 0x7bff);
    assert_int_equal(fov_half_from_float(65520), 0x7c00);
    assert_int_equal(fov_half_from_float(-INFINITY), 0xfc00);
    assert_int_equal(fov_half_from_float(0x1p-149F), 0);
    assert_int_equal(fov_half_from_float(0x1p-24F), 1);
}

static void test_bf16_ties(void **state)
{
    (void)state;
    check_middles(0x7f7f, fov_float_from_bf16, fov_bf16_from_float);
    assert_int_equal(fov_bf16_from_float(3.4028235e38F), 0x7f80);
    assert_int_equal(fov_bf16_from_float(-0.0F), 0x8000);
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx,f16c"))) static uint16_t hardware_half(float v)
{
    return (uint16_t)_mm_extract_epi16(_mm_cvtps_ph(_mm_set1_ps(v), _MM_FROUND_TO_NEAREST_INT), 0);
}

__attribute__((target("avx,f16c"))) static float hardware_float(uint16_t bits)
{
    return _mm_cvtss_f32(_mm_cvtph_ps(_mm_set1_epi16((short)bits)));
}

static void test_half_as_hardware(void **state)
{
    (void)state;
    test_random random = {.state = 1};
    if (!(fov_cpu_detected() & FOV_CPU_AVX2)) skip(); /* which has F16C with it */
    for (uint32_t bits = 0; bits <= UINT16_MAX; bits++) {
        const float ours = fov_float_from_half((uint16_t)bits), theirs = hardware_float((uint16_t)bits);
        if (isnan(ours)) assert_true(isnan(theirs)); /* theirs is quiet */
        else assert_memory_equal(&ours, &theirs, sizeof ours);
    }
    for (int i = 0; i < 1000000; i++) {
        const float v = fov_float_from_bits((uint32_t)test_random_u64(&random));
        assert_int_equal(fov_half_from_float(v), hardware_half(v));
    }
}
#else
static void test_half_as_hardware(void **state)
{
    (void)state;
    skip();
}
#endif

/* ---------------------------------------------------------------- integers */

static void test_quantize(void **state)
{
    (void)state;
    assert_int_equal(fov_quantize(0.5F, 1, 10, 0, 255), 10); /* ties to even */
    assert_int_equal(fov_quantize(1.5F, 1, 10, 0, 255), 12);
    assert_int_equal(fov_quantize(-2.5F, 1, 10, 0, 255), 8);
    assert_int_equal(fov_quantize(1e30F, 1, 10, 0, 255), 255);
    assert_int_equal(fov_quantize(-INFINITY, 1, 10, 0, 255), 0);
    assert_int_equal(fov_quantize(NAN, 1, 10, 0, 255), 10);
    assert_int_equal(fov_quantize(-500, 1, 0, -127, 127), -127);
}

/* Every integer comes back from its real, for scales of channels of their own. */
static void test_u8_round_trip(void **state)
{
    (void)state;
    float           scale[3] = {0.0123F, 1, 3e-6F};
    int32_t         zero_point[3] = {0, 255, 77};
    const fov_quant quant = {3, scale, zero_point};
    uint8_t         from[256 * 3], to[256 * 3];
    float           real[256 * 3];
    for (int i = 0; i < 256 * 3; i++) from[i] = (uint8_t)(i / 3);
    fov_view a = fov_view_nhwc_of(FOV_U8, 1, 3, 16, 16, 3, from), b = fov_view_nhwc_of(FOV_U8, 1, 3, 16, 16, 3, to);
    fov_view f = fov_view_nhwc(1, 3, 16, 16, 3, real);
    a.quant = b.quant = &quant;
    fov_view_load_f32(&a, &f);
    assert_true(real[255 * 3] == 255 * 0.0123F);
    assert_true(real[255 * 3 + 1] == 0);
    fov_view_store_f32(&f, &b);
    assert_memory_equal(from, to, sizeof to);
}

static void test_i8_by_output_channel(void **state)
{
    (void)state;
    float           scale[2] = {0.5F, 2};
    int32_t         zero_point[2] = {0, 0};
    const fov_quant quant = {2, scale, zero_point};
    int8_t          q[4];
    const float     want[4] = {1, -63.5F, 254, -4};
    fov_view        view = fov_view_dense(FOV_I8, &(fov_shape){2, {2, 2}}, q);
    view.quant = &quant;
    for (int64_t i = 0; i < 4; i++) fov_view_store_one(&view, (int64_t[]){i / 2, i % 2}, want[i]);
    assert_int_equal(q[0], 2);
    assert_int_equal(q[1], -127);
    assert_int_equal(q[2], 127);
    assert_int_equal(q[3], -2);
    for (int64_t i = 0; i < 4; i++) assert_true(fov_view_load_one(&view, (int64_t[]){i / 2, i % 2}) == want[i]);
}

/* ---------------------------------------------------------------- operators on typed views */

static void run_operator(fov_op op, const fov_view *const *in, int n_in, fov_view *out)
{
    fov_graph *graph = fov_graph_new();
    assert_int_equal(fov_graph_add_node(graph, "n", op, NULL, 0, NULL, 0, &err), 0);
    assert_ok(fov_node_set_int(graph->node, "axis", 1, &err));
    const fov_op_call call = {.node = graph->node, .opset = 13, .in = in, .out = out, .n_in = n_in, .n_out = 1};
    void             *scratch = malloc(fov_op_run_scratch(&call) + 1);
    assert_ok(fov_op_run(&call, scratch, &err));
    free(scratch);
    fov_graph_free(graph);
}

static fov_quant quant_of(float *scale, int32_t *zero_point)
{
    return (fov_quant){1, scale, zero_point};
}

static void test_add_requantizes(void **state)
{
    (void)state;
    uint8_t         a[4] = {10, 14, 0, 255}, b[4] = {100, 101, 0, 255}, y[4];
    const fov_quant qa = quant_of(&(float){0.5F}, &(int32_t){10}), qb = quant_of(&(float){0.25F}, &(int32_t){100});
    const fov_quant qy = quant_of(&(float){1}, &(int32_t){128});
    fov_view        va = fov_view_nhwc_of(FOV_U8, 1, 4, 1, 1, 4, a), vb = fov_view_nhwc_of(FOV_U8, 1, 4, 1, 1, 4, b);
    fov_view        vy = fov_view_nhwc_of(FOV_U8, 1, 4, 1, 1, 4, y);
    va.quant = &qa;
    vb.quant = &qb;
    vy.quant = &qy;
    run_operator(FOV_OP_Add, (const fov_view *[]){&va, &vb}, 2, &vy);
    const uint8_t want[4] = {128, 130, 98, 255}; /* 0; 2.25; -5 - 25 = -30; 122.5 + 38.75 */
    assert_memory_equal(y, want, sizeof y);
}

static void test_concat_requantizes(void **state)
{
    (void)state;
    uint8_t         a[2] = {12, 255}, y[4];
    uint16_t        b[2] = {fov_half_from_float(-1.25F), fov_half_from_float(70)};
    const fov_quant qa = quant_of(&(float){0.5F}, &(int32_t){10});
    const fov_quant qy = {4, (float[]){1, 2, 0.5F, 0.25F}, (int32_t[]){0, 100, 50, 0}};
    fov_view        va = fov_view_nhwc_of(FOV_U8, 1, 2, 1, 1, 2, a), vb = fov_view_nhwc_of(FOV_F16, 1, 2, 1, 1, 2, b);
    fov_view        vy = fov_view_nhwc_of(FOV_U8, 1, 4, 1, 1, 4, y);
    va.quant = &qa;
    vy.quant = &qy;
    run_operator(FOV_OP_Concat, (const fov_view *[]){&va, &vb}, 2, &vy);
    const uint8_t want[4] = {1, 161, 48, 255}; /* 1 / 1; 122.5 / 2 = 61.25; -2.5 goes to -2; 280 is too large */
    assert_memory_equal(y, want, sizeof y);
}

static void test_convert_is_load_and_store(void **state)
{
    (void)state;
    float           x[3] = {0.3F, NAN, -1};
    uint16_t        y[3];
    uint8_t         q[3];
    const fov_quant quant = quant_of(&(float){0.1F}, &(int32_t){7});
    fov_view        vx = fov_view_nhwc(1, 3, 1, 1, 3, x), vy = fov_view_nhwc_of(FOV_BF16, 1, 3, 1, 1, 3, y);
    fov_view        vq = fov_view_nhwc_of(FOV_U8, 1, 3, 1, 1, 3, q);
    vq.quant = &quant;
    run_operator(FOV_OP_Convert, (const fov_view *[]){&vx}, 1, &vy);
    for (int i = 0; i < 3; i++) assert_int_equal(y[i], fov_bf16_from_float(x[i]));
    run_operator(FOV_OP_Convert, (const fov_view *[]){&vx}, 1, &vq);
    const uint8_t want[3] = {10, 7, 0};
    assert_memory_equal(q, want, sizeof q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_half_round_trip),
        cmocka_unit_test(test_bf16_round_trip),
        cmocka_unit_test(test_half_ties),
        cmocka_unit_test(test_bf16_ties),
        cmocka_unit_test(test_half_as_hardware),
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_u8_round_trip),
        cmocka_unit_test(test_i8_by_output_channel),
        cmocka_unit_test(test_add_requantizes),
        cmocka_unit_test(test_concat_requantizes),
        cmocka_unit_test(test_convert_is_load_and_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
