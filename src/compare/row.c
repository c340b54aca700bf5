// SPDX-License-Identifier: MIT
/* Values of any storage type, a row at a time: fov_view_load_f32() is the definition, this is for runs of channels in memory. */
#include "base/half.h"
#include "compare/layers.h"

static void load_run(const fov_view *view, int64_t at, float *out)
{
    const int n = (int)view->shape.dim[1];
    switch (view->dtype) {
    case FOV_F32:
        memcpy(out, (const float *)view->data + at, (size_t)n * sizeof *out);
        break;
    case FOV_F16:
        for (int c = 0; c < n; c++) out[c] = fov_float_from_half(((const uint16_t *)view->data)[at + c]);
        break;
    case FOV_BF16:
        for (int c = 0; c < n; c++) out[c] = fov_float_from_bf16(((const uint16_t *)view->data)[at + c]);
        break;
    default:
        for (int c = 0; c < n; c++)
            out[c] = (float)(((const uint8_t *)view->data)[at + c] - fov_quant_zero_point(view->quant, c)) *
                     fov_quant_scale(view->quant, c);
    }
}

void fov_row_load(const fov_view *view, int64_t y, float *row)
{
    const int64_t channels = view->shape.dim[1], columns = view->shape.dim[3];
    for (int64_t x = 0; x < columns; x++, row += channels)
        if (view->stride[1] == 1) load_run(view, y * view->stride[2] + x * view->stride[3], row);
        else
            for (int64_t c = 0; c < channels; c++) row[c] = fov_view_load_one(view, (const int64_t[]){0, c, y, x});
}
