// SPDX-License-Identifier: MIT
/* Plain C: the inner loops have constant bounds so that the compiler keeps the tile in vector registers. */
#include "backend/cpu/generic/generic.h"

enum { MR = 4, NR = 8 };

typedef struct tile {
    float v[MR][NR];
} tile;

/* Rows beyond m repeat row 0: computing them costs nothing extra and they are never stored. */
static void accumulate(const fov_gemm_f32_call *call, tile *t)
{
    const float *w = call->w + NR;
    tile         acc = *t;
    for (size_t tap = 0; tap < call->taps; tap++) {
        const float *const *rows = call->a + tap * call->lda;
        const float        *a[MR];
        for (int i = 0; i < MR; i++) a[i] = rows[i < call->m ? i : 0] + call->a_offset;
        for (size_t k = 0; k < call->k; k++, w += NR)
            for (int i = 0; i < MR; i++)
                for (int j = 0; j < NR; j++) acc.v[i][j] += a[i][k] * w[j];
    }
    *t = acc;
}

static float activate(float v, float slope)
{
    return v < 0 ? slope * v : v;
}

static void store_row(const fov_gemm_f32_call *call, int row, const float *acc)
{
    const float *residual = call->residual ? call->residual[row] + call->residual_offset : NULL;
    float       *c = call->c + row * call->ldc;
    for (int j = 0; j < call->n; j++) {
        float r = residual ? residual[j] : 0;
        if (call->residual_after) c[j] = activate(acc[j], call->slope) + r;
        else c[j] = activate(residual ? acc[j] + r : acc[j], call->slope);
    }
}

static void gemm_f32_generic(const fov_gemm_f32_call *call)
{
    tile t;
    for (int i = 0; i < MR; i++)
        for (int j = 0; j < NR; j++) t.v[i][j] = call->w[j];
    accumulate(call, &t);
    for (int i = 0; i < call->m; i++) store_row(call, i, t.v[i]);
}

void fov_gemm_generic(fov_kernels *kernels)
{
    kernels->gemm[0] = (fov_gemm_f32){"f32_generic_4x8", MR, NR, gemm_f32_generic};
    for (int i = 1; i < FOV_GEMM_WIDTHS; i++) kernels->gemm[i] = (fov_gemm_f32){0};
}
