// SPDX-License-Identifier: MIT
/* What becomes of sums (fov_gemm_end_call), for the vectors of <isa>/storage.h. One instance for each type of output; the type of
 * the residual is asked for each vector, which a processor foresees. No multiply-add is fused: the bits are the definition's. */
#ifndef FOVEA_BACKEND_CPU_END_TILE_H
#define FOVEA_BACKEND_CPU_END_TILE_H

#include "backend/cpu/storage_tile.h"

/* Columns of vector `v` from column `first` on. */
FOV_ALWAYS_INLINE vec finished(const fov_gemm_end_call *call, const vec slope, int i, int first, int n)
{
    const ptrdiff_t c = call->channel + first, at = i * call->ldsum + first;
    vec v = call->scale ? vec_mul(vec_from_int(ivec_load((const int32_t *)call->sum + at)), vec_load_part(call->scale + c, LANES))
                        : vec_load_part((const float *)call->sum + at, LANES);
    v = vec_add(v, vec_load_part(call->bias + c, LANES));
    if (!call->residual) return vec_activate(v, slope);
    const vec extra = load_stored(call->residual_storage->dtype, call->residual_storage, call->residual[i], (size_t)c, n);
    return call->residual_after ? vec_add(vec_activate(v, slope), extra) : vec_activate(vec_add(v, extra), slope);
}

FOV_ALWAYS_INLINE void end_rows(const fov_gemm_end_call *call, const fov_dtype dtype)
{
    const vec slope = vec_set1(call->slope);
    for (int i = 0; i < call->m; i++) {
        unsigned char *pixel = call->c + i * call->ldc;
        for (int first = 0; first < call->n; first += LANES) {
            const int n = call->n - first < LANES ? call->n - first : LANES;
            store_stored(dtype, call->out, pixel, (size_t)(call->channel + first), n, finished(call, slope, i, first, n));
        }
    }
}

static void end_sums(const fov_gemm_end_call *call)
{
    switch (call->out->dtype) {
    case FOV_U8:
        end_rows(call, FOV_U8);
        break;
    case FOV_F16:
        end_rows(call, FOV_F16);
        break;
    case FOV_BF16:
        end_rows(call, FOV_BF16);
        break;
    default:
        end_rows(call, FOV_F32);
        break;
    }
}

#endif
