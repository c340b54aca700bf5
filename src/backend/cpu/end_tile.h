// SPDX-License-Identifier: MIT
/* What becomes of sums (fov_gemm_end_call), for the vectors of <isa>/storage.h. A vector of columns at a time, so that what
 * belongs to its channels stays in registers. There is an instance for each type of output, for sums that are integers or not, with
 * a residual or without; the residual's type is asked for each vector, which a processor foresees. No multiply-add is fused: the
 * bits are the definition's. */
#ifndef FOVEA_BACKEND_CPU_END_TILE_H
#define FOVEA_BACKEND_CPU_END_TILE_H

#include "backend/cpu/storage_tile.h"

/* Constants of an instance. */
typedef struct end_kind {
    fov_dtype out;
    bool      integer, residual;
} end_kind;

/* What is the same in all rows of the columns from `first` on. */
typedef struct end_columns {
    int    first, n;
    size_t channel;
    vec    scale, bias, inverse;
    ivec   zero_point;
} end_columns;

FOV_ALWAYS_INLINE end_columns columns_from(const fov_gemm_end_call *call, const end_kind kind, int first)
{
    const size_t channel = (size_t)(call->channel + first), lane = channel & call->out->mask;
    end_columns  c = {.first = first, .n = call->n - first < LANES ? call->n - first : LANES, .channel = channel};
    c.bias = vec_load_part(call->bias + channel, LANES);
    if (kind.integer) c.scale = vec_load_part(call->scale + channel, LANES);
    if (kind.out == FOV_U8) {
        c.inverse = vec_load_part(call->out->inverse + lane, LANES);
        c.zero_point = ivec_load(call->out->zero_point + lane);
    }
    return c;
}

FOV_ALWAYS_INLINE vec finished(const fov_gemm_end_call *call, const end_kind kind, const end_columns *c, vec slope, int row)
{
    const ptrdiff_t at = row * call->ldsum + c->first;
    vec             v;
    if (kind.integer) v = vec_mul(vec_from_int(ivec_load((const int32_t *)call->sum + at)), c->scale);
    else v = vec_load_part((const float *)call->sum + at, LANES);
    v = vec_add(v, c->bias);
    if (!kind.residual) return vec_activate(v, slope);
    const vec extra = load_stored(call->residual_storage->dtype, call->residual_storage, call->residual[row], c->channel, c->n);
    return call->residual_after ? vec_add(vec_activate(v, slope), extra) : vec_activate(vec_add(v, extra), slope);
}

FOV_ALWAYS_INLINE void end_rows(const fov_gemm_end_call *call, const end_kind kind)
{
    const vec slope = vec_set1(call->slope);
    for (int first = 0; first < call->n; first += LANES) {
        const end_columns c = columns_from(call, kind, first);
        for (int row = 0; row < call->m; row++) {
            const vec      v = finished(call, kind, &c, slope, row);
            unsigned char *pixel = call->c + row * call->ldc;
            if (kind.out == FOV_U8) ivec_store_u8(pixel + c.channel, c.n, vec_quantize(v, c.inverse, c.zero_point));
            else store_stored(kind.out, call->out, pixel, c.channel, c.n, v);
        }
    }
}

/* What fov_gemm_end_call.plain promises makes bytes of a row without asking for more. */
FOV_ALWAYS_INLINE ivec plain_row(const fov_gemm_end_call *call, const bool residual, const end_columns *c, vec slope, int row)
{
    const ivec sums = ivec_load((const int32_t *)call->sum + row * call->ldsum + c->first);
    vec        v = vec_add(vec_mul(vec_from_int(sums), c->scale), c->bias);
    if (!residual) return vec_quantize_small(vec_max(v, vec_mul(v, slope)), c->inverse, c->zero_point);
    const vec extra = load_stored(FOV_U8, call->residual_storage, call->residual[row], c->channel, LANES);
    if (!call->residual_after) v = vec_add(v, extra);
    v = vec_max(v, vec_mul(v, slope));
    return vec_quantize_small(call->residual_after ? vec_add(v, extra) : v, c->inverse, c->zero_point);
}

/* Columns that fill a vector; four rows at once, whose bytes are packed together. */
FOV_ALWAYS_INLINE void plain_columns(const fov_gemm_end_call *call, const bool residual, int first)
{
    const vec         slope = vec_set1(call->slope);
    const end_columns c = columns_from(call, (end_kind){FOV_U8, true, residual}, first);
    unsigned char    *to = call->c + c.channel;
    int               row = 0;
    for (; row + 4 <= call->m; row += 4)
        ivec_store_u8_rows(to + row * call->ldc, call->ldc, plain_row(call, residual, &c, slope, row),
                           plain_row(call, residual, &c, slope, row + 1), plain_row(call, residual, &c, slope, row + 2),
                           plain_row(call, residual, &c, slope, row + 3));
    for (; row < call->m; row++) ivec_store_u8(to + row * call->ldc, LANES, plain_row(call, residual, &c, slope, row));
}

/* Columns that fill two vectors, two rows at once. */
FOV_ALWAYS_INLINE void plain_column_pairs(const fov_gemm_end_call *call, const bool residual, int first)
{
    const vec         slope = vec_set1(call->slope);
    const end_columns c = columns_from(call, (end_kind){FOV_U8, true, residual}, first);
    const end_columns d = columns_from(call, (end_kind){FOV_U8, true, residual}, first + LANES);
    unsigned char    *to = call->c + c.channel;
    int               row = 0;
    for (; row + 2 <= call->m; row += 2)
        ivec_store_u8_pairs(to + row * call->ldc, call->ldc, plain_row(call, residual, &c, slope, row),
                            plain_row(call, residual, &d, slope, row), plain_row(call, residual, &c, slope, row + 1),
                            plain_row(call, residual, &d, slope, row + 1));
    if (row == call->m) return;
    ivec_store_u8(to + row * call->ldc, LANES, plain_row(call, residual, &c, slope, row));
    ivec_store_u8(to + row * call->ldc + LANES, LANES, plain_row(call, residual, &d, slope, row));
}

/* Works on a copy of the call, which bytes that are stored cannot be part of. */
FOV_ALWAYS_INLINE void end_plain(const fov_gemm_end_call call, const bool residual)
{
    int first = 0;
    for (; first + 2 * LANES <= call.n; first += 2 * LANES) plain_column_pairs(&call, residual, first);
    for (; first < call.n; first += LANES) plain_columns(&call, residual, first);
}

static bool is_plain(const fov_gemm_end_call *call)
{
    return call->plain && call->n % LANES == 0 && (!call->residual || call->residual_storage->dtype == FOV_U8);
}

FOV_ALWAYS_INLINE void end_type(const fov_gemm_end_call *call, const fov_dtype out)
{
    if (call->scale && call->residual) end_rows(call, (end_kind){out, true, true});
    else if (call->scale) end_rows(call, (end_kind){out, true, false});
    else if (call->residual) end_rows(call, (end_kind){out, false, true});
    else end_rows(call, (end_kind){out, false, false});
}

static void end_sums(const fov_gemm_end_call *call)
{
    if (is_plain(call)) {
        if (call->residual) end_plain(*call, true);
        else end_plain(*call, false);
        return;
    }
    switch (call->out->dtype) {
    case FOV_U8:
        end_type(call, FOV_U8);
        break;
    case FOV_F16:
        end_type(call, FOV_F16);
        break;
    case FOV_BF16:
        end_type(call, FOV_BF16);
        break;
    default:
        end_type(call, FOV_F32);
        break;
    }
}

#endif
