// SPDX-License-Identifier: MIT
/* The GEMM kernels that take four bytes along k at once, and what ends their sums: integers to the bit, whatever the numbers. */
#include "check.h"
#include "half_sum.h"
#include "typed.h"

#include "base/alloc.h"
#include "base/half.h"

#include <math.h>
#include <string.h>

enum { CASES = 300, MAX_TAPS = 9, MAX_GROUPS = 40, GROUP = 4, USUAL_GROUPS = 12, MAX_PIECES = MAX_TAPS * (FOV_GEMM_MAX_MR + 2) };

/* Numbers of one operand, as the kernel's groups hold them. */
typedef struct operand {
    int16_t low, high;
    bool    extreme, same; /* only low and high; only high */
} operand;

typedef struct dot_case {
    fov_gemm_dot_call call;
    guarded           w, sum;
    unsigned char     a[MAX_PIECES][MAX_GROUPS * GROUP + 4 + FOV_OVERREAD];
    const void       *rows[MAX_PIECES];
} dot_case;

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static int per_group(fov_gemm_group group)
{
    return group == FOV_GROUP_U8 ? 4 : 2;
}

static int random_number(check *t, const operand *o)
{
    if (o->same) return o->high;
    return o->extreme ? (pick(t, 0, 1) ? o->low : o->high) : pick(t, o->low, o->high);
}

/* Mostly numbers around 1, some subnormal; or of all sizes of which none overflows a run. */
static uint16_t random_half(check *t, float real, bool extreme)
{
    if (extreme) return fov_half_from_float(ldexpf(real, pick(t, -24, 3)));
    return fov_half_from_float(pick(t, 0, 15) ? real : ldexpf(real, -18));
}

static void fill_group(check *t, fov_gemm_group group, const operand *o, unsigned char *to)
{
    for (int i = 0; i < per_group(group); i++) {
        const int      number = random_number(t, o);
        const int16_t  wide = (int16_t)number;
        const float    real = test_random_float(&t->random, -1, 1);
        const uint16_t half = group == FOV_GROUP_F16 ? random_half(t, real, o->extreme) : fov_bf16_from_float(real);
        if (group == FOV_GROUP_U8) to[i] = (unsigned char)number;
        else memcpy(to + 2 * i, group == FOV_GROUP_S16 ? (const void *)&wide : &half, 2);
    }
}

static double number_at(fov_gemm_group group, const unsigned char *from, int i, bool is_signed)
{
    uint16_t half;
    if (group == FOV_GROUP_U8) return is_signed ? (int8_t)from[i] : from[i];
    memcpy(&half, from + 2 * i, sizeof half);
    return group == FOV_GROUP_S16 ? (int16_t)half : (double)fov_float_from_bf16(half);
}

static bool takes_integers(const fov_gemm_dot *kernel)
{
    return kernel->group == FOV_GROUP_U8 || kernel->group == FOV_GROUP_S16;
}

static void make_case(check *t, const fov_gemm_dot *kernel, dot_case *d)
{
    fov_gemm_dot_call *call = &d->call;
    const size_t       nr = (size_t)kernel->nr;
    const bool         wide = kernel->group == FOV_GROUP_S16; /* a transformed input, and transformed filters (winograd_int8.h) */
    const int16_t      most_a = wide ? 12750 : 255, most_w = wide ? 6272 : 127;
    const operand      a = {wide ? (int16_t)-most_a : 0, most_a, pick(t, 0, 1), pick(t, 0, 3) == 0},
                  w = {(int16_t)-most_w, pick(t, 0, 1) ? most_w : (int16_t)-most_w, a.extreme, a.same};
    *call = (fov_gemm_dot_call){.m = pick(t, 1, kernel->mr),
                                .taps = (size_t)pick(t, 1, MAX_TAPS),
                                .groups = (size_t)pick(t, 1, pick(t, 0, 3) ? USUAL_GROUPS : MAX_GROUPS),
                                .a = d->rows,
                                .a_offset = pick(t, -5, 5)};
    call->lda = (size_t)call->m + (size_t)pick(t, 0, 2);
    const int constant = pick(t, 0, 1) ? pick(t, 0, 3) : -1;
    call->a_step = constant < 0 ? 0 : (ptrdiff_t)sizeof d->a[0];
    for (size_t i = 0; i < call->taps * call->lda; i++) {
        const int shift = constant < 0 ? pick(t, 0, 3) : constant; /* rows begin anywhere */
        for (size_t g = 0; g < call->groups; g++) fill_group(t, kernel->group, &a, d->a[i] + shift + GROUP * g);
        d->rows[i] = d->a[i] + shift - call->a_offset;
    }
    d->w = guarded_new(nr * (1 + call->taps * call->groups), 0);
    for (size_t i = 0; i < d->w.floats; i++) fill_group(t, kernel->group, &w, (unsigned char *)(d->w.data + i));
    for (size_t j = 0; j < nr && !takes_integers(kernel); j++)
        d->w.data[j] = kernel->group == FOV_GROUP_BF16 ? 0 : ldexpf(1, pick(t, -20, 20));
    d->sum = guarded_new((size_t)call->m * nr, 0);
    call->w = d->w.data;
    call->sum = d->sum.data;
}

/* Of halves, to the bit, and near the exact sum. */
static void compare_halves(check *t, const fov_gemm_dot *kernel, const dot_case *d, int row, int column)
{
    const fov_gemm_dot_call *call = &d->call;
    const size_t             nr = (size_t)kernel->nr;
    const float              factor = d->w.data[column], got = d->sum.data[row * kernel->nr + column];
    half_sum                 sum = {0};
    for (size_t i = 0; i < call->taps * call->groups; i++) {
        const size_t tap = i / call->groups, g = i % call->groups;
        uint16_t     a[2], w[2];
        memcpy(a, (const unsigned char *)call->a[tap * call->lda + (size_t)row] + call->a_offset + GROUP * g, sizeof a);
        memcpy(w, d->w.data + nr * (1 + i) + column, sizeof w);
        half_sum_add(&sum, a, w);
    }
    const float  want = half_sum_of(&sum, factor);
    const double exact = sum.exact * (double)factor;
    const double bound = half_sum_bound(sum.group, sum.magnitudes * (double)factor, sum.inputs, (double)factor);
    if (memcmp(&got, &want, sizeof got) != 0 || !(fabs((double)got - exact) <= bound))
        check_fail(t, "%s: m %d taps %zu groups %zu: sum[%d][%d] is %.9g, should be %.9g, exactly %g, within %g", kernel->name,
                   call->m, call->taps, call->groups, row, column, (double)got, (double)want, exact, bound);
}

static void compare(check *t, const fov_gemm_dot *kernel, const dot_case *d, int row, int column)
{
    const fov_gemm_dot_call *call = &d->call;
    const size_t             nr = (size_t)kernel->nr, at = (size_t)row * nr + (size_t)column;
    int32_t                  start, got;
    memcpy(&start, d->w.data + column, sizeof start);
    memcpy(&got, d->sum.data + at, sizeof got);
    double sum = kernel->group == FOV_GROUP_BF16 ? 0 : start, magnitude = 0;
    for (size_t i = 0; i < call->taps * call->groups; i++)
        for (int e = 0; e < per_group(kernel->group); e++) {
            const size_t         tap = i / call->groups, g = i % call->groups;
            const unsigned char *a = (const unsigned char *)call->a[tap * call->lda + (size_t)row] + call->a_offset + GROUP * g;
            const unsigned char *w = (const unsigned char *)(d->w.data + nr * (1 + i) + column);
            const double         term = number_at(kernel->group, a, e, false) * number_at(kernel->group, w, e, true);
            sum += term;
            magnitude += fabs(term);
        }
    const bool right = kernel->group == FOV_GROUP_BF16 ? check_near(d->sum.data[at], sum, 2 * call->taps * call->groups, magnitude)
                                                       : (uint32_t)got == (uint32_t)(int64_t)sum;
    if (!right)
        check_fail(t, "%s: m %d taps %zu groups %zu: sum[%d][%d] is %g, should be %g", kernel->name, call->m, call->taps,
                   call->groups, row, column, kernel->group == FOV_GROUP_BF16 ? (double)d->sum.data[at] : got, sum);
}

/* A row must not depend on the tile it is computed in. */
static void check_rows_alone(check *t, const fov_gemm_dot *kernel, const dot_case *d)
{
    _Alignas(64) float alone[FOV_GEMM_MAX_NR];
    fov_gemm_dot_call  call = d->call;
    call.m = 1;
    call.sum = alone;
    for (int i = 0; i < d->call.m; i++) {
        call.a = d->call.a + i;
        kernel->run(&call);
        if (memcmp(alone, d->sum.data + i * kernel->nr, (size_t)kernel->nr * sizeof *alone) != 0)
            check_fail(t, "%s: row %d of %d differs when computed alone", kernel->name, i, d->call.m);
    }
}

static void check_kernel(check *t, const fov_gemm_dot *kernel, const fov_gemm_tiles *tiles)
{
    static dot_case d;
    for (int i = 0; i < CASES; i++) {
        make_case(t, kernel, &d);
        if (tiles) tiles->begin(d.call.groups);
        kernel->run(&d.call);
        for (int row = 0; row < d.call.m; row++)
            for (int column = 0; column < kernel->nr; column++)
                (kernel->group == FOV_GROUP_F16 ? compare_halves : compare)(t, kernel, &d, row, column);
        if (!guarded_intact(&d.sum)) check_fail(t, "%s: m %d: wrote outside of its sums", kernel->name, d.call.m);
        check_rows_alone(t, kernel, &d);
        if (tiles) tiles->end();
        guarded_free(&d.w);
        guarded_free(&d.sum);
    }
}

void check_dot_kernels(check *t, const fov_gemm_dot *now, const fov_gemm_dot *below)
{
    for (int i = 0; i < FOV_GEMM_WIDTHS; i++) {
        if (!now[i].nr || now[i].run == below[i].run || !check_begin(t, now[i].name)) continue;
        check_kernel(t, &now[i], NULL);
        check_end(t);
    }
}

void check_dot_tiles(check *t, const fov_gemm_tiles *now, const fov_gemm_tiles *below)
{
    for (int i = 0; i < FOV_GEMM_WIDTHS; i++) {
        const fov_gemm_dot *kernel = &now->kernel[i];
        if (!kernel->nr || kernel->run == below->kernel[i].run || !check_begin(t, kernel->name)) continue;
        check_kernel(t, kernel, now);
        check_end(t);
    }
}

void check_dot(check *t)
{
    check_dot_kernels(t, t->now.gemm_int8, t->below.gemm_int8);
    check_dot_kernels(t, t->now.gemm_bf16, t->below.gemm_bf16);
    check_dot_kernels(t, t->now.gemm_f16, t->below.gemm_f16);
    if (t->now.winograd_int8.products[0].run != t->now.gemm_int8[0].run)
        check_dot_kernels(t, t->now.winograd_int8.products, t->below.winograd_int8.products);
    check_dot_tiles(t, &t->now.tile_int8, &t->below.tile_int8);
    check_dot_tiles(t, &t->now.tile_bf16, &t->below.tile_bf16);
}
