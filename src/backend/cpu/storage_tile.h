// SPDX-License-Identifier: MIT
/* Activations of any storage type as vectors of floats, with what <isa>/storage.h defines for its vectors:
 *
 *     ivec                            LANES 32-bit integers
 *     ivec_load, ivec_set1            unaligned; all the same
 *     vec_from_int, vec_mul
 *     vec_load_f16, vec_load_bf16     n elements, 1 .. LANES; the lanes beyond may hold anything
 *     vec_store_f16, vec_store_bf16   n elements, as base/half.h rounds them
 *     ivec_load_u8, ivec_store_u8     the same of bytes; the store saturates to 0 .. 255
 *     vec_dequantize                  (q - zero point) * scale
 *     vec_quantize                    as fov_quantize() of graph/view.h once it is stored by ivec_store_u8()
 *     vec_quantize_number             the same when the result is known to be no NaN
 *
 * No multiply-add is fused: the bits are the definition's. */
#ifndef FOVEA_BACKEND_CPU_STORAGE_TILE_H
#define FOVEA_BACKEND_CPU_STORAGE_TILE_H

#include "backend/cpu/kernels.h"
#include "backend/cpu/unroll.h"

/** n channels from `c` on of a pixel whose channel 0 is at `pixel`. @param dtype of `as`; a constant where speed matters */
FOV_ALWAYS_INLINE vec load_stored(const fov_dtype dtype, const fov_storage *as, const void *pixel, size_t c, int n)
{
    const size_t lane = c & as->mask;
    switch (dtype) {
    case FOV_F16:
        return vec_load_f16((const uint16_t *)pixel + c, n);
    case FOV_BF16:
        return vec_load_bf16((const uint16_t *)pixel + c, n);
    case FOV_U8:
        return vec_dequantize(ivec_load_u8((const uint8_t *)pixel + c, n), ivec_load(as->zero_point + lane),
                              vec_load_part(as->scale + lane, LANES));
    default:
        return vec_load_part((const float *)pixel + c, n);
    }
}

FOV_ALWAYS_INLINE void store_stored(const fov_dtype dtype, const fov_storage *as, void *pixel, size_t c, int n, vec v)
{
    const size_t lane = c & as->mask;
    switch (dtype) {
    case FOV_F16:
        vec_store_f16((uint16_t *)pixel + c, n, v);
        break;
    case FOV_BF16:
        vec_store_bf16((uint16_t *)pixel + c, n, v);
        break;
    case FOV_U8:
        ivec_store_u8((uint8_t *)pixel + c, n,
                      vec_quantize(v, vec_load_part(as->inverse + lane, LANES), ivec_load(as->zero_point + lane)));
        break;
    default:
        vec_store_part((float *)pixel + c, n, v);
        break;
    }
}

#endif
