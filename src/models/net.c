// SPDX-License-Identifier: MIT
#include "models/net.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MISFITS_SHOWN = 4 };

/** PyTorch's default, which every checkpoint of these networks was trained with. */
#define BATCH_NORM_EPSILON 1e-5F

fov_net fov_net_begin(fov_weights *weights, fov_error *err)
{
    fov_net net = {.graph = fov_graph_new(), .weights = weights, .err = err};
    if (!net.graph) net.status = fov_fail_memory(err, "the graph");
    return net;
}

void fov_net_fail(fov_net *net, fov_status code, const char *format, ...)
{
    char    message[sizeof net->err->message];
    va_list args;
    if (net->status) return;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    net->status = fov_fail(net->err, code, "%s", message);
}

static void fail_misfits(fov_net *net, const char *source, const char *title)
{
    fov_net_fail(net, FOV_ERR_FORMAT,
                 "%s: %d tensors do not fit %s: %s%s. Is it another network, or has it other anchors (setting `anchors`)?", source,
                 net->n_misfit, title, net->misfits.data ? net->misfits.data : "", net->n_misfit > MISFITS_SHOWN ? ", ..." : "");
}

fov_status fov_net_finish(fov_net *net, const char *source, const char *title, fov_graph **graph)
{
    *graph = NULL;
    if (net->n_misfit) fail_misfits(net, source, title);
    fov_text_clear(&net->misfits);
    if (net->status) fov_graph_free(net->graph);
    else *graph = net->graph;
    net->graph = NULL;
    return net->status;
}

/* ---------------------------------------------------------------- parameters */

static void misfit(fov_net *net, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void misfit(fov_net *net, const char *format, ...)
{
    char    line[256];
    va_list args;
    if (net->n_misfit++ >= MISFITS_SHOWN) return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    fov_text_print(&net->misfits, "%s%s", net->n_misfit > 1 ? ", " : "", line);
}

/* The tensor of that name if it is there and fits, else NULL with the misfit noted. A .wts gives no shapes, only counts. */
static fov_weight *find_fitting(fov_net *net, const char *name, const fov_shape *shape, size_t count)
{
    char        has[64], needs[64];
    fov_weight *weight = fov_weights_find(net->weights, name);
    if (!weight) {
        misfit(net, "'%s' is missing", name);
        return NULL;
    }
    weight->used = true;
    if (weight->count == count && weight->data && (weight->shape.rank < 0 || fov_shape_equal(&weight->shape, shape))) return weight;
    fov_shape_print(shape, needs, sizeof needs);
    if (weight->shape.rank < 0) misfit(net, "'%s' has %zu numbers, needed are %zu (%s)", name, weight->count, count, needs);
    else misfit(net, "'%s' is %s, needed is %s", name, fov_shape_print(&weight->shape, has, sizeof has), needs);
    return NULL;
}

/* A constant that takes over the tensor's numbers instead of copying them: a ResNet-50 has 109 MB. */
static int parameter(fov_net *net, const char *module, const char *part, fov_shape shape)
{
    char   name[2 * FOV_NET_NAME];
    size_t count;
    if (net->status) return FOV_NONE;
    snprintf(name, sizeof name, "%s.%s", module, part);
    if (!fov_shape_count(&shape, &count)) {
        fov_net_fail(net, FOV_ERR_INTERNAL, "tensor '%s' has an impossible shape", name);
        return FOV_NONE;
    }
    int id = fov_graph_add_value(net->graph, name, FOV_F32, &shape, net->err);
    if (id == FOV_NONE) {
        net->status = FOV_ERR_MEMORY;
        return FOV_NONE;
    }
    fov_weight *weight = net->weights ? find_fitting(net, name, &shape, count) : NULL;
    if (!weight) return id;
    fov_value *value = &net->graph->value[id];
    value->data = weight->data;
    weight->data = NULL;
    value->origin = fov_strdup(weight->name);
    if (!value->origin) net->status = fov_fail_memory(net->err, name);
    return id;
}

fov_net_conv fov_net_conv_params(fov_net *net, const char *name, int in, int out, int kernel, int stride, int group, bool bias)
{
    fov_net_conv conv = {.bias = FOV_NONE, .out = out, .kernel = kernel, .stride = stride, .group = group};
    snprintf(conv.name, sizeof conv.name, "%s", name);
    conv.weight = parameter(net, name, "weight", (fov_shape){4, {out, in / group, kernel, kernel}});
    if (bias) conv.bias = parameter(net, name, "bias", (fov_shape){1, {out}});
    return conv;
}

fov_net_norm fov_net_norm_params(fov_net *net, const char *name, int channels)
{
    static const char *const part[4] = {"weight", "bias", "running_mean", "running_var"};
    fov_net_norm             norm;
    snprintf(norm.name, sizeof norm.name, "%s", name);
    for (int i = 0; i < 4; i++) norm.param[i] = parameter(net, name, part[i], (fov_shape){1, {channels}});
    return norm;
}

/* ---------------------------------------------------------------- nodes */

static int activation(fov_net *net, const char *name, int64_t channels)
{
    const fov_shape shape = {4, {-1, channels, -1, -1}};
    int             id = net->status ? FOV_NONE : fov_graph_add_value(net->graph, name, FOV_F32, &shape, net->err);
    if (id == FOV_NONE && !net->status) net->status = FOV_ERR_MEMORY;
    return id;
}

static int64_t channels_of(const fov_net *net, int x)
{
    return x == FOV_NONE ? 0 : net->graph->value[x].shape.dim[1];
}

/* The node that makes `out`, NULL after a failure. Node and value share a name. */
static fov_node *append(fov_net *net, fov_op op, const int *in, int n_in, int out)
{
    if (net->status) return NULL;
    int id = fov_graph_add_node(net->graph, net->graph->value[out].name, op, in, n_in, &out, 1, net->err);
    if (id == FOV_NONE) net->status = FOV_ERR_MEMORY;
    return id == FOV_NONE ? NULL : &net->graph->node[id];
}

static void set_ints(fov_net *net, fov_node *node, const char *name, const int64_t *ints, size_t count)
{
    if (node && !net->status) net->status = fov_node_set_ints(node, name, ints, count, net->err);
}

static void set_string(fov_net *net, fov_node *node, const char *name, const char *string)
{
    if (node && !net->status) net->status = fov_node_set_string(node, name, string, net->err);
}

static void set_float(fov_net *net, fov_node *node, const char *name, float value)
{
    if (node && !net->status) net->status = fov_node_set_float(node, name, value, net->err);
}

static void set_window(fov_net *net, fov_node *node, int kernel, int stride)
{
    const int64_t pad = kernel / 2;
    set_ints(net, node, "kernel_shape", (const int64_t[]){kernel, kernel}, 2);
    set_ints(net, node, "strides", (const int64_t[]){stride, stride}, 2);
    set_ints(net, node, "pads", (const int64_t[]){pad, pad, pad, pad}, 4);
}

int fov_net_input(fov_net *net, const char *name, int channels)
{
    int id = activation(net, name, channels);
    if (!net->status) net->status = fov_graph_add_input(net->graph, id, net->err);
    return id;
}

int fov_net_convolve(fov_net *net, int x, const fov_net_conv *conv)
{
    int       out = activation(net, conv->name, conv->out);
    fov_node *node = append(net, FOV_OP_Conv, (const int[]){x, conv->weight, conv->bias}, conv->bias == FOV_NONE ? 2 : 3, out);
    set_window(net, node, conv->kernel, conv->stride);
    set_ints(net, node, "group", (const int64_t[]){conv->group}, 1);
    return out;
}

int fov_net_normalise(fov_net *net, int x, const fov_net_norm *norm)
{
    const int *p = norm->param;
    int        out = activation(net, norm->name, channels_of(net, x));
    fov_node  *node = append(net, FOV_OP_BatchNormalization, (const int[]){x, p[0], p[1], p[2], p[3]}, 5, out);
    set_float(net, node, "epsilon", BATCH_NORM_EPSILON);
    return out;
}

int fov_net_activate(fov_net *net, int x, const char *name, float slope)
{
    int       out = activation(net, name, channels_of(net, x));
    fov_node *node = append(net, slope == 0 ? FOV_OP_Relu : FOV_OP_LeakyRelu, &x, 1, out);
    if (slope != 0) set_float(net, node, "alpha", slope);
    return out;
}

int fov_net_max_pool(fov_net *net, int x, const char *name, int kernel, int stride)
{
    int out = activation(net, name, channels_of(net, x));
    set_window(net, append(net, FOV_OP_MaxPool, &x, 1, out), kernel, stride);
    return out;
}

static int upsample_scales(fov_net *net)
{
    static const char *const name = "upsample.scales";
    int                      id = net->status ? FOV_NONE : fov_graph_find(net->graph, name);
    if (id != FOV_NONE || net->status) return id;
    id = fov_graph_add_constant(net->graph, name, FOV_F32, &(fov_shape){1, {4}}, (const float[]){1, 1, 2, 2}, NULL, net->err);
    if (id == FOV_NONE) net->status = FOV_ERR_MEMORY;
    return id;
}

int fov_net_upsample2(fov_net *net, int x, const char *name)
{
    int       scales = upsample_scales(net);
    int       out = activation(net, name, channels_of(net, x));
    fov_node *node = append(net, FOV_OP_Resize, (const int[]){x, FOV_NONE, scales}, 3, out);
    set_string(net, node, "mode", "nearest");
    set_string(net, node, "coordinate_transformation_mode", "asymmetric");
    set_string(net, node, "nearest_mode", "floor");
    return out;
}

int fov_net_add(fov_net *net, int a, int b, const char *name)
{
    int out = activation(net, name, channels_of(net, a));
    append(net, FOV_OP_Add, (const int[]){a, b}, 2, out);
    return out;
}

int fov_net_concat(fov_net *net, const int *x, int count, const char *name)
{
    int64_t channels = 0;
    for (int i = 0; i < count; i++) channels += channels_of(net, x[i]);
    int out = activation(net, name, channels);
    set_ints(net, append(net, FOV_OP_Concat, x, count, out), "axis", (const int64_t[]){1}, 1);
    return out;
}

void fov_net_output(fov_net *net, int x)
{
    if (!net->status) net->status = fov_graph_add_output(net->graph, x, net->err);
}
