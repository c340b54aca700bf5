// SPDX-License-Identifier: MIT
/* Choosing ranges from histograms, against brute force; and histograms that do not know in which order they were filled. */
#include "support.h"

#include "quant/choose.h"
#include "quant/tally.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 20000, SIDE = FOV_HISTOGRAM_SIDE, BINS = FOV_HISTOGRAM_BINS };

static float normal(test_random *r)
{
    float sum = 0;
    for (int i = 0; i < 12; i++) sum += test_random_float(r, 0, 1);
    return sum - 6;
}

/* What activations look like: a bulk, a short negative side, exact zeros, and outliers far away. */
static void fill(float *x, int count, uint64_t seed, float outliers)
{
    test_random r = {seed};
    for (int i = 0; i < count; i++) {
        x[i] = normal(&r);
        if (x[i] < 0) x[i] *= 0.1F;
        if (i % 7 == 0) x[i] = 0;
        if (i % 1000 == 0) x[i] *= outliers;
    }
}

static fov_view dense(float *x, int channels, int pixels)
{
    return fov_view_nhwc(1, channels, 1, pixels, channels, x);
}

/* A tally of `x` given in `parts` pieces, from the last to the first when `backwards`. */
static void tally_parts(fov_tally *tally, float *x, int channels, int pixels, int parts, bool backwards, int threads)
{
    fov_tally_scratch scratch;
    fov_pool         *pool;
    fov_error         err = {0};
    assert_ok(fov_tally_init(tally, channels, &err));
    assert_ok(fov_pool_new(threads, &pool, &err));
    assert_ok(fov_tally_scratch_init(&scratch, threads, &err));
    for (int i = 0; i < parts; i++) {
        const int part = backwards ? parts - 1 - i : i, first = pixels * part / parts, end = pixels * (part + 1) / parts;
        fov_view  view = dense(x + (ptrdiff_t)first * channels, channels, end - first);
        assert_ok(fov_tally_add(tally, &view, &scratch, pool, &err));
    }
    fov_tally_scratch_clear(&scratch);
    fov_pool_free(pool);
}

static void assert_same_tallies(const fov_tally *a, const fov_tally *b)
{
    assert_int_equal(a->histogram.exponent, b->histogram.exponent);
    assert_true(a->histogram.lo == b->histogram.lo && a->histogram.hi == b->histogram.hi);
    assert_int_equal(a->histogram.zeros, b->histogram.zeros);
    assert_memory_equal(a->histogram.bin, b->histogram.bin, BINS * sizeof(uint64_t));
    assert_memory_equal(a->lo, b->lo, (size_t)a->channels * sizeof(float));
    assert_memory_equal(a->hi, b->hi, (size_t)a->channels * sizeof(float));
    assert_memory_equal(a->sum, b->sum, (size_t)a->channels * sizeof(fov_exact_sum));
    assert_int_equal(a->pixels, b->pixels);
}

static void histogram_of(fov_histogram *histogram, const float *x, size_t count)
{
    fov_error err = {0};
    uint32_t *bin = calloc(BINS, sizeof *bin);
    assert_non_null(bin);
    assert_ok(fov_histogram_init(histogram, &err));
    for (size_t i = 0; i < count; i++) fov_histogram_cover(histogram, x[i], x[i]);
    const size_t zeros = fov_histogram_count(histogram, x, count, bin);
    fov_histogram_take(histogram, bin, zeros);
    free(bin);
}

/* ---------------------------------------------------------------- histograms */

static void test_order_cannot_be_seen(void **state)
{
    enum { CHANNELS = 20, PIXELS = COUNT / CHANNELS };
    static float x[COUNT];
    fov_tally    a, b, c;
    (void)state;
    fill(x, COUNT, 1, 50);
    for (int i = 0; i < 40; i++) x[COUNT - 1 - i] = 1000.0F * (float)i; /* the last part widens the bins most */
    tally_parts(&a, x, CHANNELS, PIXELS, 10, false, 1);
    tally_parts(&b, x, CHANNELS, PIXELS, 10, true, 1);
    tally_parts(&c, x, CHANNELS, PIXELS, 10, true, 3);
    assert_same_tallies(&a, &b);
    assert_same_tallies(&a, &c);
    assert_int_equal(fov_histogram_total(&a.histogram), COUNT);
    fov_tally_clear(&a);
    fov_tally_clear(&b);
    fov_tally_clear(&c);
}

static void test_merged_is_as_if_counted_together(void **state)
{
    static float x[COUNT];
    fov_tally    whole, half, other;
    (void)state;
    fill(x, COUNT, 2, 500);
    tally_parts(&whole, x, 2, COUNT / 2, 2, false, 1);
    tally_parts(&half, x, 2, COUNT / 4, 1, false, 1);
    tally_parts(&other, x + COUNT / 2, 2, COUNT / 4, 1, false, 1);
    fov_tally_merge(&half, &other, 0);
    assert_same_tallies(&whole, &half);
    fov_tally_clear(&whole);
    fov_tally_clear(&half);
    fov_tally_clear(&other);
}

static void test_bins_hold_what_they_say(void **state)
{
    static float  x[COUNT];
    fov_histogram h;
    uint64_t      expected[BINS] = {0};
    (void)state;
    fill(x, COUNT, 3, 30);
    histogram_of(&h, x, COUNT);
    for (int i = 0; i < COUNT; i++) {
        const double at = fabs((double)x[i]) / fov_histogram_width(&h);
        if (x[i] != 0) expected[x[i] > 0 ? SIDE + (int)at : SIDE - 1 - (int)at]++;
    }
    assert_memory_equal(h.bin, expected, sizeof expected);
    assert_true((double)h.hi / fov_histogram_width(&h) >= SIDE / 2); /* half of the larger side is in use */
    fov_histogram_clear(&h);
}

static void test_extremes(void **state)
{
    const float   x[] = {3.4e38F, -3.4e38F, 1e-45F, -1e-45F, 0.0F, -0.0F};
    fov_histogram h;
    (void)state;
    histogram_of(&h, x, 6);
    assert_int_equal(h.zeros, 2);
    assert_int_equal(h.bin[SIDE], 1);
    assert_int_equal(h.bin[SIDE - 1], 1);
    assert_int_equal(fov_histogram_total(&h), 6);
    fov_histogram_clear(&h);
}

static void test_not_finite_is_refused(void **state)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (int i = 0; i < 3; i++) {
        float             x[64] = {1};
        fov_error         err = {0};
        fov_tally         tally;
        fov_tally_scratch scratch;
        fov_view          view = dense(x, 8, 8);
        x[37] = bad[i];
        assert_ok(fov_tally_init(&tally, 8, &err));
        assert_ok(fov_tally_scratch_init(&scratch, 1, &err));
        assert_int_equal(fov_tally_add(&tally, &view, &scratch, NULL, &err), FOV_ERR_FORMAT);
        assert_non_null(strstr(err.message, "not finite"));
        assert_int_equal(fov_histogram_total(&tally.histogram), 0);
        fov_tally_scratch_clear(&scratch);
        fov_tally_clear(&tally);
    }
}

/* Pixels that stand further apart than they have channels: a slice of a wider value. */
static void test_slices(void **state)
{
    static float      x[COUNT];
    fov_tally         dense_one, slice;
    fov_tally_scratch scratch;
    fov_error         err = {0};
    float             part[COUNT / 2];
    (void)state;
    fill(x, COUNT, 4, 5);
    for (int p = 0; p < COUNT / 16; p++) memcpy(part + p * 8, x + p * 16 + 8, 8 * sizeof *part);
    tally_parts(&dense_one, part, 8, COUNT / 16, 1, false, 1);
    fov_view view = fov_view_nhwc(1, 8, 1, COUNT / 16, 16, x + 8);
    assert_ok(fov_tally_init(&slice, 8, &err));
    assert_ok(fov_tally_scratch_init(&scratch, 1, &err));
    assert_ok(fov_tally_add(&slice, &view, &scratch, NULL, &err));
    assert_same_tallies(&dense_one, &slice);
    fov_tally_scratch_clear(&scratch);
    fov_tally_clear(&dense_one);
    fov_tally_clear(&slice);
}

/* ---------------------------------------------------------------- methods */

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void test_percentile_is_a_quantile(void **state)
{
    static const double percents[] = {60, 90, 99, 99.9, 100};
    static float        x[COUNT];
    fov_histogram       h;
    fov_error           err = {0};
    (void)state;
    fill(x, COUNT, 5, 40);
    histogram_of(&h, x, COUNT);
    qsort(x, COUNT, sizeof *x, by_value);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        const int   beyond = (int)floor(COUNT * (100 - percents[i]) / 100 + 1e-9);
        const float expected_hi = fmaxf(x[COUNT - 1 - beyond], 0), expected_lo = fminf(x[beyond], 0);
        float       lo, hi;
        assert_ok(fov_choose_percentile(&h, percents[i], &lo, &hi, &err));
        assert_true(fabs((double)(hi - expected_hi)) <= fov_histogram_width(&h));
        assert_true(fabs((double)(lo - expected_lo)) <= fov_histogram_width(&h));
        if (percents[i] >= 100) assert_true(lo == expected_lo && hi == expected_hi);
    }
    fov_histogram_clear(&h);
}

/* Squared error of quantising the middles of all bins, one by one. */
static double brute_error(const fov_histogram *h, double lo, double hi)
{
    const double width = fov_histogram_width(h), step = (hi - lo) / FOV_STEPS, zero = rint(-lo / step);
    double       sum = 0;
    for (int i = 0; i < BINS; i++) {
        const double middle = (i - SIDE + 0.5) * width;
        const double code = fmin(fmax(rint(middle / step) + zero, 0), FOV_STEPS);
        sum += (double)h->bin[i] * pow(middle - (code - zero) * step, 2);
    }
    return sum;
}

static void check_mse(uint64_t seed, float outliers)
{
    enum { GRID = 60 };
    static float  x[COUNT];
    fov_histogram h;
    fov_error     err = {0};
    float         lo, hi;
    double        least = INFINITY;
    fill(x, COUNT, seed, outliers);
    histogram_of(&h, x, COUNT);
    assert_ok(fov_choose_mse(&h, &lo, &hi, &err));
    assert_true(lo <= 0 && hi >= 0 && lo >= h.lo && hi <= h.hi);
    for (int i = 0; i <= GRID; i++)
        for (int j = 1; j <= GRID; j++) least = fmin(least, brute_error(&h, (double)h.lo * i / GRID, (double)h.hi * j / GRID));
    assert_true(brute_error(&h, (double)lo, (double)hi) <= least * 1.02);
    fov_histogram_clear(&h);
}

static void test_mse_is_the_least(void **state)
{
    (void)state;
    check_mse(6, 1);
    check_mse(7, 8);
    check_mse(8, 200);
}

/* Divergence as it is defined: P and Q built bin by bin. */
static double brute_divergence(const fov_histogram *h, int first, int end)
{
    enum { RUNS = FOV_STEPS + 1 };
    static double p[BINS], q[BINS];
    double        all = 0, inside = 0, sum = 0;
    for (int i = first; i < end; i++) p[i] = (double)h->bin[i], q[i] = 0;
    for (int i = 0; i < BINS; i++) {
        all += (double)h->bin[i];
        if (i < first) p[first] += (double)h->bin[i];
        if (i >= end) p[end - 1] += (double)h->bin[i];
    }
    for (int run = 0; run < RUNS; run++) {
        const int from = first + (end - first) * run / RUNS, to = first + (end - first) * (run + 1) / RUNS;
        double    kept = 0;
        int       filled = 0;
        for (int i = from; i < to; i++) kept += (double)h->bin[i], filled += p[i] > 0;
        for (int i = from; i < to; i++) q[i] = p[i] > 0 ? kept / filled : 0;
        inside += kept;
    }
    for (int i = first; i < end; i++) {
        if (p[i] > 0 && q[i] <= 0) return INFINITY;
        if (p[i] > 0) sum += p[i] / all * log(p[i] / all / (q[i] / inside));
    }
    return sum;
}

static void check_entropy(uint64_t seed, float outliers)
{
    static float  x[COUNT];
    fov_histogram h;
    fov_error     err = {0};
    float         lo, hi;
    int           used_first = BINS, used_end = 0, best = 0;
    double        least = INFINITY;
    fill(x, COUNT, seed, outliers);
    histogram_of(&h, x, COUNT);
    for (int i = 0; i < BINS; i++)
        if (h.bin[i]) used_first = i < used_first ? i : used_first, used_end = i + 1;
    for (int reach = 128; reach <= SIDE; reach++) {
        const int first = used_first > SIDE - reach ? used_first : SIDE - reach;
        const int end = used_end < SIDE + reach ? used_end : SIDE + reach;
        if (end - first <= FOV_STEPS) continue;
        const double here = brute_divergence(&h, first, end);
        if (here < least - 1e-9) least = here, best = reach;
    }
    assert_ok(fov_choose_entropy(&h, &lo, &hi, &err));
    const double width = fov_histogram_width(&h), expected = fmin(best * width, (double)h.hi);
    assert_true(fabs((double)hi - expected) <= width * 1.01);
    assert_true((double)lo == fmax(-best * width, (double)h.lo) || fabs((double)lo + expected) <= width * 1.01);
    fov_histogram_clear(&h);
}

static void test_entropy_is_the_least(void **state)
{
    (void)state;
    check_entropy(9, 1);
    check_entropy(10, 20);
}

static void test_nothing_but_zeros(void **state)
{
    const float   x[4] = {0};
    fov_histogram h;
    fov_error     err = {0};
    float         lo = 1, hi = 2;
    (void)state;
    histogram_of(&h, x, 4);
    assert_ok(fov_choose_entropy(&h, &lo, &hi, &err));
    assert_true(lo == 0 && hi == 0);
    assert_ok(fov_choose_mse(&h, &lo, &hi, &err));
    assert_true(lo == 0 && hi == 0);
    assert_ok(fov_choose_percentile(&h, 99, &lo, &hi, &err));
    assert_true(lo == 0 && hi == 0);
    fov_histogram_clear(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_cannot_be_seen),     cmocka_unit_test(test_merged_is_as_if_counted_together),
        cmocka_unit_test(test_bins_hold_what_they_say),  cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_not_finite_is_refused),    cmocka_unit_test(test_slices),
        cmocka_unit_test(test_percentile_is_a_quantile), cmocka_unit_test(test_mse_is_the_least),
        cmocka_unit_test(test_entropy_is_the_least),     cmocka_unit_test(test_nothing_but_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
