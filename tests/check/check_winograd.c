// SPDX-License-Identifier: MIT
/* The three kernels of Winograd's F(4x4, 3x3) against matrices in double; winograd_bound.h says how roundings are counted. */
#include "check.h"
#include "winograd_bound.h"

#include <math.h>
#include <string.h>

enum { CASES = 60, IN = FOV_WINOGRAD_IN, OUT = FOV_WINOGRAD_OUT, POINTS = FOV_WINOGRAD_POINTS, LINE = 16 };

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static void fill(check *t, float *data, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) data[i] = test_random_float(&t->random, -1, 1);
}

static ptrdiff_t round_up(ptrdiff_t n, ptrdiff_t step)
{
    return (n + step - 1) / step * step;
}

static void check_input(check *t, const fov_winograd *kernel, const winograd_matrices *matrix)
{
    const ptrdiff_t channels = pick(t, 1, 40), pixel = channels + pick(t, 0, 5), row = IN * pixel + pick(t, 0, 5);
    const ptrdiff_t written = round_up(channels, kernel->lanes), point = round_up(written, LINE) + LINE;
    guarded         x = guarded_new((size_t)(IN * row), (size_t)pick(t, 0, 15)), v = guarded_new((size_t)(POINTS * point), 0);
    for (int i = 0; i < POINTS; i++) fill(t, x.data + i / IN * row + i % IN * pixel, channels);
    kernel->input(&(fov_winograd_input_call){channels, x.data, row, pixel, v.data, point});
    for (int p = 0; p < POINTS; p++)
        for (ptrdiff_t c = 0; c < point; c++) {
            double      want = 0, magnitude = 0;
            const float got = v.data[p * point + c];
            for (int i = 0; i < POINTS && c < channels; i++) {
                const double term =
                    matrix->bt[p / IN][i / IN] * matrix->bt[p % IN][i % IN] * (double)x.data[i / IN * row + i % IN * pixel + c];
                want += term;
                magnitude += fabs(term);
            }
            if (c < written ? !check_near(got, want, 4, magnitude) : !guarded_is_guard(got))
                check_fail(t, "input: %td channels: point %d, channel %td is %.9g, should be %.9g", channels, p, c, (double)got,
                           want);
        }
    if (!guarded_intact(&v)) check_fail(t, "input: wrote outside");
    guarded_free(&x);
    guarded_free(&v);
}

static void check_products(check *t, const fov_winograd *kernel)
{
    const ptrdiff_t tiles = pick(t, 1, 3 * kernel->tiles), k = pick(t, 1, 70), ldv = k + pick(t, 0, 20);
    const int       columns = kernel->lanes * pick(t, 1, 2);
    guarded         v = guarded_new((size_t)(tiles * ldv), 0), w = guarded_new((size_t)(k * columns), 0);
    guarded         m = guarded_new((size_t)(tiles * columns), 0);
    for (ptrdiff_t i = 0; i < tiles; i++) fill(t, v.data + i * ldv, k);
    fill(t, w.data, k * columns);
    kernel->products(&(fov_winograd_products_call){tiles, k, columns, v.data, ldv, w.data, m.data});
    for (ptrdiff_t i = 0; i < tiles * columns; i++) {
        double want = 0, magnitude = 0;
        for (ptrdiff_t j = 0; j < k; j++) {
            const double term = (double)v.data[i / columns * ldv + j] * (double)w.data[j * columns + i % columns];
            want += term;
            magnitude += fabs(term);
        }
        if (!check_near(m.data[i], want, (size_t)k, magnitude))
            check_fail(t, "products: %td tiles, k %td, %d columns: element %td is %.9g, should be %.9g", tiles, k, columns, i,
                       (double)m.data[i], want);
    }
    if (!guarded_intact(&m)) check_fail(t, "products: wrote outside");
    guarded_free(&v);
    guarded_free(&w);
    guarded_free(&m);
}

typedef struct output_case {
    fov_winograd_output_call call;
    guarded                  m, bias, y, residual;
    const float             *residual_rows[OUT * OUT];
} output_case;

static void make_output(check *t, const fov_winograd *kernel, output_case *o)
{
    static const float        slopes[] = {1, 0, 0.1F, -0.5F};
    const int                 channels = pick(t, 1, 2 * kernel->lanes);
    const ptrdiff_t           point = round_up(channels, LINE) + LINE, pixel = channels + pick(t, 0, 5);
    fov_winograd_output_call *call = &o->call;
    *call = (fov_winograd_output_call){.channels = channels,
                                       .rows = pick(t, 1, OUT),
                                       .cols = pick(t, 1, OUT),
                                       .ldpoint = point,
                                       .ldrow = OUT * pixel + pick(t, 0, 5),
                                       .ldpixel = pixel,
                                       .residual_after = pick(t, 0, 1),
                                       .slope = slopes[pick(t, 0, 3)]};
    o->m = guarded_new((size_t)(POINTS * point), 0);
    o->bias = guarded_new((size_t)point, 0);
    o->y = guarded_new((size_t)(OUT * call->ldrow), (size_t)pick(t, 0, 15));
    o->residual = guarded_new(OUT * OUT * (size_t)channels, (size_t)pick(t, 0, 15));
    fill(t, o->m.data, POINTS * point);
    fill(t, o->bias.data, point);
    for (int i = 0; i < OUT * OUT; i++) {
        if (i / OUT >= call->rows || i % OUT >= call->cols) continue; /* which points nowhere */
        o->residual_rows[i] = o->residual.data + i * channels;
        fill(t, o->residual.data + i * channels, channels);
    }
    call->m = o->m.data;
    call->bias = o->bias.data;
    call->y = o->y.data;
    if (pick(t, 0, 1)) call->residual = o->residual_rows;
}

static void compare_output(check *t, const winograd_matrices *matrix, const output_case *o, int pixel, int c)
{
    const fov_winograd_output_call *call = &o->call;
    const int                       row = pixel / OUT, column = pixel % OUT;
    const double                    r = call->residual ? (double)call->residual[pixel][c] : 0;
    double                          sum = (double)call->bias[c], magnitude = fabs(sum) + fabs(r);
    for (int p = 0; p < POINTS; p++) {
        const double term = matrix->at[row][p / IN] * matrix->at[column][p % IN] * (double)call->m[p * call->ldpoint + c];
        sum += term;
        magnitude += fabs(term);
    }
    if (!call->residual_after) sum += r;
    const double want = (sum < 0 ? (double)call->slope * sum : sum) + (call->residual_after ? r : 0);
    const float  got = call->y[row * call->ldrow + column * call->ldpixel + c];
    if (!check_near(got, want, 7, magnitude))
        check_fail(t, "output: %d channels, row %d, column %d, channel %d is %.9g, should be %.9g", call->channels, row, column, c,
                   (double)got, want);
}

static void check_output(check *t, const fov_winograd *kernel, const winograd_matrices *matrix)
{
    output_case o = {0};
    make_output(t, kernel, &o);
    kernel->output(&o.call);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)o.y.floats; i++) {
        const ptrdiff_t row = i / o.call.ldrow, column = i % o.call.ldrow / o.call.ldpixel, c = i % o.call.ldrow % o.call.ldpixel;
        if (row < o.call.rows && column < o.call.cols && c < o.call.channels)
            compare_output(t, matrix, &o, (int)(row * OUT + column), (int)c);
        else if (!guarded_is_guard(o.y.data[i])) check_fail(t, "output: wrote element %td, which is none of its own", i);
    }
    if (!guarded_intact(&o.y)) check_fail(t, "output: wrote outside");
    guarded_free(&o.m);
    guarded_free(&o.bias);
    guarded_free(&o.y);
    guarded_free(&o.residual);
}

void check_winograd(check *t)
{
    const fov_winograd     *kernel = &t->now.winograd;
    const winograd_matrices matrix = winograd_matrices_of_points();
    char                    name[64];
    snprintf(name, sizeof name, "winograd %s", kernel->name);
    if (kernel->products == t->below.winograd.products || !check_begin(t, name)) return;
    for (int i = 0; i < CASES; i++) {
        check_input(t, kernel, &matrix);
        check_products(t, kernel);
        check_output(t, kernel, &matrix);
    }
    check_end(t);
}
