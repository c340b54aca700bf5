// SPDX-License-Identifier: MIT
#include "check.h"

#include <math.h>
#include <string.h>

enum { CASES = 300, MAX_ROWS = 5 };

typedef struct depthwise_case {
    fov_depthwise_f32_call call;
    guarded                x, w, y;
    const float           *row[MAX_ROWS];
} depthwise_case;

static void make_input(check *t, depthwise_case *d, ptrdiff_t ld, ptrdiff_t stride, ptrdiff_t dilation)
{
    fov_depthwise_f32_call *call = &d->call;
    const size_t            pixels = (call->m - 1) * (size_t)stride + (call->cols - 1) * (size_t)dilation + 1;
    d->x = guarded_new(call->rows * pixels * (size_t)ld, (size_t)test_random_int(&t->random, 0, 15));
    for (size_t p = 0; p < call->rows * pixels; p++)
        for (size_t c = 0; c < call->channels; c++) d->x.data[p * (size_t)ld + c] = test_random_float(&t->random, -1, 1);
    for (size_t r = 0; r < call->rows; r++) d->row[r] = d->x.data + r * pixels * (size_t)ld;
    call->row = d->row;
    call->step = stride * ld;
    call->tap = dilation * ld;
}

static void make_case(check *t, depthwise_case *d)
{
    static const int channels[] = {8, 16, 32, 64, 24, 1, 3};
    const int        pick = test_random_int(&t->random, 0, 13);
    const bool       usual = test_random_int(&t->random, 0, 1); /* 3 x 3, the case with kernels of its own */
    *d = (depthwise_case){0};
    fov_depthwise_f32_call *call = &d->call;
    call->channels = (size_t)(pick < 7 ? channels[pick] : test_random_int(&t->random, 1, 80));
    call->m = (size_t)test_random_int(&t->random, 1, 19);
    call->rows = usual ? 3 : (size_t)test_random_int(&t->random, 0, MAX_ROWS);
    call->cols = usual ? 3 : (size_t)test_random_int(&t->random, 1, 5);
    call->slope = test_random_int(&t->random, 0, 1) ? 0.1F : 1.0F;
    const size_t padded = (call->channels + FOV_DEPTHWISE_PAD - 1) / FOV_DEPTHWISE_PAD * FOV_DEPTHWISE_PAD;
    const size_t ldw = (call->cols + (size_t)test_random_int(&t->random, 0, 1)) * padded;
    make_input(t, d, (ptrdiff_t)call->channels + test_random_int(&t->random, 0, 1) * test_random_int(&t->random, 0, 20),
               test_random_int(&t->random, 1, 2), test_random_int(&t->random, 0, 4) ? 1 : 2);
    d->w = guarded_new(padded + call->rows * ldw, 0);
    for (size_t i = 0; i < d->w.floats; i++) d->w.data[i] = i % padded < call->channels ? test_random_float(&t->random, -1, 1) : 0;
    call->bias = d->w.data;
    call->w = d->w.data + padded;
    call->ldw = (ptrdiff_t)ldw;
    call->ldtap = (ptrdiff_t)padded;
    call->ldy = (ptrdiff_t)call->channels + test_random_int(&t->random, 0, 1) * test_random_int(&t->random, 0, 20);
    d->y = guarded_new(call->m * (size_t)call->ldy, (size_t)test_random_int(&t->random, 0, 15));
    call->y = d->y.data;
}

static void compare(check *t, const depthwise_case *d, ptrdiff_t i, ptrdiff_t c)
{
    const fov_depthwise_f32_call *call = &d->call;
    double                        sum = (double)call->bias[c], magnitude = fabs(sum);
    for (ptrdiff_t r = 0; r < (ptrdiff_t)call->rows; r++)
        for (ptrdiff_t s = 0; s < (ptrdiff_t)call->cols; s++) {
            double term =
                (double)call->row[r][i * call->step + s * call->tap + c] * (double)call->w[r * call->ldw + s * call->ldtap + c];
            sum += term;
            magnitude += fabs(term);
        }
    double want = sum < 0 ? (double)call->slope * sum : sum;
    float  got = call->y[i * call->ldy + c];
    if (!check_near(got, want, call->rows * call->cols, magnitude))
        check_fail(t, "%zu pixels of %zu channels, window %zux%zu, step %td, tap %td: y[%td][%td] is %.9g, should be %.9g", call->m,
                   call->channels, call->rows, call->cols, call->step, call->tap, i, c, (double)got, want);
}

static void check_result(check *t, const depthwise_case *d)
{
    const fov_depthwise_f32_call *call = &d->call;
    bool                          intact = guarded_intact(&d->y);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)call->m; i++)
        for (ptrdiff_t c = 0; c < call->ldy; c++) {
            if (c < (ptrdiff_t)call->channels) compare(t, d, i, c);
            else intact = intact && guarded_is_guard(call->y[i * call->ldy + c]);
        }
    if (!intact) check_fail(t, "%zu pixels of %zu channels: wrote outside of y", call->m, call->channels);
}

void check_depthwise(check *t)
{
    char name[64];
    snprintf(name, sizeof name, "depthwise_%s", t->now.depthwise.name);
    if (t->now.depthwise.run == t->below.depthwise.run || !check_begin(t, name)) return;
    for (int i = 0; i < CASES; i++) {
        depthwise_case d;
        make_case(t, &d);
        t->now.depthwise.run(&d.call);
        check_result(t, &d);
        guarded_free(&d.x);
        guarded_free(&d.w);
        guarded_free(&d.y);
    }
    check_end(t);
}
