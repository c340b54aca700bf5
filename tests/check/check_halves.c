// SPDX-License-Identifier: MIT
/* The GEMM that multiplies in half precision (backend/cpu/half_tile.h) on halves of plain C, so that every machine proves what
 * surrounds the few instructions: rows, runs, panels; how weights are packed for it; and that it does not overflow. */
#include "check.h"
#include "conv_case.h"
#include "half_sum.h"

#include "backend/cpu/conv.h"
#include "backend/cpu/half_pack.h"
#include "base/alloc.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

enum { LANES = 4, MAX_ROWS = 14, MAX_VECS = 2, PACKED = 200, MAX_WEIGHTS = 300 };

/* A call each: there is nothing to win by making dozens of instances of them. */
#define APART static __attribute__((noinline))

typedef struct halves {
    uint16_t h[2 * LANES];
} halves;

typedef struct sums {
    float f[2 * LANES];
} sums;

APART halves halves_load(const void *p)
{
    halves h;
    memcpy(&h, p, sizeof h);
    return h;
}

APART halves halves_set1(const void *p)
{
    halves h;
    for (int i = 0; i < LANES; i++) memcpy(h.h + 2 * i, p, 2 * sizeof *h.h);
    return h;
}

APART halves halves_zero(void)
{
    return (halves){0};
}

APART halves halves_fma(halves a, halves w, halves h)
{
    for (int i = 0; i < 2 * LANES; i++) h.h[i] = half_fma(a.h[i], w.h[i], h.h[i]);
    return h;
}

APART sums sums_load(const float *p, bool written)
{
    sums s = {0};
    if (written) memcpy(&s, p, sizeof s);
    return s;
}

APART void sums_store(float *p, sums s)
{
    memcpy(p, &s, sizeof s);
}

APART sums sums_add(sums s, halves h)
{
    for (int i = 0; i < 2 * LANES; i++) s.f[i] += fov_float_from_half(h.h[i]);
    return s;
}

APART void columns_store(float *p, sums s, const float *factor)
{
    for (int i = 0; i < LANES; i++) p[i] = (s.f[2 * i] + s.f[2 * i + 1]) * factor[i];
}

#include "backend/cpu/half_tile.h"

INSTANCES_14(HALF_TILE, 1)
INSTANCES_6(HALF_TILE, 2)
HALF_KERNEL(emulated_6x8, 6, 2)
HALF_KERNEL(emulated_14x4, 14, 1)

static const fov_gemm_dot emulated[FOV_GEMM_WIDTHS] = {{"f16_emulated_6x8", 6, 8, FOV_GROUP_F16, emulated_6x8},
                                                       {"f16_emulated_14x4", MAX_ROWS, 4, FOV_GROUP_F16, emulated_14x4}};

/* ---------------------------------------------------------------- packing */

/* The half of every sum of a run stays between 1/4 and 1/2 in the channel's largest, and below in others. */
static void check_scale(check *t)
{
    float weight[MAX_WEIGHTS];
    if (!check_begin(t, "half_pack")) return;
    for (int i = 0; i < PACKED; i++) {
        const float    largest = ldexpf(1, test_random_int(&t->random, -24, 15));
        const size_t   n = (size_t)test_random_int(&t->random, 1, MAX_WEIGHTS);
        fov_half_reach reach = {0};
        double         most = 0;
        for (size_t k = 0; k < n; k++) {
            weight[k] = fov_float_from_half(fov_half_from_float(test_random_float(&t->random, -largest, largest)));
            fov_half_reach_add(&reach, k / 2, k % 2, weight[k]);
        }
        for (size_t first = 0; first < n; first++) { /* each place of each run: its own sum */
            double sum = 0;
            if (first % (2 * FOV_HALF_RUN) > 1) continue;
            for (size_t k = first; k < n && k < first - first % 2 + 2 * FOV_HALF_RUN; k += 2) sum += fabs((double)weight[k]);
            most = fmax(most, sum);
        }
        const double scaled = most * (double)fov_half_scale(&reach);
        if (most > 0 && !(scaled >= 0.25 && scaled < 0.5)) check_fail(t, "%zu weights of up to %g come to %g", n, most, scaled);
    }
    const float odd[] = {0, INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        fov_half_reach reach = {0};
        fov_half_reach_add(&reach, 0, 0, odd[i]);
        fov_half_reach_add(&reach, 0, 1, odd[i] == 0 ? 0.0F : 1.0F);
        if (fov_half_scale(&reach) != 1)
            check_fail(t, "weights of %g are scaled by %g", (double)odd[i], (double)fov_half_scale(&reach));
    }
    check_end(t);
}

/* ---------------------------------------------------------------- overflow */

/* One pixel of `cin` channels through 1x1; the sums as floats. */
static void run_pixel(check *t, const fov_kernels *kernels, fov_pool *pool, int64_t cin, const uint16_t *x, const uint16_t *w,
                      float *y)
{
    fov_graph  *graph = fov_graph_new();
    fov_lowered lowered = {0};
    fov_error   err = {0};
    int         in[2] = {fov_graph_add_value(graph, "x", FOV_F32, &(fov_shape){4, {1, cin, 1, 1}}, NULL),
                         fov_graph_add_constant(graph, "w", FOV_F16, &(fov_shape){4, {1, cin, 1, 1}}, NULL, NULL, NULL)};
    int         out = fov_graph_add_value(graph, "y", FOV_F32, NULL, NULL);
    fov_graph_set_storage(graph, in[0], FOV_F16, NULL, NULL);
    memcpy(graph->value[in[1]].data, w, (size_t)cin * sizeof *w);
    fov_graph_add_node(graph, "pixel", FOV_OP_Conv, in, 2, &out, 1, NULL);
    fov_view        x_view = fov_view_nhwc_of(FOV_F16, 1, cin, 1, 1, cin, NULL), y_view = fov_view_nhwc(1, 1, 1, 1, 1, y);
    const fov_view *views[2] = {&x_view, NULL};
    x_view.data = fov_alloc_aligned((size_t)cin * sizeof *x + FOV_OVERREAD);
    memcpy(x_view.data, x, (size_t)cin * sizeof *x);
    fov_status st = fov_cpu_conv(graph, &graph->node[0], kernels, &lowered, &err);
    void      *scratch = st ? NULL : fov_alloc_aligned(lowered.scratch(lowered.impl, views, &y_view, 1) + 1);
    if (!st) st = lowered.run(lowered.impl, views, &y_view, scratch, pool, &err);
    if (st) check_fail(t, "%s", err.message);
    fov_free_aligned(scratch);
    fov_free_aligned(x_view.data);
    if (lowered.free) lowered.free(lowered.impl);
    fov_graph_free(graph);
}

/* The largest halves there are, of one sign, so that nothing cancels; then an input that is infinite, which must stay so. */
static void check_overflow(check *t, const fov_kernels *kernels)
{
    enum { CIN = 150, LARGEST = 0x7bff, INFINITE = 0x7c00 };
    uint16_t  x[CIN], w[CIN];
    fov_pool *pool;
    if (!check_begin(t, "halves that are large")) return;
    fov_pool_new(1, &pool, NULL);
    for (int64_t cin = 2; cin <= CIN && !t->failing; cin++) { /* a single one is depthwise */
        float        y;
        const double want = 65504.0 * 65504 * (double)cin;
        for (int64_t k = 0; k < cin; k++) x[k] = w[k] = LARGEST;
        run_pixel(t, kernels, pool, cin, x, w, &y);
        if (!(fabs((double)y - want) <= half_sum_bound((size_t)cin, want, 1, 1)))
            check_fail(t, "%lld products of the largest halves are %g, should be %g", (long long)cin, (double)y, want);
        x[cin / 2] = INFINITE;
        run_pixel(t, kernels, pool, cin, x, w, &y);
        if (!isinf(y)) check_fail(t, "infinity among %lld is %g", (long long)cin, (double)y);
    }
    fov_pool_free(pool);
    check_end(t);
}

void check_halves(check *t)
{
    static const fov_gemm_dot none[FOV_GEMM_WIDTHS];
    fov_kernels               kernels = t->now;
    memcpy(kernels.gemm_f16, emulated, sizeof emulated);
    check_dot_kernels(t, emulated, none);
    check_scale(t);
    check_overflow(t, &kernels);
    check_conv_with(t, "lowering Conv of f16, emulated", FOV_F16, &kernels);
}
