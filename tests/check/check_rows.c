// SPDX-License-Identifier: MIT
/* Kernels over rows of pixels of any storage type, against what graph/view.h says elements mean: equal bits. */
#include "check.h"

#include "backend/cpu/storage.h"
#include "graph/ops/walk.h"
#include "typed.h"

#include <math.h>
#include <string.h>

enum { CASES = 600, MAX_ROWS = 9, MAX_PIXELS = 5, MAX_CHANNELS = 150 };

/* Pixels of one storage type, and what kernels are told of it. */
typedef struct rows {
    fov_quant  *quant;
    fov_view    view;
    guarded     memory;
    fov_storage as;
} rows;

static void rows_make(check *t, rows *r, fov_dtype dtype, int64_t pixels, int64_t channels, bool fill)
{
    r->quant = random_quant(t, dtype, channels);
    r->view = random_view(t, dtype, r->quant, (int64_t[]){1, channels, 1, pixels}, &r->memory, fill);
    if (fov_storage_init(&r->as, dtype, r->quant, 1, NULL)) check_fail(t, "no memory");
}

static void rows_free(rows *r)
{
    free_quant(r->quant);
    guarded_free(&r->memory);
    fov_storage_free(&r->as);
}

static ptrdiff_t step_of(const rows *r)
{
    return r->view.stride[3] * (ptrdiff_t)fov_dtype_size(r->view.dtype);
}

/* `want` has been written element by element; the kernel has written `got`. */
static void compare(check *t, const rows *got, const fov_view *want, const rows *a, const rows *b)
{
    int64_t at[FOV_MAX_RANK];
    if (!views_equal(&got->view, want, at))
        check_fail(t, "%s %s -> %s, %lld channels: channel %lld of pixel %lld is %g, should be %g", fov_dtype_name(a->view.dtype),
                   b ? fov_dtype_name(b->view.dtype) : "", fov_dtype_name(got->view.dtype), (long long)got->view.shape.dim[1],
                   (long long)at[1], (long long)at[3], (double)fov_view_load_one(&got->view, at),
                   (double)fov_view_load_one(want, at));
    if (!view_intact(&got->view, &got->memory)) check_fail(t, "wrote outside of y");
}

static void check_elements(check *t, const fov_rows_kernel *kernel, bool sum)
{
    for (int i = 0; i < CASES; i++) {
        const int64_t m = test_random_int(&t->random, 1, MAX_PIXELS), n = test_random_int(&t->random, 1, MAX_CHANNELS);
        const bool    one_type = test_random_int(&t->random, 0, 1);
        fov_dtype     type = random_dtype(t);
        rows          a, b, y;
        guarded       memory;
        rows_make(t, &a, type, m, n, true);
        rows_make(t, &b, one_type ? type : random_dtype(t), m, n, true);
        rows_make(t, &y, one_type ? type : random_dtype(t), m, n, false);
        kernel->run(&(fov_rows_call){.m = (size_t)m,
                                     .n = (size_t)n,
                                     .a = a.view.data,
                                     .b = sum ? b.view.data : NULL,
                                     .y = y.view.data,
                                     .step_a = step_of(&a),
                                     .step_b = step_of(&b),
                                     .step_y = step_of(&y),
                                     .as_a = &a.as,
                                     .as_b = &b.as,
                                     .as_y = &y.as});
        fov_view want = random_view(t, y.view.dtype, y.quant, y.view.shape.dim, &memory, false);
        for (fov_walk w = fov_walk_begin(&want.shape); w.more; fov_walk_next(&w)) {
            const float real = fov_view_load_one(&a.view, w.at);
            fov_view_store_one(&want, w.at, sum ? real + fov_view_load_one(&b.view, w.at) : real);
        }
        compare(t, &y, &want, &a, sum ? &b : NULL);
        guarded_free(&memory);
        rows_free(&a);
        rows_free(&b);
        rows_free(&y);
    }
}

/* The rows to take the largest of are pixels of x. */
static void check_max(check *t, const fov_max_kernel *kernel, bool bytes)
{
    for (int i = 0; i < CASES; i++) {
        const int64_t        taps = test_random_int(&t->random, 0, MAX_ROWS), n = test_random_int(&t->random, 1, MAX_CHANNELS);
        const fov_dtype      type = bytes ? FOV_U8 : random_dtype(t);
        const unsigned char *row[MAX_ROWS];
        rows                 x, y;
        guarded              memory;
        rows_make(t, &x, type, taps + 1, n, true);
        rows_make(t, &y, bytes || test_random_int(&t->random, 0, 1) ? type : random_dtype(t), 1, n, false);
        for (int64_t r = 0; r < taps; r++) row[r] = (const unsigned char *)x.view.data + r * step_of(&x);
        kernel->run(
            &(fov_max_call){.n = (size_t)n, .rows = (size_t)taps, .row = row, .y = y.view.data, .as_x = &x.as, .as_y = &y.as});
        if (bytes) y.view.quant = x.quant;
        fov_view want = random_view(t, y.view.dtype, y.view.quant, y.view.shape.dim, &memory, false);
        for (int64_t at[4] = {0}; at[1] < n; at[1]++) {
            float largest = -INFINITY;
            for (int64_t r = 0; r < taps; r++) largest = fmaxf(largest, fov_view_load_one(&x.view, (int64_t[]){0, at[1], 0, r}));
            fov_view_store_one(&want, at, largest);
        }
        compare(t, &y, &want, &x, NULL);
        guarded_free(&memory);
        rows_free(&x);
        rows_free(&y);
    }
}

void check_rows(check *t)
{
    if (t->now.convert.run != t->below.convert.run && check_begin(t, t->now.convert.name)) {
        check_elements(t, &t->now.convert, false);
        check_end(t);
    }
    if (t->now.add.run != t->below.add.run && check_begin(t, t->now.add.name)) {
        check_elements(t, &t->now.add, true);
        check_end(t);
    }
    if (t->now.max.run != t->below.max.run && check_begin(t, t->now.max.name)) {
        check_max(t, &t->now.max, false);
        check_end(t);
    }
    if (t->now.max_u8.run != t->below.max_u8.run && check_begin(t, t->now.max_u8.name)) {
        check_max(t, &t->now.max_u8, true);
        check_end(t);
    }
}
