// SPDX-License-Identifier: MIT
#include "graph/ops/conv_int8.h"

#include "graph/ops/params.h"
#include "graph/ops/walk.h"

bool fov_conv_is_int8(const fov_op_call *call)
{
    return call->in[0] && call->in[1] && call->in[0]->dtype == FOV_U8 && call->in[1]->dtype == FOV_I8;
}

/* The sum over one window; `first` is the first input channel of the group. */
static int64_t window_sum(const fov_view *x, const fov_view *w, const fov_window *window, const int64_t *at, int64_t first)
{
    int64_t sum = 0;
    for (int64_t r = 0; r < window->kernel[0]; r++) {
        const int64_t row = at[2] * window->stride[0] - window->pad_top + r * window->dilation[0];
        if (row < 0 || row >= x->shape.dim[2]) continue;
        for (int64_t s = 0; s < window->kernel[1]; s++) {
            const int64_t column = at[3] * window->stride[1] - window->pad_left + s * window->dilation[1];
            if (column < 0 || column >= x->shape.dim[3]) continue;
            const uint8_t *px = (const uint8_t *)x->data + fov_view_offset(x, (int64_t[]){at[0], first, row, column});
            const int8_t  *pw = (const int8_t *)w->data + fov_view_offset(w, (int64_t[]){at[1], 0, r, s});
            for (int64_t c = 0; c < w->shape.dim[1]; c++)
                sum += (int64_t)(px[c * x->stride[1]] - fov_quant_zero_point(x->quant, first + c)) * pw[c * w->stride[1]];
        }
    }
    return sum;
}

static float activate(float v, float slope)
{
    return v < 0 ? slope * v : v;
}

fov_status fov_conv_run_int8(const fov_op_call *call, const fov_window *window, fov_error *err)
{
    const fov_view *x = call->in[0], *w = call->in[1], *bias = fov_op_input(call, 2), *residual = fov_op_input(call, 3);
    const fov_view *y = &call->out[0];
    const fov_fused fused = fov_fused_read(call->node);
    const int64_t   per_group = w->shape.dim[0] / fov_node_int(call->node, "group", 1);
    (void)err;
    for (fov_walk i = fov_walk_begin(&y->shape); i.more; fov_walk_next(&i)) {
        const int64_t sum = window_sum(x, w, window, i.at, i.at[1] / per_group * w->shape.dim[1]);
        float         v = (float)(int32_t)sum * fov_quant_scale(w->quant, i.at[1]);
        if (bias) v += fov_view_load_one(bias, i.at + 1); /* of any type: an engine file may have it so */
        const int64_t source[4] = {i.at[0], i.at[1], i.at[2] / fused.residual_scale, i.at[3] / fused.residual_scale};
        const float   extra = residual ? fov_view_load_one(residual, source) : 0;
        v = !residual              ? activate(v, fused.slope)
            : fused.residual_after ? activate(v, fused.slope) + extra
                                   : activate(v + extra, fused.slope);
        fov_view_store_one(y, i.at, v);
    }
    return FOV_OK;
}
