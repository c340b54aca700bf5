// SPDX-License-Identifier: MIT
#include "quant/tally.h"

#include "base/alloc.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Chunks follow from the tensor's size alone, because sums in floating point depend on where they are cut. */
enum { MAX_CHUNKS = 32, CHUNK_PIXELS = 256 };

static const double UNIT = 0x1p40;
static const double MOST = 0x1p66; /* a larger sum is clipped, lest the sums of a million photos overflow */

fov_status fov_tally_init(fov_tally *tally, int channels, fov_error *err)
{
    *tally = (fov_tally){.channels = channels};
    tally->lo = fov_calloc((size_t)channels, sizeof *tally->lo);
    tally->hi = fov_calloc((size_t)channels, sizeof *tally->hi);
    tally->sum = fov_calloc((size_t)channels, sizeof *tally->sum);
    if (!tally->lo || !tally->hi || !tally->sum) return fov_fail_memory(err, "a tensor's statistics");
    fov_status st = fov_histogram_init(&tally->histogram, err);
    if (!st) fov_tally_reset(tally);
    return st;
}

void fov_tally_reset(fov_tally *tally)
{
    fov_histogram_reset(&tally->histogram);
    tally->pixels = 0;
    memset(tally->sum, 0, (size_t)tally->channels * sizeof *tally->sum);
    for (int c = 0; c < tally->channels; c++) tally->lo[c] = FLT_MAX, tally->hi[c] = -FLT_MAX;
}

void fov_tally_clear(fov_tally *tally)
{
    fov_histogram_clear(&tally->histogram);
    fov_free(tally->lo);
    fov_free(tally->hi);
    fov_free(tally->sum);
    *tally = (fov_tally){0};
}

/* ---------------------------------------------------------------- scratch */

fov_status fov_tally_scratch_init(fov_tally_scratch *scratch, int threads, fov_error *err)
{
    *scratch = (fov_tally_scratch){.threads = threads};
    scratch->bin = fov_calloc((size_t)threads * FOV_HISTOGRAM_BINS, sizeof *scratch->bin);
    return scratch->bin ? FOV_OK : fov_fail_memory(err, "counting activations");
}

void fov_tally_scratch_clear(fov_tally_scratch *scratch)
{
    fov_free(scratch->bin);
    fov_free(scratch->lo);
    fov_free(scratch->hi);
    fov_free(scratch->sum);
    *scratch = (fov_tally_scratch){0};
}

static fov_status reserve(fov_tally_scratch *scratch, int channels, fov_error *err)
{
    const size_t count = (size_t)channels * MAX_CHUNKS;
    if (channels <= scratch->capacity) return FOV_OK;
    fov_free(scratch->lo);
    fov_free(scratch->hi);
    fov_free(scratch->sum);
    scratch->capacity = 0;
    scratch->lo = fov_alloc_array(count, sizeof *scratch->lo);
    scratch->hi = fov_alloc_array(count, sizeof *scratch->hi);
    scratch->sum = fov_alloc_array(count, sizeof *scratch->sum);
    if (!scratch->lo || !scratch->hi || !scratch->sum) return fov_fail_memory(err, "counting activations");
    scratch->capacity = channels;
    return FOV_OK;
}

/* ---------------------------------------------------------------- one tensor */

typedef struct job {
    fov_tally         *tally;
    fov_tally_scratch *scratch;
    const float       *data;
    int64_t            ld, pixels;
    int                channels, chunks;
    bool               finite[MAX_CHUNKS];
    size_t             zeros[MAX_CHUNKS];
} job;

static void extend_and_sum(const float *restrict x, int channels, float *restrict lo, float *restrict hi, double *restrict sum)
{
    for (int c = 0; c < channels; c++) {
        lo[c] = x[c] < lo[c] ? x[c] : lo[c];
        hi[c] = x[c] > hi[c] ? x[c] : hi[c];
        sum[c] += (double)x[c];
    }
}

/* NaN escapes comparisons, but not the sum; infinities end in it too. Sums of finite floats cannot overflow a double. */
static bool all_finite(const double *sum, int channels)
{
    bool finite = true;
    for (int c = 0; c < channels; c++) finite = finite && isfinite(sum[c]);
    return finite;
}

static int64_t first_pixel(const job *j, size_t chunk)
{
    return j->pixels * (int64_t)chunk / j->chunks;
}

static void measure_chunk(void *context, size_t chunk, size_t thread)
{
    job      *j = context;
    const int channels = j->channels;
    float    *lo = j->scratch->lo + chunk * (size_t)channels, *hi = j->scratch->hi + chunk * (size_t)channels;
    double   *sum = j->scratch->sum + chunk * (size_t)channels;
    (void)thread;
    for (int c = 0; c < channels; c++) lo[c] = FLT_MAX, hi[c] = -FLT_MAX, sum[c] = 0;
    for (int64_t p = first_pixel(j, chunk); p < first_pixel(j, chunk + 1); p++)
        extend_and_sum(j->data + p * j->ld, channels, lo, hi, sum);
    j->finite[chunk] = all_finite(sum, channels);
}

static void count_chunk(void *context, size_t chunk, size_t thread)
{
    job                 *j = context;
    const fov_histogram *histogram = &j->tally->histogram;
    uint32_t            *bin = j->scratch->bin + thread * FOV_HISTOGRAM_BINS;
    const int64_t        first = first_pixel(j, chunk), end = first_pixel(j, chunk + 1);
    const size_t         channels = (size_t)j->channels;
    size_t               zeros = 0;
    if (j->ld == j->channels) {
        zeros = fov_histogram_count(histogram, j->data + first * j->ld, (size_t)(end - first) * channels, bin);
    } else {
        for (int64_t p = first; p < end; p++) zeros += fov_histogram_count(histogram, j->data + p * j->ld, channels, bin);
    }
    j->zeros[chunk] = zeros;
}

static fov_exact_sum exact(double sum)
{
    return (fov_exact_sum)(fmin(fmax(sum, -MOST), MOST) * UNIT);
}

/* In the order of chunks, whoever computed them. */
static void take_channels(job *j)
{
    for (int c = 0; c < j->channels; c++) {
        double sum = 0;
        float  lo = j->tally->lo[c], hi = j->tally->hi[c];
        for (int i = 0; i < j->chunks; i++) {
            const size_t at = (size_t)i * (size_t)j->channels + (size_t)c;
            lo = fminf(lo, j->scratch->lo[at]);
            hi = fmaxf(hi, j->scratch->hi[at]);
            sum += j->scratch->sum[at];
        }
        j->tally->lo[c] = lo;
        j->tally->hi[c] = hi;
        j->tally->sum[c] += exact(sum);
        fov_histogram_cover(&j->tally->histogram, lo, hi);
    }
    j->tally->pixels += (uint64_t)j->pixels;
}

static void take_counts(job *j)
{
    uint64_t zeros = 0;
    for (int i = 0; i < j->chunks; i++) zeros += j->zeros[i];
    for (int t = 0; t < j->scratch->threads; t++) {
        uint32_t *bin = j->scratch->bin + (size_t)t * FOV_HISTOGRAM_BINS;
        fov_histogram_take(&j->tally->histogram, bin, t ? 0 : zeros);
        memset(bin, 0, FOV_HISTOGRAM_BINS * sizeof *bin);
    }
}

static bool read_view(const fov_view *view, job *j)
{
    size_t count;
    if (!fov_shape_count(&view->shape, &count)) return false;
    const bool pixels = view->shape.rank == 4 && view->stride[1] == 1;
    j->data = view->data;
    j->channels = pixels ? (int)view->shape.dim[1] : 1;
    j->ld = pixels ? view->stride[3] : 1;
    j->pixels = j->channels ? (int64_t)count / j->channels : 0;
    const int64_t chunks = (j->pixels + CHUNK_PIXELS - 1) / CHUNK_PIXELS;
    j->chunks = chunks < MAX_CHUNKS ? (int)chunks : MAX_CHUNKS;
    return true;
}

fov_status fov_tally_add(fov_tally *tally, const fov_view *view, fov_tally_scratch *scratch, fov_pool *pool, fov_error *err)
{
    job j = {.tally = tally, .scratch = scratch};
    if (!read_view(view, &j) || j.channels != tally->channels)
        return fov_fail(err, FOV_ERR_INTERNAL, "has %d channels where %d were expected", j.channels, tally->channels);
    fov_status st = reserve(scratch, j.channels, err);
    if (st || !j.pixels) return st;
    fov_pool_run(pool, measure_chunk, &j, (size_t)j.chunks);
    for (int i = 0; i < j.chunks; i++)
        if (!j.finite[i]) return fov_fail(err, FOV_ERR_FORMAT, "holds numbers that are not finite (NaN or infinity)");
    take_channels(&j);
    fov_pool_run(pool, count_chunk, &j, (size_t)j.chunks);
    take_counts(&j);
    return FOV_OK;
}

/* ---------------------------------------------------------------- sums of tallies */

void fov_tally_merge(fov_tally *tally, const fov_tally *from, int first)
{
    fov_histogram_merge(&tally->histogram, &from->histogram);
    for (int c = 0; c < from->channels; c++) {
        tally->lo[first + c] = fminf(tally->lo[first + c], from->lo[c]);
        tally->hi[first + c] = fmaxf(tally->hi[first + c], from->hi[c]);
        tally->sum[first + c] += from->sum[c];
    }
    if (!first) tally->pixels += from->pixels;
}

float fov_tally_mean(const fov_tally *tally, int channel)
{
    return tally->pixels ? (float)((double)tally->sum[channel] / UNIT / (double)tally->pixels) : 0;
}
