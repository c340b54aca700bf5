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

FOV_ALWAYS_INLINE void end_type(const fov_gemm_end_call *call, const fov_dtype out)
{
    if (call->scale && call->residual) end_rows(call, (end_kind){out, true, true});
    else if (call->scale) end_rows(call, (end_kind){out, true, false});
    else if (call->residual) end_rows(call, (end_kind){out, false, true});
    else end_rows(call, (end_kind){out, false, false});
}

static void end_sums(const fov_gemm_end_call *call)
{
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
