// SPDX-License-Identifier: MIT
/* The GEMM of a matrix unit with eight tiles of 16 rows of 64 bytes. A file that includes it has defined, tiles being named by
 * constants:
 *
 *     TILE_CONFIGURE(&config)        the shapes of all tiles (tile_config)
 *     TILE_RELEASE()
 *     TILE_LOAD(t, from, stride)     rows of bytes that stand anywhere, `stride` bytes apart
 *     TILE_STORE(t, to, stride)
 *     TILE_STRAIGHT(p, &stride)      sixteen pointers are equally far apart: bytes from one to the next
 *     TILE_DOT(c, a, b)              c += the products of groups of four bytes, added up: row i of a with row k of b, column j
 *
 * Sums are 32 rows by 16 or 32 columns, in two or four tiles. Panels are as fov_gemm_dot has them: groups beside groups are what
 * the unit wants. Rows of A are usually pixels side by side, which it reads where they stand; others are put together first. */
#ifndef FOVEA_BACKEND_CPU_MATRIX_TILE_H
#define FOVEA_BACKEND_CPU_MATRIX_TILE_H

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"
#include "base/alloc.h"

#include <stdint.h>
#include <string.h>

enum { TILE_ROWS = 16, TILE_BYTES = 64, TILE_GROUP = 4, TILES = 8, GEMM_ROWS = 2 * TILE_ROWS };

/* Sums: upper left and right, lower left and right. */
#define SUM_0 0
#define SUM_1 1
#define SUM_2 2
#define SUM_3 3
#define UPPER 4
#define LOWER 5
#define LEFT 6
#define RIGHT 7

/* What ldtilecfg reads. */
typedef struct tile_config {
    uint8_t  palette, start_row, reserved[14];
    uint16_t row_bytes[TILES], more_row_bytes[8];
    uint8_t  rows[TILES], more_rows[8];
} tile_config;

static void tiles_begin(size_t groups)
{
    const size_t step = fov_gemm_tile_step(groups);
    tile_config  config = {.palette = 1};
    for (int i = 0; i < TILES; i++) {
        const bool is_a = i == UPPER || i == LOWER, is_w = i == LEFT || i == RIGHT;
        config.row_bytes[i] = (uint16_t)(is_a ? TILE_GROUP * step : TILE_BYTES);
        config.rows[i] = (uint8_t)(is_w ? step : TILE_ROWS);
    }
    TILE_CONFIGURE(&config);
}

static void tiles_end(void)
{
    TILE_RELEASE();
}

/* Rows of A of one tap, 1 to 16 of a tile's: at pointers, or at a constant step from `first` on. */
typedef struct tile_rows {
    const void *const   *row;
    const unsigned char *first;
    int                  m;
    ptrdiff_t            offset, step, stride; /* bytes */
    bool                 straight;
} tile_rows;

FOV_ALWAYS_INLINE tile_rows rows_of(const fov_gemm_dot_call *call, size_t tap, int begin, int m)
{
    tile_rows rows = {.row = call->a + tap * call->lda, .m = m, .offset = call->a_offset, .step = call->a_step};
    if (rows.step) {
        rows.first = (const unsigned char *)*rows.row + begin * rows.step;
        rows.stride = rows.step;
        rows.straight = m == TILE_ROWS;
        return rows;
    }
    rows.row += begin;
    rows.first = *rows.row;
    rows.straight = m == TILE_ROWS && TILE_STRAIGHT(rows.row, &rows.stride);
    return rows;
}

FOV_ALWAYS_INLINE const unsigned char *tile_row(const tile_rows *rows, int i)
{
    return rows->step ? rows->first + i * rows->step : (const unsigned char *)rows->row[i];
}

/* The rows as one block; those beyond the last repeat it. Whole lines are copied, whatever a tile needs of them: each of its loads
 * then finds all in one store. */
FOV_ALWAYS_INLINE const unsigned char *block_of(const tile_rows *rows, ptrdiff_t at, unsigned char *copy, ptrdiff_t *stride)
{
    *stride = rows->straight ? rows->stride : TILE_BYTES;
    at += rows->offset;
    if (rows->straight) return rows->first + at;
    for (int i = 0; i < TILE_ROWS; i++)
        memcpy(copy + TILE_BYTES * i, tile_row(rows, i < rows->m ? i : rows->m - 1) + at, TILE_BYTES);
    return copy;
}

FOV_ALWAYS_INLINE void add_products(const fov_gemm_dot_call *call, const bool lower, const bool right)
{
    _Alignas(FOV_ALIGN) unsigned char copy[2][TILE_ROWS * TILE_BYTES];
    const ptrdiff_t      step = (ptrdiff_t)fov_gemm_tile_step(call->groups), line = right ? 2 * TILE_BYTES : TILE_BYTES;
    const ptrdiff_t      piece = TILE_GROUP * (ptrdiff_t)call->groups;
    const unsigned char *w = (const unsigned char *)call->w + line;
    for (size_t tap = 0; tap < call->taps; tap++) {
        const tile_rows upper_rows = rows_of(call, tap, 0, lower ? TILE_ROWS : call->m);
        const tile_rows lower_rows = lower ? rows_of(call, tap, TILE_ROWS, call->m - TILE_ROWS) : upper_rows;
        for (ptrdiff_t at = 0; at < piece; at += TILE_GROUP * step, w += step * line) {
            ptrdiff_t            stride;
            const unsigned char *from = block_of(&upper_rows, at, copy[0], &stride);
            TILE_LOAD(UPPER, from, stride);
            TILE_LOAD(LEFT, w, line);
            TILE_DOT(SUM_0, UPPER, LEFT);
            if (right) TILE_LOAD(RIGHT, w + TILE_BYTES, line);
            if (right) TILE_DOT(SUM_1, UPPER, RIGHT);
            if (!lower) continue;
            from = block_of(&lower_rows, at, copy[1], &stride);
            TILE_LOAD(LOWER, from, stride);
            TILE_DOT(SUM_2, LOWER, LEFT);
            if (right) TILE_DOT(SUM_3, LOWER, RIGHT);
        }
    }
}

FOV_ALWAYS_INLINE void store_sums(unsigned char *to, const bool lower, const bool right)
{
    const size_t line = right ? 2 * TILE_BYTES : TILE_BYTES;
    TILE_STORE(SUM_0, to, line);
    if (right) TILE_STORE(SUM_1, to + TILE_BYTES, line);
    if (!lower) return;
    to += TILE_ROWS * line;
    TILE_STORE(SUM_2, to, line);
    if (right) TILE_STORE(SUM_3, to + TILE_BYTES, line);
}

FOV_ALWAYS_INLINE void tiles(const fov_gemm_dot_call *call, const bool lower, const bool right)
{
    _Alignas(FOV_ALIGN) unsigned char all[GEMM_ROWS * 2 * TILE_BYTES];
    const unsigned char              *w = call->w;
    const size_t                      line = right ? 2 * TILE_BYTES : TILE_BYTES;
    const bool                        whole = call->m == (lower ? GEMM_ROWS : TILE_ROWS);
    TILE_LOAD(SUM_0, w, 0);
    if (right) TILE_LOAD(SUM_1, w + TILE_BYTES, 0);
    if (lower) TILE_LOAD(SUM_2, w, 0);
    if (lower && right) TILE_LOAD(SUM_3, w + TILE_BYTES, 0);
    add_products(call, lower, right);
    store_sums(whole ? call->sum : all, lower, right);
    if (!whole) memcpy(call->sum, all, (size_t)call->m * line);
}

static void tiles_32x32(const fov_gemm_dot_call *call)
{
    if (call->m > TILE_ROWS) tiles(call, true, true);
    else tiles(call, false, true);
}

static void tiles_32x16(const fov_gemm_dot_call *call)
{
    if (call->m > TILE_ROWS) tiles(call, true, false);
    else tiles(call, false, false);
}

#endif
