// SPDX-License-Identifier: MIT
/* Kernels over plain rows of floats, simple enough for the compiler: included once by each instruction set's rows.c, whose
 * folder sets the flags. FOV_ISA names the instruction set. */
#include "backend/cpu/kernels.h"

#include <math.h>
#include <string.h>

#define FOV_JOIN_(a, b) a##b
#define FOV_JOIN(a, b) FOV_JOIN_(a, b)

enum { MAX_BLOCK = 64 }; /* partial maxima that stay in registers or at least in the first cache */

static void add_f32(size_t n, const float *a, const float *b, float *y)
{
    for (size_t i = 0; i < n; i++) y[i] = a[i] + b[i];
}

static void max_block(size_t n, size_t offset, size_t rows, const float *const *row, float *y)
{
    float best[MAX_BLOCK];
    for (size_t i = 0; i < n; i++) best[i] = -INFINITY;
    for (size_t r = 0; r < rows; r++) {
        const float *x = row[r] + offset;
        for (size_t i = 0; i < n; i++) best[i] = x[i] > best[i] ? x[i] : best[i];
    }
    memcpy(y + offset, best, n * sizeof *best);
}

static void max_f32(size_t n, size_t rows, const float *const *row, float *y)
{
    size_t i = 0;
    for (; i + MAX_BLOCK <= n; i += MAX_BLOCK) max_block(MAX_BLOCK, i, rows, row, y);
    if (i < n) max_block(n - i, i, rows, row, y);
}

void FOV_JOIN(fov_rows_, FOV_ISA)(fov_kernels *kernels);

void FOV_JOIN(fov_rows_, FOV_ISA)(fov_kernels *kernels)
{
#define FOV_TEXT_(s) #s
#define FOV_TEXT(s) FOV_TEXT_(s)
    kernels->add = (fov_add_f32){"add_f32_" FOV_TEXT(FOV_ISA), add_f32};
    kernels->max = (fov_max_f32){"max_f32_" FOV_TEXT(FOV_ISA), max_f32};
}
