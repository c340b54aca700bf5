// SPDX-License-Identifier: MIT
#include "check.h"

#include <math.h>
#include <string.h>

enum { CASES = 300 };

typedef struct gemm_case {
    fov_gemm_f32_call call;
    guarded           a, w, c, residual;
    const void       *rows[4096], *residual_rows[FOV_GEMM_MAX_MR];
} gemm_case;

static void fill(check *t, float *data, size_t count)
{
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&t->random, -1, 1);
}

static float random_slope(check *t)
{
    static const float slopes[] = {1, 0, 0.1F, 0.25F, -0.5F, 2};
    return slopes[test_random_int(&t->random, 0, 5)];
}

/* Rows of A lie anywhere, in pieces: every (tap, row) has its own guarded place, in random order, or rows of a tap in order, a
 * constant step apart. */
static void make_rows(check *t, gemm_case *g)
{
    fov_gemm_f32_call *call = &g->call;
    const size_t       pieces = call->taps * call->lda, room = call->k + (size_t)test_random_int(&t->random, 0, 3);
    const bool         in_order = test_random_int(&t->random, 0, 1);
    g->a = guarded_new(pieces * room, (size_t)test_random_int(&t->random, 0, 15));
    call->a_offset = test_random_int(&t->random, -5, 5);
    call->a_step = in_order ? (ptrdiff_t)(room * sizeof(float)) : 0;
    for (size_t i = 0; i < pieces; i++) {
        size_t slot = (i * 7 + 3) % pieces % pieces;
        if (pieces % 7 == 0 || in_order) slot = i;
        if (i % call->lda < (size_t)call->m) fill(t, g->a.data + slot * room, call->k);
        g->rows[i] = g->a.data + slot * room - call->a_offset;
    }
    call->a = g->rows;
}

static void make_residual(check *t, gemm_case *g)
{
    fov_gemm_f32_call *call = &g->call;
    const size_t       ld = (size_t)call->n + (size_t)test_random_int(&t->random, 0, 3);
    g->residual = guarded_new((size_t)call->m * ld, (size_t)test_random_int(&t->random, 0, 15));
    if (test_random_int(&t->random, 0, 2) == 0) return;
    call->residual_after = test_random_int(&t->random, 0, 1);
    call->residual_offset = test_random_int(&t->random, 0, 9);
    for (int i = 0; i < call->m; i++) {
        fill(t, g->residual.data + (size_t)i * ld, (size_t)call->n);
        g->residual_rows[i] = g->residual.data + (size_t)i * ld - call->residual_offset;
    }
    call->residual = g->residual_rows;
}

static void make_case(check *t, const fov_gemm_f32 *kernel, gemm_case *g)
{
    fov_gemm_f32_call *call = &g->call;
    const size_t       nr = (size_t)kernel->nr;
    *call = (fov_gemm_f32_call){.m = test_random_int(&t->random, 1, kernel->mr),
                                .n = test_random_int(&t->random, 0, 2) ? test_random_int(&t->random, 1, kernel->nr) : kernel->nr,
                                .taps = (size_t)test_random_int(&t->random, 1, 9),
                                .k = (size_t)test_random_int(&t->random, 1, 40),
                                .slope = random_slope(t)};
    call->lda = (size_t)call->m + (size_t)test_random_int(&t->random, 0, 2);
    call->ldc = call->n + test_random_int(&t->random, 0, 20);
    make_rows(t, g);
    make_residual(t, g);
    g->w = guarded_new(nr * (1 + call->taps * call->k), 0);
    memset(g->w.data, 0, g->w.floats * sizeof(float));
    for (size_t r = 0; r < 1 + call->taps * call->k; r++) fill(t, g->w.data + r * nr, (size_t)call->n);
    call->w = g->w.data;
    g->c = guarded_new((size_t)(call->m * call->ldc), (size_t)test_random_int(&t->random, 0, 15));
    call->c = g->c.data;
}

static void compare(check *t, const fov_gemm_f32 *kernel, const gemm_case *g, int i, int j)
{
    const fov_gemm_f32_call *call = &g->call;
    double                   sum = (double)call->w[j], magnitude = fabs(sum), r = 0;
    for (size_t tap = 0; tap < call->taps; tap++)
        for (size_t k = 0; k < call->k; k++) {
            double term = (double)((const float *)call->a[tap * call->lda + (size_t)i])[(ptrdiff_t)k + call->a_offset] *
                          (double)call->w[(size_t)kernel->nr * (1 + tap * call->k + k) + (size_t)j];
            sum += term;
            magnitude += fabs(term);
        }
    if (call->residual) r = (double)((const float *)call->residual[i])[j + call->residual_offset];
    magnitude = (magnitude + fabs(r)) * fmax(1, fabs((double)call->slope));
    if (!call->residual_after) sum += r;
    double want = (sum < 0 ? (double)call->slope * sum : sum) + (call->residual_after ? r : 0);
    float  got = call->c[i * call->ldc + j];
    if (!check_near(got, want, call->taps * call->k + 1, magnitude))
        check_fail(t, "%s: m %d n %d taps %zu k %zu slope %g residual %d: c[%d][%d] is %.9g, should be %.9g", kernel->name, call->m,
                   call->n, call->taps, call->k, (double)call->slope, call->residual ? 1 + call->residual_after : 0, i, j,
                   (double)got, want);
}

static void check_result(check *t, const fov_gemm_f32 *kernel, const gemm_case *g)
{
    const fov_gemm_f32_call *call = &g->call;
    bool                     intact = guarded_intact(&g->c);
    for (int i = 0; i < call->m; i++)
        for (int j = 0; j < (int)call->ldc; j++) {
            if (j < call->n) compare(t, kernel, g, i, j);
            else intact = intact && guarded_is_guard(call->c[i * call->ldc + j]);
        }
    if (!intact) check_fail(t, "%s: m %d n %d ldc %td: wrote outside of C", kernel->name, call->m, call->n, call->ldc);
}

/* A row must not depend on the tile it is computed in: each row alone gives the same bits. */
static void check_rows_alone(check *t, const fov_gemm_f32 *kernel, const gemm_case *g)
{
    float             alone[FOV_GEMM_MAX_NR];
    fov_gemm_f32_call call = g->call;
    call.m = 1;
    call.c = alone;
    for (int i = 0; i < g->call.m; i++) {
        call.a = g->call.a + i;
        if (g->call.residual) call.residual = g->call.residual + i;
        kernel->run(&call);
        if (memcmp(alone, g->call.c + i * g->call.ldc, (size_t)call.n * sizeof *alone) != 0)
            check_fail(t, "%s: row %d of %d differs when computed alone", kernel->name, i, g->call.m);
    }
}

static void check_kernel(check *t, const fov_gemm_f32 *kernel)
{
    static gemm_case g;
    for (int i = 0; i < CASES; i++) {
        make_case(t, kernel, &g);
        kernel->run(&g.call);
        check_result(t, kernel, &g);
        check_rows_alone(t, kernel, &g);
        guarded_free(&g.a);
        guarded_free(&g.w);
        guarded_free(&g.c);
        guarded_free(&g.residual);
    }
}

void check_gemm(check *t)
{
    for (int i = 0; i < FOV_GEMM_WIDTHS; i++) {
        const fov_gemm_f32 *kernel = &t->now.gemm[i];
        if (!kernel->nr || kernel->run == t->below.gemm[i].run || !check_begin(t, kernel->name)) continue;
        check_kernel(t, kernel);
        check_end(t);
    }
}
