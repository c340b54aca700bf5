// SPDX-License-Identifier: MIT
/* The transforms of the integer Winograd F(4x4, 3x3), against matrices in 64 bits, and against the convolution that they make. Its
 * products are checked as those of any dot kernel (check_dot.c). */
#include "check.h"

#include "backend/cpu/winograd_int8.h"

#include <string.h>

enum { CASES = 60, IN = FOV_WINOGRAD_IN, OUT = FOV_WINOGRAD_OUT, POINTS = FOV_WINOGRAD_POINTS, LINE = 32, SPARE = 64 };

static const int bt[IN][IN] = {{4, 0, -5, 0, 1, 0},  {0, -4, -4, 1, 1, 0}, {0, 4, -4, -1, 1, 0},
                               {0, -2, -1, 2, 1, 0}, {0, 2, -1, -2, 1, 0}, {0, 4, 0, -5, 0, 1}};
static const int g[IN][3] = {{6, 0, 0}, {1, 1, 1}, {1, -1, 1}, {1, 2, 4}, {1, -2, 4}, {0, 0, 6}};

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

/* bt * d * bt^T: one of its values. */
static int64_t transformed(int point, const uint8_t *x, ptrdiff_t row, ptrdiff_t pixel)
{
    int64_t sum = 0;
    for (int i = 0; i < POINTS; i++) sum += bt[point / IN][i / IN] * bt[point % IN][i % IN] * x[i / IN * row + i % IN * pixel];
    return sum;
}

static void check_input(check *t, const fov_winograd_int8 *kernel)
{
    const ptrdiff_t channels = pick(t, 1, 70), pixel = channels + pick(t, 0, 5), row = IN * pixel + pick(t, 0, 5);
    const ptrdiff_t point = (channels + LINE - 1) / LINE * LINE + LINE, bytes = IN * row + SPARE;
    guarded         x = guarded_new((size_t)bytes, 0), v = guarded_new((size_t)(POINTS * point), 0);
    uint8_t        *from = (uint8_t *)(void *)x.data;
    int16_t        *to = (int16_t *)(void *)v.data;
    const bool      ends = pick(t, 0, 1);
    for (ptrdiff_t i = 0; i < bytes; i++) from[i] = (uint8_t)(ends ? 255 * pick(t, 0, 1) : pick(t, 0, 255));
    kernel->input(&(fov_winograd_int8_input_call){channels, from, row, pixel, to, point});
    for (int p = 0; p < POINTS; p++)
        for (ptrdiff_t c = 0; c < channels; c++) {
            const int64_t want = transformed(p, from + c, row, pixel);
            if (to[p * point + c] != want)
                check_fail(t, "input: %td channels: point %d, channel %td is %d, should be %lld", channels, p, c, to[p * point + c],
                           (long long)want);
        }
    if (!guarded_intact(&v)) check_fail(t, "input: wrote outside");
    guarded_free(&x);
    guarded_free(&v);
}

/* A filter and a tile of bytes, for one column: products modulo 2^32 and the results of the definition. */
static void add_channel(const int8_t *w, const uint8_t *x, uint32_t m[POINTS], int64_t y[OUT * OUT])
{
    for (int p = 0; p < POINTS; p++) {
        int64_t u = 0;
        for (int i = 0; i < 9; i++) u += g[p / IN][i / 3] * g[p % IN][i % 3] * w[i];
        m[p] += (uint32_t)(u * transformed(p, x, IN, 1));
    }
    for (int i = 0; i < OUT * OUT; i++)
        for (int k = 0; k < 9; k++) y[i] += w[k] * x[(i / OUT + k / 3) * IN + i % OUT + k % 3];
}

/* One column: as many channels as make the largest results that fit, sometimes of one sign. */
static void make_column(check *t, uint32_t m[POINTS], int64_t y[OUT * OUT])
{
    enum { MOST = 110 };
    int8_t    w[MOST * 9] = {0};
    const int channels = pick(t, 1, MOST), sign = pick(t, -1, 1);
    for (int i = 0; i < 9 * channels; i++) w[i] = (int8_t)(sign ? 127 * sign : pick(t, -128, 127));
    int taken = channels;
    while (!fov_winograd_int8_fits(w, taken * 9)) taken--;
    memset(m, 0, POINTS * sizeof *m);
    memset(y, 0, OUT * OUT * sizeof *y);
    for (int c = 0; c < taken; c++) {
        uint8_t x[POINTS];
        for (int i = 0; i < POINTS; i++) x[i] = (uint8_t)(sign && pick(t, 0, 9) ? 255 : pick(t, 0, 255));
        add_channel(w + 9 * c, x, m, y);
    }
}

static void check_output(check *t, const fov_winograd_int8 *kernel)
{
    const int       columns = kernel->lanes * pick(t, 1, 4);
    const ptrdiff_t point = (columns + LINE - 1) / LINE * LINE + LINE, pixel = columns + kernel->lanes * pick(t, 0, 1),
                    row = OUT * pixel + kernel->lanes * pick(t, 0, 2);
    guarded m = guarded_new((size_t)(POINTS * point), 0), y = guarded_new((size_t)(OUT * row), 0),
            start = guarded_new((size_t)point, 0);
    int32_t *of_m = (int32_t *)(void *)m.data, *of_start = (int32_t *)(void *)start.data, *to = (int32_t *)(void *)y.data;
    int64_t  want[OUT * OUT * 64];
    for (int c = 0; c < columns; c++) {
        uint32_t products[POINTS];
        make_column(t, products, want + OUT * OUT * c);
        for (int p = 0; p < POINTS; p++) of_m[p * point + c] = (int32_t)products[p];
        of_start[c] = pick(t, -100000000, 100000000);
    }
    kernel->output(&(fov_winograd_int8_output_call){columns, of_m, point, of_start, to, row, pixel});
    for (int c = 0; c < columns; c++)
        for (int i = 0; i < OUT * OUT; i++) {
            const int64_t should = want[OUT * OUT * c + i] + of_start[c];
            const int32_t got = to[i / OUT * row + i % OUT * pixel + c];
            if (got != should) check_fail(t, "output: column %d, pixel %d is %d, should be %lld", c, i, got, (long long)should);
        }
    if (!guarded_intact(&y)) check_fail(t, "output: wrote outside");
    guarded_free(&m);
    guarded_free(&y);
    guarded_free(&start);
}

void check_winograd_int8(check *t)
{
    const fov_winograd_int8 *kernel = &t->now.winograd_int8;
    char                     name[64];
    if (!kernel->name || kernel->output == t->below.winograd_int8.output) return;
    snprintf(name, sizeof name, "winograd %s", kernel->name);
    if (!check_begin(t, name)) return;
    for (int i = 0; i < CASES; i++) {
        check_input(t, kernel);
        check_output(t, kernel);
    }
    check_end(t);
}
