// SPDX-License-Identifier: MIT
/* Between storage types and floats, element by element: what backends do faster. */
#include "base/half.h"
#include "graph/ops/walk.h"
#include "graph/view.h"

float fov_view_load_one(const fov_view *view, const int64_t *at)
{
    const int64_t i = fov_view_offset(view, at);
    const int64_t channel = view->dtype == FOV_I8 ? at[0] : view->shape.rank > 1 ? at[1] : 0;
    switch (view->dtype) {
    case FOV_F32:
        return ((const float *)view->data)[i];
    case FOV_F16:
        return fov_float_from_half(((const uint16_t *)view->data)[i]);
    case FOV_BF16:
        return fov_float_from_bf16(((const uint16_t *)view->data)[i]);
    case FOV_U8:
        return (float)(((const uint8_t *)view->data)[i] - fov_quant_zero_point(view->quant, channel)) *
               fov_quant_scale(view->quant, channel);
    case FOV_I8:
        return (float)((const int8_t *)view->data)[i] * fov_quant_scale(view->quant, channel);
    default:
        return 0;
    }
}

void fov_view_store_one(const fov_view *view, const int64_t *at, float v)
{
    const int64_t i = fov_view_offset(view, at);
    const int64_t channel = view->dtype == FOV_I8 ? at[0] : view->shape.rank > 1 ? at[1] : 0;
    switch (view->dtype) {
    case FOV_F32:
        ((float *)view->data)[i] = v;
        break;
    case FOV_F16:
        ((uint16_t *)view->data)[i] = fov_half_from_float(v);
        break;
    case FOV_BF16:
        ((uint16_t *)view->data)[i] = fov_bf16_from_float(v);
        break;
    case FOV_U8:
        ((uint8_t *)view->data)[i] = (uint8_t)fov_quantize(v, 1.0F / fov_quant_scale(view->quant, channel),
                                                           fov_quant_zero_point(view->quant, channel), 0, UINT8_MAX);
        break;
    case FOV_I8:
        ((int8_t *)view->data)[i] = (int8_t)fov_quantize(v, 1.0F / fov_quant_scale(view->quant, channel), 0, -INT8_MAX, INT8_MAX);
        break;
    default:
        break;
    }
}

void fov_view_load_f32(const fov_view *from, const fov_view *to_f32)
{
    for (fov_walk w = fov_walk_begin(&from->shape); w.more; fov_walk_next(&w))
        *fov_view_f32(to_f32, w.at) = fov_view_load_one(from, w.at);
}

void fov_view_store_f32(const fov_view *from_f32, const fov_view *to)
{
    for (fov_walk w = fov_walk_begin(&to->shape); w.more; fov_walk_next(&w))
        fov_view_store_one(to, w.at, *fov_view_f32(from_f32, w.at));
}
