// SPDX-License-Identifier: MIT
/* Kernels over plain rows, for one kind of vector that the including file has defined as gemm_tile.h and storage_tile.h describe.
 * Types are constants in the loops that networks need to be fast; where types are mixed they are looked at for each vector. */
#ifndef FOVEA_BACKEND_CPU_ROWS_TILE_H
#define FOVEA_BACKEND_CPU_ROWS_TILE_H

#include "backend/cpu/storage_tile.h"

#include <math.h>
#include <string.h>

FOV_ALWAYS_INLINE void convert_vector(const fov_dtype from, const fov_dtype to, const fov_rows_call *call, const unsigned char *a,
                                      unsigned char *y, size_t c, int n)
{
    store_stored(to, call->as_y, y, c, n, load_stored(from, call->as_a, a, c, n));
}

FOV_ALWAYS_INLINE void convert_rows(const fov_dtype from, const fov_dtype to, const fov_rows_call *call)
{
    const unsigned char *a = call->a;
    unsigned char       *y = call->y;
    for (size_t i = 0; i < call->m; i++, a += call->step_a, y += call->step_y) {
        size_t c = 0;
        for (; c + LANES <= call->n; c += LANES) convert_vector(from, to, call, a, y, c, LANES);
        if (c < call->n) convert_vector(from, to, call, a, y, c, (int)(call->n - c));
    }
}

FOV_ALWAYS_INLINE void convert_from(const fov_dtype from, const fov_rows_call *call)
{
    switch (call->as_y->dtype) {
    case FOV_F16:
        convert_rows(from, FOV_F16, call);
        break;
    case FOV_BF16:
        convert_rows(from, FOV_BF16, call);
        break;
    case FOV_U8:
        convert_rows(from, FOV_U8, call);
        break;
    default:
        convert_rows(from, FOV_F32, call);
        break;
    }
}

static void convert(const fov_rows_call *call)
{
    switch (call->as_a->dtype) {
    case FOV_F16:
        convert_from(FOV_F16, call);
        break;
    case FOV_BF16:
        convert_from(FOV_BF16, call);
        break;
    case FOV_U8:
        convert_from(FOV_U8, call);
        break;
    default:
        convert_from(FOV_F32, call);
        break;
    }
}

/* The types of a, b and y, and where a pixel of each is. */
typedef struct add_pixel {
    fov_dtype            type_a, type_b, type_y;
    const unsigned char *a, *b;
    unsigned char       *y;
} add_pixel;

FOV_ALWAYS_INLINE void add_vector(const add_pixel p, const fov_rows_call *call, size_t c, int n)
{
    const vec a = load_stored(p.type_a, call->as_a, p.a, c, n), b = load_stored(p.type_b, call->as_b, p.b, c, n);
    store_stored(p.type_y, call->as_y, p.y, c, n, vec_add(a, b));
}

FOV_ALWAYS_INLINE void add_rows(const fov_dtype a, const fov_dtype b, const fov_dtype y, const fov_rows_call *call)
{
    add_pixel p = {a, b, y, call->a, call->b, call->y};
    for (size_t i = 0; i < call->m; i++, p.a += call->step_a, p.b += call->step_b, p.y += call->step_y) {
        size_t c = 0;
        for (; c + LANES <= call->n; c += LANES) add_vector(p, call, c, LANES);
        if (c < call->n) add_vector(p, call, c, (int)(call->n - c));
    }
}

static void add(const fov_rows_call *call)
{
    const fov_dtype a = call->as_a->dtype, b = call->as_b->dtype, y = call->as_y->dtype;
    if (a != b || a != y) add_rows(a, b, y, call);
    else if (a == FOV_F32) add_rows(FOV_F32, FOV_F32, FOV_F32, call);
    else if (a == FOV_F16) add_rows(FOV_F16, FOV_F16, FOV_F16, call);
    else if (a == FOV_BF16) add_rows(FOV_BF16, FOV_BF16, FOV_BF16, call);
    else add_rows(FOV_U8, FOV_U8, FOV_U8, call);
}

/* The vector of channels from c on. */
FOV_ALWAYS_INLINE void max_vector(const fov_dtype from, const fov_dtype to, const fov_max_call *call, size_t c, int part)
{
    vec best = vec_set1(-INFINITY);
    for (size_t r = 0; r < call->rows; r++) best = vec_max(load_stored(from, call->as_x, call->row[r], c, part), best);
    store_stored(to, call->as_y, call->y, c, part, best);
}

FOV_ALWAYS_INLINE void max_rows(const fov_dtype from, const fov_dtype to, const fov_max_call *call)
{
    size_t c = 0;
    for (; c + LANES <= call->n; c += LANES) max_vector(from, to, call, c, LANES);
    if (c < call->n) max_vector(from, to, call, c, (int)(call->n - c));
}

static void max_any(const fov_max_call *call)
{
    const fov_dtype x = call->as_x->dtype, y = call->as_y->dtype;
    if (x != y || x == FOV_U8) max_rows(x, y, call);
    else if (x == FOV_F32) max_rows(FOV_F32, FOV_F32, call);
    else if (x == FOV_F16) max_rows(FOV_F16, FOV_F16, call);
    else max_rows(FOV_BF16, FOV_BF16, call);
}

enum { MAX_BYTES = 64 };

/* The compiler makes vectors of these loops, of whatever width it may use here. */
static void max_u8(const fov_max_call *call)
{
    for (size_t c = 0; c < call->n; c += MAX_BYTES) {
        const size_t part = call->n - c < MAX_BYTES ? call->n - c : MAX_BYTES;
        uint8_t      best[MAX_BYTES] = {0};
        for (size_t r = 0; r < call->rows; r++) {
            const uint8_t *x = call->row[r] + c; /* the lanes beyond `part` may be read, and are thrown away */
            for (int i = 0; i < MAX_BYTES; i++) best[i] = x[i] > best[i] ? x[i] : best[i];
        }
        memcpy(call->y + c, best, part);
    }
}

#endif
