// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/unroll.h"

#include <string.h>

enum { BLOCK = 16 }; /* channels at a time: partial sums stay in registers */

/* Inlined, so that whole blocks have constant bounds. */
FOV_ALWAYS_INLINE void depthwise_block(const fov_depthwise_f32_call *call, size_t pixel, size_t c0, size_t n)
{
    float acc[BLOCK];
    memcpy(acc, call->bias + c0, sizeof acc);
    for (size_t r = 0; r < call->rows; r++)
        for (size_t s = 0; s < call->cols; s++) {
            const float *x = call->row[r] + (ptrdiff_t)pixel * call->step + (ptrdiff_t)s * call->tap + c0;
            const float *w = call->w + (ptrdiff_t)r * call->ldw + (ptrdiff_t)s * call->ldtap + c0;
            for (size_t c = 0; c < n; c++) acc[c] += x[c] * w[c];
        }
    float *y = call->y + (ptrdiff_t)pixel * call->ldy + c0;
    for (size_t c = 0; c < n; c++) y[c] = acc[c] < 0 ? call->slope * acc[c] : acc[c];
}

static void depthwise_f32_generic(const fov_depthwise_f32_call *call)
{
    for (size_t i = 0; i < call->m; i++) {
        size_t c = 0;
        for (; c + BLOCK <= call->channels; c += BLOCK) depthwise_block(call, i, c, BLOCK);
        if (c < call->channels) depthwise_block(call, i, c, call->channels - c);
    }
}

void fov_depthwise_generic(fov_kernels *kernels)
{
    kernels->depthwise = (fov_depthwise_f32){"f32_generic", depthwise_f32_generic};
}
