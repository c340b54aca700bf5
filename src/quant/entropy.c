// SPDX-License-Identifier: MIT
/* Entropy calibration, as TensorRT's calibrator is known to work (Migacz, "8-bit inference with TensorRT", GTC 2017): of all
 * thresholds take the one where what 8 bits keep of the distribution is nearest to the distribution, by Kullback-Leibler
 * divergence.
 *
 * Two things differ because our codes do. Both signs share 255 steps, so a threshold T gives the range max(min, -T) .. min(max, T)
 * and a tensor without negative numbers has all steps for the positive ones. And exact zeros are left out: any range has a code
 * for them, and after a ReLU they would drown everything else.
 *
 * For a range of bins a .. b: P is the counts, with those outside added to the bins at the ends. Q is the counts inside divided
 * into 256 runs, each run's sum spread evenly over those of its bins that are not empty. The divergence is sum p log(p / q),  p = P
 * / N,  q = Q / M,  N = all, M = those inside = (sum P log P - sum over runs of (P in the run) * log(Q of each of its bins)) / N -
 * log N + log M and with running sums over the bins each candidate costs its 256 runs, not its thousands of bins. */
#include "quant/choose.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

enum { SIDE = FOV_HISTOGRAM_SIDE, BINS = FOV_HISTOGRAM_BINS, RUNS = FOV_STEPS + 1 };

/* Running sums over the bins in ascending order; entry i is over the bins before i. */
typedef struct sums {
    double *count, *log_count; /* of P, of P log P */
    int    *filled;            /* bins that are not empty */
    int     first, end;        /* the bins in use */
} sums;

static void clear(sums *s)
{
    fov_free(s->count);
    fov_free(s->log_count);
    fov_free(s->filled);
}

static double xlogx(double x)
{
    return x > 0 ? x * log(x) : 0;
}

static fov_status make_sums(const fov_histogram *histogram, sums *s, fov_error *err)
{
    *s = (sums){fov_calloc(BINS + 1, sizeof *s->count), fov_calloc(BINS + 1, sizeof *s->log_count),
                fov_calloc(BINS + 1, sizeof *s->filled), SIDE, SIDE};
    if (!s->count || !s->log_count || !s->filled) return fov_fail_memory(err, "entropy calibration");
    for (int i = 0; i < BINS; i++) {
        const double here = (double)histogram->bin[i];
        s->count[i + 1] = s->count[i] + here;
        s->log_count[i + 1] = s->log_count[i] + xlogx(here);
        s->filled[i + 1] = s->filled[i] + (here > 0);
        if (here > 0 && i < s->first) s->first = i;
        if (here > 0 && i >= s->end) s->end = i + 1;
    }
    return FOV_OK;
}

static double between(const double *running, int first, int end)
{
    return running[end] - running[first];
}

/* What a bin at an end gains in P log P when those outside join it. */
static double gain_in_log(const sums *s, int bin, double outside)
{
    const double here = between(s->count, bin, bin + 1);
    return xlogx(here + outside) - xlogx(here);
}

static bool is_empty(const sums *s, int bin)
{
    return s->filled[bin] == s->filled[bin + 1];
}

/* Divergence of the range of bins first .. end - 1, which are at least as many as runs. */
static double divergence(const sums *s, int first, int end)
{
    const double below = s->count[first], above = s->count[BINS] - s->count[end];
    const double all = s->count[BINS], inside = between(s->count, first, end);
    double log_p = between(s->log_count, first, end) + gain_in_log(s, first, below) + gain_in_log(s, end - 1, above), cross = 0;
    for (int run = 0; run < RUNS; run++) {
        const int    from = first + (int)((int64_t)(end - first) * run / RUNS);
        const int    to = first + (int)((int64_t)(end - first) * (run + 1) / RUNS);
        const double kept = between(s->count, from, to);
        double       p = kept;
        int          filled = s->filled[to] - s->filled[from]; /* bins of P that are not empty */
        if (run == 0 && below > 0) p += below, filled += is_empty(s, first);
        if (run == RUNS - 1 && above > 0) p += above, filled += is_empty(s, end - 1);
        if (p > 0 && !(kept > 0)) return INFINITY; /* numbers where Q has none */
        if (p > 0) cross += p * log(kept / filled);
    }
    return (log_p - cross) / all - log(all) + log(inside);
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

fov_status fov_choose_entropy(const fov_histogram *histogram, float *lo, float *hi, fov_error *err)
{
    sums       s;
    fov_status st = make_sums(histogram, &s, err);
    int        best = larger(s.end - SIDE, SIDE - s.first); /* bins from zero to the threshold; everything, at first */
    double     least = INFINITY;
    *lo = *hi = 0;
    for (int reach = RUNS / 2; !st && s.count[BINS] > 0 && reach <= larger(s.end - SIDE, SIDE - s.first); reach++) {
        const int first = larger(s.first, SIDE - reach), end = smaller(s.end, SIDE + reach);
        if (end - first < RUNS) continue; /* fewer bins than codes: nothing is lost within them, which says nothing */
        const double here = divergence(&s, first, end);
        if (here < least) least = here, best = reach;
    }
    if (!st) {
        const double threshold = best * fov_histogram_width(histogram);
        *lo = (float)fmax(-threshold, (double)histogram->lo);
        *hi = (float)fmin(threshold, (double)histogram->hi);
    }
    clear(&s);
    return st;
}
