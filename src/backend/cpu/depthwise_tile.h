// SPDX-License-Identifier: MIT
/* The depthwise kernel for one kind of vector, which the including file has defined as gemm_tile.h and storage_tile.h describe.
 *
 * Four output pixels share each load of weights, and with stride 1 the loads of input that they have in common; the channels of
 * these four run through in order, so that memory is read in sequence.
 *
 * A window row is summed by itself, the rows are added, the bias comes last: shorter chains and smaller partial sums round less.
 * On RetinaFace's outputs one chain from the bias on is twice as far from the exact result. */
#ifndef FOVEA_BACKEND_CPU_DEPTHWISE_TILE_H
#define FOVEA_BACKEND_CPU_DEPTHWISE_TILE_H

#include "backend/cpu/storage_tile.h"

enum { PIXELS = 4 };

/* What is constant in a loop: the types of x and y; whether the window is 3x3; and whether outputs are as far apart as taps, so
 * that output p at tap s reads what output p + 1 reads at tap s - 1. */
typedef struct depthwise_loop {
    fov_dtype x, y;
    bool      square, shared;
} depthwise_loop;

/* One vector of channels c .. c + n - 1 of `pixels` outputs from pixel i on. */
FOV_ALWAYS_INLINE void block(const fov_depthwise_call *call, size_t i, size_t c, int n, const int pixels, const depthwise_loop is)
{
    const vec    zero = vec_set1(0), slope = vec_set1(call->slope), bias = vec_load(call->bias + c);
    const size_t rows = is.square ? 3 : call->rows, cols = is.square ? 3 : call->cols;
    vec          acc[PIXELS];
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) acc[p] = zero;
    for (size_t r = 0; r < rows; r++) {
        const unsigned char *x = call->row[r] + (ptrdiff_t)i * call->step;
        const float         *w = call->w + (ptrdiff_t)r * call->ldw + c;
        if (is.square && is.shared) {
            const vec w0 = vec_load(w), w1 = vec_load(w + call->ldtap), w2 = vec_load(w + 2 * call->ldtap);
            vec       in[PIXELS + 2];
            FOV_UNROLL
            for (int p = 0; p < pixels + 2; p++) in[p] = load_stored(is.x, call->as_x, x + p * call->step, c, n);
            FOV_UNROLL
            for (int p = 0; p < pixels; p++)
                acc[p] = vec_add(acc[p], vec_fma(in[p + 2], w2, vec_fma(in[p + 1], w1, vec_fma(in[p], w0, zero))));
            continue;
        }
        vec row[PIXELS];
        FOV_UNROLL
        for (int p = 0; p < pixels; p++) row[p] = zero;
        for (size_t s = 0; s < cols; s++, x += call->tap, w += call->ldtap) {
            const vec weight = vec_load(w);
            FOV_UNROLL
            for (int p = 0; p < pixels; p++)
                row[p] = vec_fma(load_stored(is.x, call->as_x, x + p * call->step, c, n), weight, row[p]);
        }
        FOV_UNROLL
        for (int p = 0; p < pixels; p++) acc[p] = vec_add(acc[p], row[p]);
    }
    unsigned char *y = call->y + (ptrdiff_t)i * call->ldy;
    FOV_UNROLL
    for (int p = 0; p < pixels; p++)
        store_stored(is.y, call->as_y, y + p * call->ldy, c, n, vec_activate(vec_add(acc[p], bias), slope));
}

FOV_ALWAYS_INLINE void pixels_at(const fov_depthwise_call *call, size_t i, const int pixels, const depthwise_loop is)
{
    size_t c = 0;
    for (; c + LANES <= call->channels; c += LANES) block(call, i, c, LANES, pixels, is);
    if (c < call->channels) block(call, i, c, (int)(call->channels - c), pixels, is);
}

FOV_ALWAYS_INLINE void all_pixels(const fov_depthwise_call *call, const depthwise_loop is)
{
    size_t i = 0;
    for (; i + PIXELS <= call->m; i += PIXELS) pixels_at(call, i, PIXELS, is);
    for (; i < call->m; i++) pixels_at(call, i, 1, is);
}

FOV_ALWAYS_INLINE void depthwise_of(const fov_depthwise_call *call, const fov_dtype x, const fov_dtype y)
{
    if (call->rows != 3 || call->cols != 3) all_pixels(call, (depthwise_loop){x, y, false, false});
    else if (call->step == call->tap) all_pixels(call, (depthwise_loop){x, y, true, true});
    else all_pixels(call, (depthwise_loop){x, y, true, false});
}

/* Each a function of its own, which compilers would else make one too large for them. */
static __attribute__((noinline)) void depthwise_f16(const fov_depthwise_call *call)
{
    depthwise_of(call, FOV_F16, call->as_y->dtype);
}

static __attribute__((noinline)) void depthwise_bf16(const fov_depthwise_call *call)
{
    depthwise_of(call, FOV_BF16, call->as_y->dtype);
}

static __attribute__((noinline)) void depthwise_f32_any(const fov_depthwise_call *call)
{
    depthwise_of(call, FOV_F32, call->as_y->dtype);
}

static void depthwise(const fov_depthwise_call *call)
{
    if (call->as_x->dtype == FOV_F16) depthwise_f16(call);
    else if (call->as_x->dtype == FOV_BF16) depthwise_bf16(call);
    else if (call->as_y->dtype == FOV_F32) depthwise_of(call, FOV_F32, FOV_F32);
    else depthwise_f32_any(call);
}

#endif
