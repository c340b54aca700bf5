// SPDX-License-Identifier: MIT
/* MaxPool and Resize (kernels/window.cu). */
#include "backend/cuda/launch.h"
#include "backend/cuda/lower.h"

#include "base/alloc.h"
#include "graph/ops/resize.h"

/* Axes n, c, y, x of a tensor whose dimensions are padded. */
static void four_axes(fov_tensor *tensor)
{
    for (int i = 0; i < 4; i++) tensor->stride[i] = tensor->stride[FOV_MAX_RANK - 4 + i];
}

static fov_status record_ends(fov_recorder *recorder, const fov_view *in, const fov_view *out, fov_tensor *from, fov_tensor *to,
                              fov_error *err)
{
    fov_status st = fov_record_tensor(recorder, in, from, NULL, err);
    if (!st) st = fov_record_tensor(recorder, out, to, NULL, err);
    four_axes(from);
    four_axes(to);
    return st;
}

static int64_t elements(const fov_view *view)
{
    size_t count = 0;
    fov_shape_count(&view->shape, &count);
    return (int64_t)count;
}

/* ---------------------------------------------------------------- MaxPool */

static bool same_quant(const fov_quant *a, const fov_quant *b)
{
    return a->count == 1 && b->count == 1 && a->scale[0] == b->scale[0] && a->zero_point[0] == b->zero_point[0];
}

/* `width` channels can be loaded as one, wherever they begin, and an image is counted by 31 bits. */
static bool in_chunks(const fov_view *view, int width)
{
    const bool channels = view->shape.dim[1] % width == 0 && view->stride[1] == 1;
    const bool aligned = (uintptr_t)view->data % ((size_t)width * fov_dtype_size(view->dtype)) == 0 &&
                         view->stride[0] % width == 0 && view->stride[2] % width == 0 && view->stride[3] % width == 0;
    return channels && aligned && view->shape.dim[2] * view->stride[2] <= INT32_MAX;
}

typedef struct pool_kernel {
    const char *name;
    int         width; /* channels of a thread */
} pool_kernel;

static pool_kernel kernel_of(const fov_view *in, const fov_view *out)
{
    static const pool_kernel f32 = {"fov_max_pool_f32", 4}, f16 = {"fov_max_pool_f16", 8}, bf16 = {"fov_max_pool_bf16", 8},
                             u8 = {"fov_max_pool_u8", 16}, u8_half = {"fov_max_pool_u8_half", 8}, any = {"fov_max_pool", 1};
    pool_kernel wide = in->dtype == FOV_F32 ? f32 : in->dtype == FOV_F16 ? f16 : in->dtype == FOV_BF16 ? bf16 : u8;
    if (in->dtype == FOV_U8 && !(in_chunks(in, u8.width) && in_chunks(out, u8.width))) wide = u8_half;
    const bool chunks = in->dtype == out->dtype && in_chunks(in, wide.width) && in_chunks(out, wide.width);
    return chunks && elements(out) / wide.width <= INT32_MAX ? wide : any;
}

/* The largest byte stands for the largest real: it alone is made one of the output. What neighbouring threads, which have
 * neighbouring chunks, load at once lies side by side. */
static fov_status record_channels(const fov_view *in, const fov_view *out, int width, fov_recorder *recorder,
                                  const fov_max_pool_channel **channels, fov_error *err)
{
    const int64_t         count = in->shape.dim[1], chunks = count / width;
    const void           *on_device;
    fov_max_pool_channel *channel = fov_alloc_array((size_t)count, sizeof *channel);
    if (!channel) return fov_fail_memory(err, "scales of a MaxPool");
    for (int64_t c = 0; c < count; c++)
        channel[c % width * chunks + c / width] =
            (fov_max_pool_channel){.scale = fov_quant_scale(in->quant, c),
                                   .zero_point = (float)fov_quant_zero_point(in->quant, c),
                                   .inverse_scale = 1.0F / fov_quant_scale(out->quant, c),
                                   .output_zero_point = (float)fov_quant_zero_point(out->quant, c)};
    const fov_status st = fov_record_constant(recorder, channel, (size_t)count * sizeof *channel, &on_device, err);
    if (!st) *channels = on_device;
    fov_free(channel);
    return st;
}

static fov_status record_max_pool(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                  fov_error *err)
{
    const fov_cuda_node *step = impl;
    const int64_t       *x = in[0]->shape.dim, *y = out->shape.dim;
    const fov_op_call call = {.node = step->node, .opset = step->opset, .in = in, .out = out, .n_in = step->node->n_in, .n_out = 1};
    fov_window        window;
    (void)scratch;
    fov_status st = fov_window_read(&call, x[2], x[3], NULL, &window, err);
    if (st) return st;
    const pool_kernel   kernel = kernel_of(in[0], out);
    fov_max_pool_params params = {.count = elements(out) / kernel.width,
                                  .by_channels = fov_divisor_of((int)x[1] / kernel.width),
                                  .by_columns = fov_divisor_of((int)y[3]),
                                  .by_rows = fov_divisor_of((int)y[2]),
                                  .channels = (int32_t)x[1] / kernel.width,
                                  .in_rows = (int32_t)x[2],
                                  .in_columns = (int32_t)x[3],
                                  .out_rows = (int32_t)y[2],
                                  .out_columns = (int32_t)y[3],
                                  .kernel_y = (int32_t)window.kernel[0],
                                  .kernel_x = (int32_t)window.kernel[1],
                                  .stride_y = (int32_t)window.stride[0],
                                  .stride_x = (int32_t)window.stride[1],
                                  .dilation_y = (int32_t)window.dilation[0],
                                  .dilation_x = (int32_t)window.dilation[1],
                                  .pad_top = (int32_t)window.pad_top,
                                  .pad_left = (int32_t)window.pad_left};
    st = record_ends(recorder, in[0], out, &params.in, &params.out, err);
    if (!st && kernel.width > 1 && in[0]->dtype == FOV_U8 && !same_quant(in[0]->quant, out->quant))
        st = record_channels(in[0], out, kernel.width, recorder, &params.channel, err);
    return st ? st : fov_record_elements(recorder, kernel.name, params.count, &params, sizeof params, err);
}

fov_status fov_cuda_max_pool(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "max_pool", record_max_pool, out, err);
}

/* ---------------------------------------------------------------- Resize */

/* Two neighbours and their weights for each position along one axis. */
static fov_status record_axis(const fov_op_call *call, int axis, fov_recorder *recorder, const int32_t **place,
                              const float **weight, fov_error *err)
{
    const int64_t in = call->in[0]->shape.dim[axis], out = call->out[0].shape.dim[axis];
    float        *position = fov_alloc_array((size_t)out, 3 * sizeof *position);
    int32_t      *neighbour = fov_alloc_array((size_t)out, 2 * sizeof *neighbour);
    const void   *on_device;
    fov_status    st =
        position && neighbour ? fov_resize_positions(call, axis, position, err) : fov_fail_memory(err, "a table of places");
    for (int64_t x = 0; x < out && !st; x++) {
        float *share = position + out + 2 * x;
        neighbour[2 * x] = (int32_t)position[x];
        neighbour[2 * x + 1] = neighbour[2 * x] + (neighbour[2 * x] + 1 < in);
        share[1] = position[x] - (float)neighbour[2 * x];
        share[0] = 1 - share[1];
    }
    if (!st) st = fov_record_constant(recorder, neighbour, (size_t)out * 2 * sizeof *neighbour, &on_device, err);
    if (!st) *place = on_device;
    if (!st) st = fov_record_constant(recorder, position + out, (size_t)out * 2 * sizeof *position, &on_device, err);
    if (!st) *weight = on_device;
    fov_free(position);
    fov_free(neighbour);
    return st;
}

static fov_status record_linear(const fov_op_call *call, fov_recorder *recorder, fov_error *err)
{
    const int64_t    *x = call->in[0]->shape.dim, *y = call->out[0].shape.dim;
    fov_resize_params params = {
        .count = elements(&call->out[0]), .channels = (int32_t)y[1], .out_rows = (int32_t)y[2], .out_columns = (int32_t)y[3]};
    if (call->in[0]->shape.rank != 4 || x[0] != y[0] || x[1] != y[1])
        return fov_cuda_refuse(call->node, err, "linear resizing of other axes than height and width does not run");
    fov_status st = record_axis(call, 2, recorder, &params.row, &params.row_weight, err);
    if (!st) st = record_axis(call, 3, recorder, &params.column, &params.column_weight, err);
    if (!st) st = record_ends(recorder, call->in[0], &call->out[0], &params.in, &params.out, err);
    return st ? st : fov_record_elements(recorder, "fov_resize", params.count, &params, sizeof params, err);
}

static fov_status record_resize(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                fov_error *err)
{
    const fov_cuda_node *step = impl;
    const fov_op_call call = {.node = step->node, .opset = step->opset, .in = in, .out = out, .n_in = step->node->n_in, .n_out = 1};
    fov_sampling      sampling;
    fov_sampling_read(step->node, step->opset, &sampling);
    if (sampling.linear) return record_linear(&call, recorder, err);
    return fov_cuda_record_rearrange(impl, in, out, scratch, recorder, err);
}

fov_status fov_cuda_resize(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "resize", record_resize, out, err);
}
