// SPDX-License-Identifier: MIT
/* Conv, two-dimensional, with what passes fuse into it (graph/op.h):
 *     y[n][m][i][j] = b[m] + sum over c, r, s of x[n][g(m) + c][i * stride - pad + r * dilation][..] * w[m][c][r][s] */
#include "graph/ops/conv_int8.h"
#include "graph/ops/params.h"
#include "graph/ops/walk.h"

static fov_status check_weight(const fov_op_call *call, int64_t group, fov_error *err)
{
    const fov_shape *x = &call->in[0]->shape, *w = &call->in[1]->shape;
    const fov_view  *bias = fov_op_input(call, 2);
    char             tx[128], tw[128];
    if (group < 1 || group > FOV_MAX_ELEMENTS || w->dim[1] * group != x->dim[1] || w->dim[0] % group != 0)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "an input of %s and a weight of %s do not go together in %lld groups",
                           fov_shape_print(x, tx, sizeof tx), fov_shape_print(w, tw, sizeof tw), (long long)group);
    if (bias && bias->shape.dim[0] != w->dim[0])
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "its bias has %lld elements, its weight %lld output channels",
                           (long long)bias->shape.dim[0], (long long)w->dim[0]);
    return FOV_OK;
}

static fov_status check_residual(const fov_op_call *call, fov_error *err)
{
    const fov_view *residual = fov_op_input(call, 3);
    fov_fused       fused = fov_fused_read(call->node);
    if (fused.residual_scale < 1 || (fused.residual_scale != 1 && !fused.residual_after))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "fused_residual_scale is not possible here");
    if (!residual) return FOV_OK;
    fov_shape large = residual->shape;
    char      ty[128], tr[128];
    large.dim[2] *= fused.residual_scale;
    large.dim[3] *= fused.residual_scale;
    if (!fov_shape_equal(&large, &call->out[0].shape))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "a residual of %s (enlarged %d times) does not fit an output of %s",
                           fov_shape_print(&residual->shape, tr, sizeof tr), fused.residual_scale,
                           fov_shape_print(&call->out[0].shape, ty, sizeof ty));
    return FOV_OK;
}

static fov_status infer(const fov_op_call *call, fov_error *err)
{
    static const int rank[] = {4, 4, 1, 4};
    fov_status       st = FOV_OK;
    fov_window       window;
    for (int i = 0; i < call->n_in && !st; i++) st = fov_op_expect(call, i, FOV_F32, rank[i], err);
    if (st) return st;
    const int64_t *x = call->in[0]->shape.dim, *w = call->in[1]->shape.dim;
    if ((st = check_weight(call, fov_node_int(call->node, "group", 1), err))) return st;
    if ((st = fov_window_read(call, x[2], x[3], w + 2, &window, err))) return st;
    call->out[0].dtype = FOV_F32;
    call->out[0].shape = (fov_shape){4, {x[0], w[0], window.out_h, window.out_w}};
    return check_residual(call, err);
}

/* The sum over one window; `first` is the first input channel of the group. */
static double window_sum(const fov_view *x, const fov_view *w, const fov_window *window, const int64_t *at, int64_t first)
{
    double sum = 0;
    for (int64_t r = 0; r < window->kernel[0]; r++) {
        int64_t row = at[2] * window->stride[0] - window->pad_top + r * window->dilation[0];
        if (row < 0 || row >= x->shape.dim[2]) continue;
        for (int64_t s = 0; s < window->kernel[1]; s++) {
            int64_t column = at[3] * window->stride[1] - window->pad_left + s * window->dilation[1];
            if (column < 0 || column >= x->shape.dim[3]) continue;
            const float *px = fov_view_f32(x, (int64_t[]){at[0], first, row, column});
            const float *pw = fov_view_f32(w, (int64_t[]){at[1], 0, r, s});
            for (int64_t c = 0; c < w->shape.dim[1]; c++) sum += (double)px[c * x->stride[1]] * (double)pw[c * w->stride[1]];
        }
    }
    return sum;
}

static double activate(double v, const fov_fused *fused)
{
    return v < 0 && fused->slope != 1.0F ? (double)fused->slope * v : v;
}

static fov_status run(const fov_op_call *call, fov_error *err)
{
    const fov_view *x = call->in[0], *w = call->in[1], *bias = fov_op_input(call, 2), *residual = fov_op_input(call, 3);
    const fov_view *y = &call->out[0];
    fov_fused       fused = fov_fused_read(call->node);
    fov_window      window;
    fov_status      st = fov_window_read(call, x->shape.dim[2], x->shape.dim[3], w->shape.dim + 2, &window, err);
    if (st || fov_conv_is_int8(call)) return st ? st : fov_conv_run_int8(call, &window, err);
    int64_t per_group = w->shape.dim[0] / fov_node_int(call->node, "group", 1);
    for (fov_walk i = fov_walk_begin(&y->shape); i.more; fov_walk_next(&i)) {
        double v = window_sum(x, w, &window, i.at, i.at[1] / per_group * w->shape.dim[1]);
        if (bias) v += (double)*fov_view_f32(bias, i.at + 1);
        double  extra = 0;
        int64_t source[4] = {i.at[0], i.at[1], i.at[2] / fused.residual_scale, i.at[3] / fused.residual_scale};
        if (residual) extra = (double)*fov_view_f32(residual, source);
        *fov_view_f32(y, i.at) = (float)(fused.residual_after ? activate(v, &fused) + extra : activate(v + extra, &fused));
    }
    return FOV_OK;
}

const fov_op_def fov_op_conv = {
    .name = "Conv", .min_in = 2, .max_in = 4, .max_out = 1, .infer = infer, .run = run, .takes_storage = fov_conv_is_int8};
