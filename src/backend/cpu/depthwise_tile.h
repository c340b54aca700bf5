// SPDX-License-Identifier: MIT
/* The depthwise kernel for one kind of vector, which the including file has defined as gemm_tile.h describes.
 *
 * Four output pixels share each load of weights, and with stride 1 the loads of input that they have in common; the channels of
 * these four run through in order, so that memory is read in sequence.
 *
 * A window row is summed by itself, the rows are added, the bias comes last: shorter chains and smaller partial sums round less.
 * On RetinaFace's outputs one chain from the bias on is twice as far from the exact result. */
#ifndef FOVEA_BACKEND_CPU_DEPTHWISE_TILE_H
#define FOVEA_BACKEND_CPU_DEPTHWISE_TILE_H

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"

enum { PIXELS = 4 };

/* One vector of channels c .. c + n - 1 of `pixels` outputs from pixel i on; a 3x3 window when `square` is true.
 * `shared`: outputs and taps are equally far apart, so that output p at tap s reads what output p + 1 reads at tap s - 1. */
FOV_ALWAYS_INLINE void block(const fov_depthwise_f32_call *call, size_t i, size_t c, int n, const int pixels, const bool square,
                             const bool shared)
{
    const vec    zero = vec_set1(0), slope = vec_set1(call->slope), bias = vec_load(call->bias + c);
    const size_t rows = square ? 3 : call->rows, cols = square ? 3 : call->cols;
    vec          acc[PIXELS];
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) acc[p] = zero;
    for (size_t r = 0; r < rows; r++) {
        const float *x = call->row[r] + (ptrdiff_t)i * call->step + c, *w = call->w + (ptrdiff_t)r * call->ldw + c;
        if (square && shared) {
            const vec w0 = vec_load(w), w1 = vec_load(w + call->ldtap), w2 = vec_load(w + 2 * call->ldtap);
            vec       in[PIXELS + 2];
            FOV_UNROLL
            for (int p = 0; p < pixels + 2; p++) in[p] = vec_load_part(x + p * call->step, n);
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
            for (int p = 0; p < pixels; p++) row[p] = vec_fma(vec_load_part(x + p * call->step, n), weight, row[p]);
        }
        FOV_UNROLL
        for (int p = 0; p < pixels; p++) acc[p] = vec_add(acc[p], row[p]);
    }
    float *y = call->y + (ptrdiff_t)i * call->ldy + c;
    FOV_UNROLL
    for (int p = 0; p < pixels; p++) vec_store_part(y + p * call->ldy, n, vec_activate(vec_add(acc[p], bias), slope));
}

FOV_ALWAYS_INLINE void pixels_at(const fov_depthwise_f32_call *call, size_t i, const int pixels, const bool square,
                                 const bool shared)
{
    size_t c = 0;
    for (; c + LANES <= call->channels; c += LANES) block(call, i, c, LANES, pixels, square, shared);
    if (c < call->channels) block(call, i, c, (int)(call->channels - c), pixels, square, shared);
}

FOV_ALWAYS_INLINE void all_pixels(const fov_depthwise_f32_call *call, const bool square, const bool shared)
{
    size_t i = 0;
    for (; i + PIXELS <= call->m; i += PIXELS) pixels_at(call, i, PIXELS, square, shared);
    for (; i < call->m; i++) pixels_at(call, i, 1, square, shared);
}

static void depthwise(const fov_depthwise_f32_call *call)
{
    if (call->rows != 3 || call->cols != 3) all_pixels(call, false, false);
    else if (call->step == call->tap) all_pixels(call, true, true);
    else all_pixels(call, true, false);
}

#endif
