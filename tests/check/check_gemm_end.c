// SPDX-License-Identifier: MIT
/* What becomes of sums (fov_gemm_end), to the bit, with sums and residuals that are infinite or no numbers among others; and
 * elements made wider. */
#include "check.h"
#include "typed.h"

#include "backend/cpu/storage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 400, MAX_N = 40, MAX_M = 14, MAX_CHANNELS = 64, ROOM = 64, MAX_SUM = 2000000 };

typedef struct end_case {
    fov_gemm_end_call call;
    bool              integer;
    fov_quant        *out_quant, *residual_quant;
    fov_storage       out, in;
    guarded           c, residual;
    fov_view          to, from;
    float             scale[MAX_CHANNELS + ROOM], bias[MAX_CHANNELS + ROOM];
    _Alignas(64) float sum[MAX_M * MAX_N + ROOM];
    const void *rows[MAX_M];
} end_case;

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static float random_sum(check *t)
{
    static const float special[] = {INFINITY, -INFINITY, NAN, 0, -0.0F, 1e38F, -1e38F, 1e-40F};
    return pick(t, 0, 15) ? test_random_float(&t->random, -4, 4) : special[pick(t, 0, 7)];
}

static void fill_sums(check *t, end_case *k, int64_t channels)
{
    for (int i = 0; i < MAX_M * MAX_N; i++) {
        const int32_t integer = pick(t, -MAX_SUM, MAX_SUM);
        k->sum[i] = random_sum(t);
        if (k->integer) memcpy(&k->sum[i], &integer, sizeof integer);
    }
    for (int64_t i = 0; i < MAX_CHANNELS + ROOM; i++) {
        k->scale[i] = i < channels ? test_random_float(&t->random, 1e-7F, 1e-5F) : k->scale[i - channels];
        k->bias[i] = i >= channels ? k->bias[i - channels] : pick(t, 0, 4) ? test_random_float(&t->random, -1, 1) : -0.0F;
    }
}

/* Whether results are small numbers, as fov_gemm_end_call.plain promises. */
static bool is_plain(const end_case *k, int64_t channels)
{
    bool plain = k->integer && (!k->call.residual || k->in.dtype == FOV_U8);
    for (int64_t c = 0; c < channels && plain; c++) {
        const float extra = k->call.residual ? UINT8_MAX * fov_quant_scale(k->residual_quant, c) : 0;
        plain = fov_gemm_end_is_plain((size_t)c, k->call.slope, MAX_SUM * k->scale[c] + extra, k->bias[c], &k->out);
    }
    return plain;
}

static void make_case(check *t, end_case *k)
{
    static const float slopes[] = {1, 0, 0.1F, -0.5F};
    const int64_t      channels = pick(t, 0, 3) ? pick(t, 1, MAX_CHANNELS) : 8, m = pick(t, 1, MAX_M);
    const fov_dtype    out = random_dtype(t), in = random_dtype(t);
    *k = (end_case){.integer = pick(t, 0, 1)};
    k->out_quant = random_quant(t, out, channels);
    k->residual_quant = random_quant(t, in, channels);
    if (fov_storage_init(&k->out, out, k->out_quant, 2, NULL) || fov_storage_init(&k->in, in, k->residual_quant, 2, NULL)) abort();
    k->to = random_view(t, out, k->out_quant, (int64_t[]){1, channels, 1, m}, &k->c, false);
    k->from = random_view(t, in, k->residual_quant, (int64_t[]){1, channels, 1, m}, &k->residual, true);
    fill_sums(t, k, channels);
    for (int64_t i = 0; i < m; i++) k->rows[i] = (char *)k->from.data + i * k->from.stride[3] * (int64_t)fov_dtype_size(in);
    const bool all = pick(t, 0, 1) && channels <= MAX_N;
    const int  first = all ? 0 : pick(t, 0, (int)channels - 1), most = (int)channels - first;
    k->call = (fov_gemm_end_call){.m = (int)m,
                                  .n = all ? most : pick(t, 1, most < MAX_N ? most : MAX_N),
                                  .channel = first,
                                  .channels = channels,
                                  .sum = k->sum,
                                  .ldsum = all ? most : MAX_N,
                                  .scale = k->integer ? k->scale : NULL,
                                  .bias = k->bias,
                                  .out = &k->out,
                                  .residual_storage = &k->in,
                                  .c = k->to.data,
                                  .ldc = k->to.stride[3] * (int64_t)fov_dtype_size(out),
                                  .residual = pick(t, 0, 2) ? k->rows : NULL,
                                  .residual_after = pick(t, 0, 1),
                                  .slope = slopes[pick(t, 0, 3)]};
    k->call.plain = pick(t, 0, 3) && is_plain(k, channels);
}

static float activated(float v, float slope)
{
    return v < 0 ? slope * v : v;
}

/* As graph/ops/conv_int8.h says, through memory that is stored to and loaded from as the definition does. */
static float wanted(const end_case *k, int row, int column)
{
    const fov_gemm_end_call *call = &k->call;
    const int64_t            at[4] = {0, call->channel + column, 0, row}, zero[1] = {0};
    float                    v = k->sum[row * call->ldsum + column], stored[1] = {0}, scale;
    int32_t                  integer, zero_point;
    const fov_quant          one = {1, &scale, &zero_point};
    memcpy(&integer, &v, sizeof integer);
    if (k->integer) v = (float)integer * call->scale[at[1]];
    v += call->bias[at[1]];
    const float extra = call->residual ? fov_view_load_one(&k->from, at) : 0;
    v = !call->residual        ? activated(v, call->slope)
        : call->residual_after ? activated(v, call->slope) + extra
                               : activated(v + extra, call->slope);
    fov_view single = fov_view_dense(k->to.dtype, &(fov_shape){1, {1}}, stored);
    if (k->out_quant) {
        scale = fov_quant_scale(k->out_quant, at[1]);
        zero_point = fov_quant_zero_point(k->out_quant, at[1]);
        single.quant = &one;
    }
    fov_view_store_one(&single, zero, v);
    return fov_view_load_one(&single, zero);
}

static void check_case(check *t, const fov_gemm_end *kernel, end_case *k)
{
    const fov_gemm_end_call *call = &k->call;
    kernel->run(call);
    for (int row = 0; row < call->m; row++)
        for (int column = 0; column < call->n; column++) {
            const float got = fov_view_load_one(&k->to, (int64_t[]){0, call->channel + column, 0, row});
            const float want = wanted(k, row, column);
            if (memcmp(&got, &want, sizeof got) != 0 && !(isnan(got) && isnan(want)))
                check_fail(t, "%s: %s, n %d: row %d, column %d is %.9g, should be %.9g", kernel->name, fov_dtype_name(k->to.dtype),
                           call->n, row, column, (double)got, (double)want);
        }
    if (!view_intact(&k->to, &k->c)) check_fail(t, "%s: wrote outside of its rows", kernel->name);
}

static void check_widen(check *t, const fov_widen *widen)
{
    uint16_t from[ROOM + 96];
    float    to[ROOM + 96];
    for (size_t n = 1; n <= ROOM; n++) {
        for (size_t i = 0; i < ROOM + 96; i++) from[i] = (uint16_t)pick(t, 0, UINT16_MAX);
        const struct {
            fov_widen_run *run;
            fov_dtype      dtype;
        } floats[] = {{widen->f16_f32, FOV_F16}, {widen->bf16_f32, FOV_BF16}};
        for (int kind = 0; kind < 2; kind++) {
            const fov_view view = fov_view_dense(floats[kind].dtype, &(fov_shape){1, {(int64_t)n}}, from);
            floats[kind].run(n, from, to);
            for (int64_t i = 0; i < (int64_t)n; i++) {
                const float want = fov_view_load_one(&view, &i);
                if (to[i] != want && !(isnan(to[i]) && isnan(want))) check_fail(t, "%s: element %lld", widen->name, (long long)i);
            }
        }
        widen->u8_s16(n, from, to);
        for (size_t i = 0; i < n; i++) {
            int16_t got;
            memcpy(&got, (const char *)to + 2 * i, sizeof got);
            if (got != ((const unsigned char *)from)[i]) check_fail(t, "%s: byte %zu", widen->name, i);
        }
    }
}

void check_gemm_end(check *t)
{
    static end_case k;
    if (t->now.gemm_end.run != t->below.gemm_end.run && check_begin(t, t->now.gemm_end.name)) {
        for (int i = 0; i < CASES; i++) {
            make_case(t, &k);
            check_case(t, &t->now.gemm_end, &k);
            guarded_free(&k.c);
            guarded_free(&k.residual);
            fov_storage_free(&k.out);
            fov_storage_free(&k.in);
            free_quant(k.out_quant);
            free_quant(k.residual_quant);
        }
        check_end(t);
    }
    if (t->now.widen.f16_f32 == t->below.widen.f16_f32 || !check_begin(t, t->now.widen.name)) return;
    check_widen(t, &t->now.widen);
    check_end(t);
}
