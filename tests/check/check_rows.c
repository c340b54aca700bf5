// SPDX-License-Identifier: MIT
#include "check.h"

#include <math.h>
#include <string.h>

enum { CASES = 200, MAX_ROWS = 9 };

static guarded random_row(check *t, size_t n)
{
    guarded g = guarded_new(n, (size_t)test_random_int(&t->random, 0, 15));
    for (size_t i = 0; i < n; i++) g.data[i] = test_random_float(&t->random, -1, 1);
    if (test_random_int(&t->random, 0, 9) == 0) g.data[n - 1] = NAN;
    return g;
}

static void check_add(check *t)
{
    for (int i = 0; i < CASES; i++) {
        const size_t n = (size_t)test_random_int(&t->random, 1, 200);
        guarded      a = random_row(t, n), b = random_row(t, n), y = guarded_new(n, (size_t)test_random_int(&t->random, 0, 15));
        t->now.add.run(n, a.data, b.data, y.data);
        for (size_t j = 0; j < n; j++) {
            float want = a.data[j] + b.data[j];
            if (isnan(want) ? !isnan(y.data[j]) : y.data[j] != want) check_fail(t, "y[%zu] of %zu is wrong", j, n);
        }
        if (!guarded_intact(&y)) check_fail(t, "n %zu: wrote outside of y", n);
        guarded_free(&a);
        guarded_free(&b);
        guarded_free(&y);
    }
}

static void check_max(check *t)
{
    for (int i = 0; i < CASES; i++) {
        const size_t n = (size_t)test_random_int(&t->random, 1, 200), rows = (size_t)test_random_int(&t->random, 0, MAX_ROWS);
        guarded      row[MAX_ROWS], y = guarded_new(n, (size_t)test_random_int(&t->random, 0, 15));
        const float *pointer[MAX_ROWS];
        for (size_t r = 0; r < rows; r++) {
            row[r] = random_row(t, n);
            pointer[r] = row[r].data;
        }
        t->now.max.run(n, rows, pointer, y.data);
        for (size_t j = 0; j < n; j++) {
            float want = -INFINITY;
            for (size_t r = 0; r < rows; r++) want = fmaxf(want, pointer[r][j]);
            if (y.data[j] != want)
                check_fail(t, "y[%zu] of %zu, %zu rows: %g, should be %g", j, n, rows, (double)y.data[j], (double)want);
        }
        if (!guarded_intact(&y)) check_fail(t, "n %zu: wrote outside of y", n);
        for (size_t r = 0; r < rows; r++) guarded_free(&row[r]);
        guarded_free(&y);
    }
}

void check_rows(check *t)
{
    if (t->now.add.run != t->below.add.run && check_begin(t, t->now.add.name)) {
        check_add(t);
        check_end(t);
    }
    if (t->now.max.run != t->below.max.run && check_begin(t, t->now.max.name)) {
        check_max(t);
        check_end(t);
    }
}
