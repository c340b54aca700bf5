// SPDX-License-Identifier: MIT
/* The sliding window of Conv and MaxPool: attributes in, pads and output size out. */
#include "graph/op.h"

#include <string.h>

#define MAX_WINDOW ((int64_t)1 << 16) /* so that no sum or product below overflows */

/* `count` integers between low and MAX_WINDOW; a missing attribute leaves `out` as it is. */
static fov_status read_ints(const fov_op_call *call, const char *name, int64_t low, int64_t *out, size_t count, fov_error *err)
{
    const fov_attr *attr = fov_node_attr(call->node, name);
    if (!attr) return FOV_OK;
    if (attr->kind != FOV_ATTR_INTS || attr->count != count)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "attribute '%s' should be %zu integers (two-dimensional windows only)",
                           name, count);
    for (size_t i = 0; i < count; i++) {
        if (attr->ints[i] < low || attr->ints[i] > MAX_WINDOW)
            return fov_op_fail(call, FOV_ERR_FORMAT, err, "attribute '%s' has %lld; %lld to %lld is possible", name,
                               (long long)attr->ints[i], (long long)low, (long long)MAX_WINDOW);
        out[i] = attr->ints[i];
    }
    return FOV_OK;
}

static fov_status read_kernel(const fov_op_call *call, const int64_t *kernel, int64_t *out, fov_error *err)
{
    out[0] = kernel ? kernel[0] : 0;
    out[1] = kernel ? kernel[1] : 0;
    fov_status st = read_ints(call, "kernel_shape", 1, out, 2, err);
    if (st) return st;
    if (kernel && (out[0] != kernel[0] || out[1] != kernel[1]))
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "kernel_shape is %lldx%lld but the weight has %lldx%lld", (long long)out[0],
                           (long long)out[1], (long long)kernel[0], (long long)kernel[1]);
    if (out[0] < 1 || out[1] < 1 || out[0] > MAX_WINDOW || out[1] > MAX_WINDOW)
        return fov_op_fail(call, FOV_ERR_FORMAT, err, "a kernel of %lldx%lld is not possible", (long long)out[0],
                           (long long)out[1]);
    return FOV_OK;
}

/* One dimension: output size and, for SAME_*, the pads that give ceil(in / stride). */
typedef struct span {
    int64_t in, kernel, stride, dilation, before, after, out;
} span;

static void pad_same(span *s, bool upper)
{
    int64_t reach = (s->kernel - 1) * s->dilation + 1;
    int64_t out = (s->in + s->stride - 1) / s->stride, total = (out - 1) * s->stride + reach - s->in;
    if (total < 0) total = 0;
    s->before = upper ? total / 2 : (total + 1) / 2;
    s->after = total - s->before;
}

static void count_windows(span *s, bool ceil)
{
    int64_t room = s->in + s->before + s->after - ((s->kernel - 1) * s->dilation + 1);
    if (s->in < 1 || room < 0) {
        s->out = 0;
        return;
    }
    s->out = (room + (ceil ? s->stride - 1 : 0)) / s->stride + 1;
    /* Rounding up may add a window that would lie in the padding alone; it does not count. */
    if (ceil && (s->out - 1) * s->stride >= s->in + s->before) s->out--;
}

static fov_status resolve(const fov_op_call *call, span *s, const char *auto_pad, bool ceil, fov_error *err)
{
    if (!strcmp(auto_pad, "VALID")) s->before = s->after = 0;
    if (!strncmp(auto_pad, "SAME_", 5)) pad_same(s, !strcmp(auto_pad, "SAME_UPPER"));
    count_windows(s, ceil);
    if (s->out < 1)
        return fov_op_fail(call, FOV_ERR_FORMAT, err,
                           "a kernel of %lld (dilation %lld) does not fit into %lld with padding %lld + %lld", (long long)s->kernel,
                           (long long)s->dilation, (long long)s->in, (long long)s->before, (long long)s->after);
    return FOV_OK;
}

fov_status fov_window_read(const fov_op_call *call, int64_t in_h, int64_t in_w, const int64_t *kernel, fov_window *window,
                           fov_error *err)
{
    const char *auto_pad = fov_node_string(call->node, "auto_pad", "NOTSET");
    bool        ceil = fov_node_int(call->node, "ceil_mode", 0) != 0;
    int64_t     pad[4] = {0}; /* top, left, bottom, right */
    fov_status  st;

    *window = (fov_window){.stride = {1, 1}, .dilation = {1, 1}};
    if ((st = read_kernel(call, kernel, window->kernel, err))) return st;
    if ((st = read_ints(call, "strides", 1, window->stride, 2, err))) return st;
    if ((st = read_ints(call, "dilations", 1, window->dilation, 2, err))) return st;
    if ((st = read_ints(call, "pads", 0, pad, 4, err))) return st;
    if (strcmp(auto_pad, "NOTSET") != 0 && strcmp(auto_pad, "VALID") != 0 && strcmp(auto_pad, "SAME_UPPER") != 0 &&
        strcmp(auto_pad, "SAME_LOWER") != 0)
        return fov_op_fail(call, FOV_ERR_UNSUPPORTED, err, "auto_pad '%s' is unknown", auto_pad);

    span rows = {in_h, window->kernel[0], window->stride[0], window->dilation[0], pad[0], pad[2], 0};
    span columns = {in_w, window->kernel[1], window->stride[1], window->dilation[1], pad[1], pad[3], 0};
    if ((st = resolve(call, &rows, auto_pad, ceil, err))) return st;
    if ((st = resolve(call, &columns, auto_pad, ceil, err))) return st;
    window->pad_top = rows.before, window->pad_bottom = rows.after, window->out_h = rows.out;
    window->pad_left = columns.before, window->pad_right = columns.after, window->out_w = columns.out;
    return FOV_OK;
}
