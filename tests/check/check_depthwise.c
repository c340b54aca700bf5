// SPDX-License-Identifier: MIT
/* Depthwise kernels: of floats against sums in double, of integers against graph/ops/conv_int8.h, bit for bit. What they store in
 * 16 or 8 bits is what they store as floats, rounded. */
#include "check.h"

#include "backend/cpu/storage.h"
#include "typed.h"

#include <math.h>
#include <string.h>

enum { CASES = 300, MAX_ROWS = 5, SQUARE = 3 };

typedef struct depthwise_case {
    fov_depthwise_call   call;
    bool                 int8;
    fov_quant           *quant_x, *quant_y;
    fov_storage          as_x, as_y;
    fov_view             x, y;
    guarded              memory_x, memory_y, w, integers, blocks;
    const unsigned char *row[MAX_ROWS];
} depthwise_case;

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static int64_t padded(const depthwise_case *d)
{
    return ((int64_t)d->call.channels + FOV_DEPTHWISE_PAD - 1) / FOV_DEPTHWISE_PAD * FOV_DEPTHWISE_PAD;
}

/* Pixels of several rows, one row of the window behind the other. */
static void make_input(check *t, depthwise_case *d, fov_dtype dtype, int stride, int dilation)
{
    fov_depthwise_call *call = &d->call;
    const int64_t       c = (int64_t)call->channels;
    const int64_t       pixels = ((int64_t)call->m - 1) * stride + ((int64_t)call->cols - 1) * dilation + 1;
    const int64_t       shape[] = {1, c, (int64_t)call->rows + 1, pixels};
    d->quant_x = random_quant(t, dtype, c);
    d->x = random_view(t, dtype, d->quant_x, shape, &d->memory_x, true);
    if (fov_storage_init(&d->as_x, dtype, d->quant_x, 1, NULL)) check_fail(t, "no memory");
    const ptrdiff_t pixel = d->x.stride[3] * (ptrdiff_t)fov_dtype_size(dtype);
    for (int64_t i[4] = {0}; dtype != FOV_U8 && i[2] < shape[2]; i[2]++)
        for (i[3] = 0; i[3] < pixels; i[3]++)
            for (i[1] = 0; i[1] < c; i[1]++) fov_view_store_one(&d->x, i, test_random_float(&t->random, -1, 1));
    for (size_t r = 0; r < call->rows; r++) d->row[r] = (const unsigned char *)d->x.data + (ptrdiff_t)r * pixels * pixel;
    call->row = d->row;
    call->step = stride * pixel;
    call->tap = dilation * pixel;
    call->as_x = &d->as_x;
}

static void make_output(check *t, depthwise_case *d, fov_dtype dtype)
{
    const int64_t shape[] = {1, (int64_t)d->call.channels, 1, (int64_t)d->call.m};
    d->quant_y = random_quant(t, dtype, shape[1]);
    d->y = random_view(t, dtype, d->quant_y, shape, &d->memory_y, false);
    if (fov_storage_init(&d->as_y, dtype, d->quant_y, 1, NULL)) check_fail(t, "no memory");
    d->call.y = d->y.data;
    d->call.ldy = d->y.stride[3] * (ptrdiff_t)fov_dtype_size(dtype);
    d->call.as_y = &d->as_y;
}

/* Bias, then scales or weights, each padded with zeros. */
static void make_weights(check *t, depthwise_case *d)
{
    fov_depthwise_call *call = &d->call;
    const int64_t       room = padded(d);
    call->ldw = (ptrdiff_t)call->cols * room + pick(t, 0, 1) * room;
    call->ldtap = room;
    d->w = guarded_new((size_t)(2 * room + (ptrdiff_t)call->rows * call->ldw), 0);
    for (size_t i = 0; i < d->w.floats; i++)
        d->w.data[i] = (int64_t)i % room < (int64_t)call->channels ? test_random_float(&t->random, -1, 1) : 0;
    call->bias = d->w.data;
    call->w = d->w.data + room;
    if (!d->int8) return;
    call->scale = d->w.data + room;
    for (int64_t c = 0; c < room; c++) d->w.data[room + c] = fabsf(d->w.data[room + c]) * 1e-4F + 1e-6F;
}

/* Tables of blocks, where there are any. Pixels often lie side by side, as blocks like it. */
static void make_blocks(depthwise_case *d, const fov_depthwise_kernel *kernel)
{
    const size_t words = d->call.columns ? fov_depthwise_blocks_words(kernel->block, kernel->taps, &d->call) : 0;
    d->blocks = guarded_new(words, 0);
    if (!words) return;
    fov_depthwise_blocks_fill(kernel->block, &d->call, (int32_t *)(void *)d->blocks.data);
    d->call.blocks = (const int32_t *)(const void *)d->blocks.data;
}

/* Weights of single taps, sums of zero points, and columns where the window is whole. */
static void make_integers(check *t, depthwise_case *d, const fov_depthwise_kernel *kernel, bool whole)
{
    fov_depthwise_call *call = &d->call;
    const int           taps = kernel->taps;
    const int64_t       room = padded(d), words = (SQUARE + taps - 1) / taps;
    d->integers = guarded_new((size_t)(room * (1 + SQUARE * words) + (ptrdiff_t)call->rows * call->ldw), 0);
    int32_t *start = memset(d->integers.data, 0, d->integers.floats * sizeof(float));
    int32_t *columns = start + room, *w = columns + SQUARE * words * room;
    for (ptrdiff_t r = 0; r < (ptrdiff_t)call->rows; r++)
        for (ptrdiff_t s = 0; s < (ptrdiff_t)call->cols; s++)
            for (ptrdiff_t c = 0; c < (ptrdiff_t)call->channels; c++) {
                const int32_t weight = w[r * call->ldw + s * room + c] = pick(t, 0, 3)   ? pick(t, -127, 127)
                                                                         : pick(t, 0, 1) ? -128
                                                                                         : 127;
                start[c] -= weight * fov_quant_zero_point(d->quant_x, c);
                if (!whole) continue;
                const uint32_t field = (uint32_t)weight & UINT32_MAX >> (32 - 32 / taps);
                uint32_t      *word = (uint32_t *)columns + (s * words + r / taps) * room + c;
                *word |= field << (r % taps * (32 / taps));
            }
    call->w_int8 = w;
    call->start = start;
    whole = whole && fov_depthwise_is_plain(call->channels, call->slope, call->scale, call->bias, &d->as_y);
    call->columns = whole ? columns : NULL;
    make_blocks(d, kernel);
}

static void make_case(check *t, depthwise_case *d, const fov_depthwise_kernel *kernel)
{
    static const int       channels[] = {8, 16, 32, 64, 128, 1, 3};
    static const float     slopes[] = {1, 0, 0.1F, -0.5F};
    static const fov_dtype floats[] = {FOV_F32, FOV_F16, FOV_BF16};
    const int              usual = pick(t, 0, 13);
    const bool             square = pick(t, 0, 1); /* the case with kernels of its own */
    *d = (depthwise_case){.int8 = kernel->taps != 0};
    fov_depthwise_call *call = &d->call;
    call->channels = (size_t)(usual < 7 ? channels[usual] : pick(t, 1, 80));
    call->m = (size_t)pick(t, 1, 19);
    call->rows = square ? SQUARE : (size_t)pick(t, 0, MAX_ROWS);
    call->cols = square ? SQUARE : (size_t)pick(t, 1, 5);
    call->slope = slopes[pick(t, 0, 3)];
    make_input(t, d, d->int8 ? FOV_U8 : floats[pick(t, 0, 2)], pick(t, 1, 2), pick(t, 0, 4) ? 1 : 2);
    make_output(t, d, pick(t, 0, 1) ? d->x.dtype : random_dtype(t));
    make_weights(t, d);
    if (d->int8) make_integers(t, d, kernel, square);
}

static void describe(check *t, const depthwise_case *d, int64_t i, int64_t c, double got, double want)
{
    const fov_depthwise_call *call = &d->call;
    check_fail(t, "%s -> %s, %zu pixels of %zu channels, window %zux%zu, step %td, tap %td: y[%lld][%lld] is %.9g, should be %.9g",
               fov_dtype_name(d->x.dtype), fov_dtype_name(d->y.dtype), call->m, call->channels, call->rows, call->cols, call->step,
               call->tap, (long long)i, (long long)c, got, want);
}

/* Channel c of the pixel at `x`. */
static double real_at(const depthwise_case *d, const unsigned char *x, int64_t c)
{
    fov_view pixel = d->x;
    pixel.data = (void *)(uintptr_t)x;
    return (double)fov_view_load_one(&pixel, (int64_t[]){0, c, 0, 0});
}

static void compare_float(check *t, const depthwise_case *d, const fov_view *y, int64_t i, int64_t c)
{
    const fov_depthwise_call *call = &d->call;
    double                    sum = (double)call->bias[c], magnitude = fabs(sum);
    for (ptrdiff_t r = 0; r < (ptrdiff_t)call->rows; r++)
        for (ptrdiff_t s = 0; s < (ptrdiff_t)call->cols; s++) {
            const double term =
                real_at(d, call->row[r] + i * call->step + s * call->tap, c) * (double)call->w[r * call->ldw + s * call->ldtap + c];
            sum += term;
            magnitude += fabs(term);
        }
    const double want = sum < 0 ? (double)call->slope * sum : sum;
    const float  got = fov_view_load_one(y, (int64_t[]){0, c, 0, i});
    if (!check_near(got, want, call->rows * call->cols, magnitude)) describe(t, d, i, c, (double)got, want);
}

static void compare_int8(check *t, const depthwise_case *d, const fov_view *y, int64_t i, int64_t c)
{
    const fov_depthwise_call *call = &d->call;
    int32_t                   sum = 0;
    for (ptrdiff_t r = 0; r < (ptrdiff_t)call->rows; r++)
        for (ptrdiff_t s = 0; s < (ptrdiff_t)call->cols; s++)
            sum += (call->row[r][i * call->step + s * call->tap + c] - fov_quant_zero_point(d->quant_x, c)) *
                   call->w_int8[r * call->ldw + s * call->ldtap + c];
    const float product = (float)sum * call->scale[c], v = product + call->bias[c], want = v < 0 ? call->slope * v : v;
    const float got = fov_view_load_one(y, (int64_t[]){0, c, 0, i});
    if (memcmp(&got, &want, sizeof want)) describe(t, d, i, c, (double)got, (double)want);
}

static void check_case(check *t, const depthwise_case *d, const fov_depthwise_kernel *kernel)
{
    const fov_storage  as_f32 = {.dtype = FOV_F32};
    fov_depthwise_call call = d->call;
    guarded            memory_f32, memory_want;
    int64_t            at[FOV_MAX_RANK];
    fov_view           f32 = random_view(t, FOV_F32, NULL, d->y.shape.dim, &memory_f32, false);
    fov_view           want = random_view(t, d->y.dtype, d->quant_y, d->y.shape.dim, &memory_want, false);
    kernel->run(&call);
    call.y = f32.data;
    call.ldy = f32.stride[3] * (ptrdiff_t)sizeof(float);
    call.as_y = &as_f32;
    call.blocks = NULL; /* they are for U8 */
    kernel->run(&call);
    for (int64_t i = 0; i < (int64_t)call.m; i++)
        for (int64_t c = 0; c < (int64_t)call.channels; c++)
            if (d->int8) compare_int8(t, d, &f32, i, c);
            else compare_float(t, d, &f32, i, c);
    fov_view_store_f32(&f32, &want);
    if (!views_equal(&d->y, &want, at))
        describe(t, d, at[3], at[1], (double)fov_view_load_one(&d->y, at), (double)fov_view_load_one(&want, at));
    if (!view_intact(&d->y, &d->memory_y) || !view_intact(&f32, &memory_f32)) check_fail(t, "wrote outside of y");
    guarded_free(&memory_f32);
    guarded_free(&memory_want);
}

static void free_case(depthwise_case *d)
{
    guarded_free(&d->memory_x);
    guarded_free(&d->memory_y);
    guarded_free(&d->w);
    guarded_free(&d->integers);
    guarded_free(&d->blocks);
    fov_storage_free(&d->as_x);
    fov_storage_free(&d->as_y);
    free_quant(d->quant_x);
    free_quant(d->quant_y);
}

static void check_kernel(check *t, const fov_depthwise_kernel *now, const fov_depthwise_kernel *below)
{
    char name[64];
    snprintf(name, sizeof name, "depthwise_%s", now->name);
    if (now->run == below->run || !check_begin(t, name)) return;
    for (int i = 0; i < CASES; i++) {
        depthwise_case d;
        make_case(t, &d, now);
        check_case(t, &d, now);
        free_case(&d);
    }
    check_end(t);
}

void check_depthwise(check *t)
{
    check_kernel(t, &t->now.depthwise, &t->below.depthwise);
    check_kernel(t, &t->now.depthwise_int8, &t->below.depthwise_int8);
}
