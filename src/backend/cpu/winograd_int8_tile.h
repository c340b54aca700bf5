// SPDX-License-Identifier: MIT
/* The transforms of winograd_int8.h for one kind of vector. A file that includes it has defined:
 *
 *     sum, LANES, sum_load(p), sum_store(p, v)   as in dot_tile.h
 *     wide                                a vector of 2 * LANES integers of 16 bits
 *     wide_load_u8(p), wide_store(p, v)   2 * LANES bytes, anywhere, made wider; aligned
 *     wide_add(a, b), wide_sub(a, b), wide_shl(v, bits)
 *     sum_add(a, b), sum_sub(a, b), sum_shl(v, bits), sum_mul(a, b), all modulo 2^32; sum_sar(v, bits); sum_set1(v) */
#ifndef FOVEA_BACKEND_CPU_WINOGRAD_INT8_TILE_H
#define FOVEA_BACKEND_CPU_WINOGRAD_INT8_TILE_H

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"
#include "backend/cpu/winograd_int8.h"

enum { OUT = FOV_WINOGRAD_OUT, IN = FOV_WINOGRAD_IN, WIDE_LANES = 2 * LANES };

FOV_ALWAYS_INLINE void input_line(const wide d[IN], wide v[IN])
{
    const wide even_a = wide_sub(d[4], wide_shl(d[2], 2)), odd_a = wide_sub(d[3], wide_shl(d[1], 2));
    const wide even_b = wide_sub(d[4], d[2]), odd_b = wide_shl(wide_sub(d[3], d[1]), 1);
    v[0] = wide_add(wide_shl(wide_sub(d[0], d[2]), 2), even_b);
    v[1] = wide_add(even_a, odd_a);
    v[2] = wide_sub(even_a, odd_a);
    v[3] = wide_add(even_b, odd_b);
    v[4] = wide_sub(even_b, odd_b);
    v[5] = wide_sub(wide_sub(d[5], d[3]), wide_shl(odd_b, 1));
}

static void winograd_int8_input(const fov_winograd_int8_input_call *call)
{
    for (ptrdiff_t c = 0; c < call->channels; c += WIDE_LANES) {
        wide columns[IN][IN], line[IN];
        FOV_UNROLL
        for (int j = 0; j < IN; j++) {
            FOV_UNROLL
            for (int i = 0; i < IN; i++) line[i] = wide_load_u8(call->x + i * call->ldrow + j * call->ldpixel + c);
            input_line(line, columns[j]);
        }
        FOV_UNROLL
        for (int i = 0; i < IN; i++) {
            wide v[IN];
            FOV_UNROLL
            for (int j = 0; j < IN; j++) line[j] = columns[j][i];
            input_line(line, v);
            FOV_UNROLL
            for (int j = 0; j < IN; j++) wide_store(call->v + (i * IN + j) * call->ldpoint + c, v[j]);
        }
    }
}

FOV_ALWAYS_INLINE void output_line(const sum m[IN], sum y[OUT])
{
    const sum sum_a = sum_add(m[1], m[2]), sum_b = sum_add(m[3], m[4]);
    const sum apart_a = sum_sub(m[1], m[2]), apart_b = sum_sub(m[3], m[4]);
    y[0] = sum_add(m[0], sum_sub(sum_b, sum_shl(sum_a, 2)));
    y[1] = sum_sub(apart_b, sum_shl(apart_a, 1));
    y[2] = sum_sub(sum_b, sum_a);
    y[3] = sum_add(m[5], sum_sub(sum_shl(apart_b, 1), apart_a));
}

static void winograd_int8_output(const fov_winograd_int8_output_call *call)
{
    const sum inverse = sum_set1((int32_t)FOV_WINOGRAD_INVERSE_9);
    for (int c = 0; c < call->columns; c += LANES) {
        const sum start = sum_load(call->start + c);
        sum       columns[IN][OUT], line[IN];
        FOV_UNROLL
        for (int j = 0; j < IN; j++) {
            FOV_UNROLL
            for (int i = 0; i < IN; i++) line[i] = sum_load(call->m + (i * IN + j) * call->ldpoint + c);
            output_line(line, columns[j]);
        }
        FOV_UNROLL
        for (int i = 0; i < OUT; i++) {
            sum y[OUT];
            FOV_UNROLL
            for (int j = 0; j < IN; j++) line[j] = columns[j][i];
            output_line(line, y);
            FOV_UNROLL
            for (int j = 0; j < OUT; j++) {
                const sum exact = sum_sar(sum_mul(y[j], inverse), fov_winograd_int8_shift(i) + fov_winograd_int8_shift(j));
                sum_store(call->y + i * call->ldrow + j * call->ldpixel + c, sum_add(exact, start));
            }
        }
    }
}

#endif
