// SPDX-License-Identifier: MIT
/* The depthwise kernel of U8 with I8 weights, for one kind of vector that the including file has defined as storage_tile.h and
 * <isa>/integers.h describe, and of what it defines itself:
 *
 *     TAPS                 weights in a word: 1, 2 or 4
 *     ivec_dot(sum, x, w)  sum + the products of the TAPS unsigned fields of x with the signed ones of w, never saturated
 *
 * A word of x is TAPS rows of one pixel column, one channel: three columns make a window of 3x3, and with stride 1 each column
 * serves three outputs. The bytes go in as they are; what the zero points add was computed before. Clipped windows and other
 * sizes take the zero points off first, tap by tap. Sums are integers: no order of them matters. */
#ifndef FOVEA_BACKEND_CPU_DEPTHWISE_INT8_TILE_H
#define FOVEA_BACKEND_CPU_DEPTHWISE_INT8_TILE_H

#include "backend/cpu/storage_tile.h"

enum { INT8_PIXELS = 4, WORDS = (3 + TAPS - 1) / TAPS };

/* As graph/ops/conv_int8.h says. */
FOV_ALWAYS_INLINE void finish(const fov_depthwise_call *call, const fov_dtype y_type, unsigned char *y, size_t c, int n, ivec sum)
{
    const vec v = vec_add(vec_mul(vec_from_int(sum), vec_load(call->scale + c)), vec_load(call->bias + c));
    store_stored(y_type, call->as_y, y, c, n, vec_activate(v, vec_set1(call->slope)));
}

/* What is the same in all pixels of some channels. */
typedef struct plain_channels {
    vec  scale, bias, slope, inverse;
    ivec zero_point;
} plain_channels;

FOV_ALWAYS_INLINE plain_channels plain_channels_from(const fov_depthwise_call *call, const fov_dtype y_type, size_t c)
{
    const size_t   lane = c & call->as_y->mask;
    plain_channels p = {.scale = vec_load(call->scale + c), .bias = vec_load(call->bias + c), .slope = vec_set1(call->slope)};
    if (y_type == FOV_U8) {
        p.inverse = vec_load_part(call->as_y->inverse + lane, LANES);
        p.zero_point = ivec_load(call->as_y->zero_point + lane);
    }
    return p;
}

/* The same as finish() where fov_depthwise_call.columns promises that nothing becomes NaN, and that the slope is 0 .. 1. */
FOV_ALWAYS_INLINE vec plain_real(const plain_channels *p, ivec sum)
{
    const vec v = vec_add(vec_mul(vec_from_int(sum), p->scale), p->bias);
    return vec_max(v, vec_mul(v, p->slope));
}

FOV_ALWAYS_INLINE ivec plain_bytes(const plain_channels *p, ivec sum)
{
    return vec_quantize_number(plain_real(p, sum), p->inverse, p->zero_point);
}

/* Channels c .. c + n - 1 of the pixels from `y` on. */
FOV_ALWAYS_INLINE void finish_plain(const fov_depthwise_call *call, const fov_dtype y_type, unsigned char *y, size_t c, int n,
                                    const int pixels, const ivec sum[INT8_PIXELS])
{
    const plain_channels p = plain_channels_from(call, y_type, c);
    if (y_type == FOV_U8 && pixels == INT8_PIXELS && n == LANES) {
        ivec_store_u8_rows(y + c, call->ldy, plain_bytes(&p, sum[0]), plain_bytes(&p, sum[1]), plain_bytes(&p, sum[2]),
                           plain_bytes(&p, sum[3]));
        return;
    }
    FOV_UNROLL
    for (int i = 0; i < pixels; i++, y += call->ldy) {
        if (y_type == FOV_U8) ivec_store_u8(y + c, n, plain_bytes(&p, sum[i]));
        else store_stored(y_type, call->as_y, y, c, n, plain_real(&p, sum[i]));
    }
}

typedef struct column {
    ivec word[WORDS];
} column;

FOV_ALWAYS_INLINE column column_load(const fov_depthwise_call *call, ptrdiff_t offset, int n)
{
    column x;
    FOV_UNROLL
    for (int r = 0; r < 3; r++) {
        const ivec q = ivec_load_u8(call->row[r] + offset, n);
        /* cppcheck-suppress uninitvar ; set by the word's first tap */
        x.word[r / TAPS] = r % TAPS == 0 ? q : ivec_join(x.word[r / TAPS], q, r % TAPS * (32 / TAPS));
    }
    return x;
}

FOV_ALWAYS_INLINE ivec column_dot(ivec sum, const column *x, const column *w)
{
    FOV_UNROLL
    for (int i = 0; i < WORDS; i++) sum = ivec_dot(sum, x->word[i], w->word[i]);
    return sum;
}

/* Channels c .. c + n - 1 of `pixels` outputs from pixel i on, whole windows of 3x3. */
FOV_ALWAYS_INLINE void square_block(const fov_depthwise_call *call, const fov_dtype y_type, size_t i, size_t c, int n,
                                    const int pixels, const bool shared)
{
    const ptrdiff_t first = (ptrdiff_t)i * call->step + (ptrdiff_t)c;
    const int       columns = shared ? pixels + 2 : 3;
    ivec            sum[INT8_PIXELS];
    column          w[3];
    FOV_UNROLL
    for (int s = 0; s < 3; s++) {
        FOV_UNROLL
        for (int j = 0; j < WORDS; j++) w[s].word[j] = ivec_load(call->columns + (s * WORDS + j) * call->ldtap + c);
    }
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) sum[p] = ivec_load(call->start + c);
    FOV_UNROLL
    for (int k = 0; k < columns; k++) {
        column x;
        if (shared) x = column_load(call, first + k * call->tap, n);
        FOV_UNROLL
        for (int p = 0; p < pixels; p++) {
            const int s = shared ? k - p : k;
            if (s < 0 || s > 2) continue;
            if (!shared) x = column_load(call, first + p * call->step + k * call->tap, n);
            sum[p] = column_dot(sum[p], &x, &w[s]);
        }
    }
    finish_plain(call, y_type, call->y + (ptrdiff_t)i * call->ldy, c, n, pixels, sum);
}

/* The same of any window. */
FOV_ALWAYS_INLINE void any_block(const fov_depthwise_call *call, const fov_dtype y_type, size_t i, size_t c, int n,
                                 const int pixels)
{
    const ivec zero_point = ivec_load(call->as_x->zero_point + (c & call->as_x->mask));
    ivec       sum[INT8_PIXELS];
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) sum[p] = ivec_set1(0);
    for (ptrdiff_t r = 0; r < (ptrdiff_t)call->rows; r++)
        for (ptrdiff_t s = 0; s < (ptrdiff_t)call->cols; s++) {
            const unsigned char *x = call->row[r] + (ptrdiff_t)i * call->step + s * call->tap + c;
            const ivec           w = ivec_load(call->w_int8 + r * call->ldw + s * call->ldtap + c);
            FOV_UNROLL
            for (int p = 0; p < pixels; p++)
                sum[p] = ivec_add_product(sum[p], ivec_center(ivec_load_u8(x + p * call->step, n), zero_point), w);
        }
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) finish(call, y_type, call->y + ((ptrdiff_t)i + p) * call->ldy, c, n, sum[p]);
}

typedef enum int8_window { ANY, SQUARE, SHARED } int8_window;

FOV_ALWAYS_INLINE void int8_pixels_at(const fov_depthwise_call *call, const fov_dtype y_type, size_t i, const int pixels,
                                      const int8_window window)
{
    for (size_t c = 0; c < call->channels; c += LANES) {
        const int n = call->channels - c < LANES ? (int)(call->channels - c) : LANES;
        if (window == ANY) any_block(call, y_type, i, c, n, pixels);
        else if (n == LANES) square_block(call, y_type, i, c, LANES, pixels, window == SHARED);
        else square_block(call, y_type, i, c, n, pixels, window == SHARED);
    }
}

FOV_ALWAYS_INLINE void int8_all_pixels(const fov_depthwise_call *call, const fov_dtype y_type, const int8_window window)
{
    size_t i = 0;
    for (; i + INT8_PIXELS <= call->m; i += INT8_PIXELS) int8_pixels_at(call, y_type, i, INT8_PIXELS, window);
    for (; i < call->m; i++) int8_pixels_at(call, y_type, i, 1, window);
}

/* Works on a copy of the call, which bytes that are stored cannot be part of. */
FOV_ALWAYS_INLINE void depthwise_int8_to(fov_depthwise_call call, const fov_dtype y_type)
{
    const fov_storage as_x = *call.as_x, as_y = *call.as_y;
    call.as_x = &as_x;
    call.as_y = &as_y;
    if (!call.columns) int8_all_pixels(&call, y_type, ANY);
    else if (call.step == call.tap) int8_all_pixels(&call, y_type, SHARED);
    else int8_all_pixels(&call, y_type, SQUARE);
}

/* A function of its own, which compilers would else make one too large for them. */
static __attribute__((noinline)) void depthwise_int8_to_any(const fov_depthwise_call *call)
{
    depthwise_int8_to(*call, call->as_y->dtype);
}

static void depthwise_int8(const fov_depthwise_call *call)
{
    if (call->as_y->dtype == FOV_U8) depthwise_int8_to(*call, FOV_U8);
    else depthwise_int8_to_any(call);
}

#endif
