// SPDX-License-Identifier: MIT
/* RetinaFace (arXiv:1905.00641) as the PyTorch implementation everybody trains: a body that gives three maps at strides 8,
 * 16 and 32, a feature pyramid, an SSH context module per level and three 1x1 heads per level.
 *
 *     MobileNet-0.25:  body 64, 128, 256 channels      pyramid 64 wide     activation LeakyRelu(leaky)
 *     ResNet-50:       body 512, 1024, 2048            pyramid 256 wide    activation Relu
 */
#include "models/net.h"

#include <stdarg.h>
#include <stdio.h>

enum { LEVELS = 3, NARROW = 64 };

static const int level_stride[LEVELS] = {8, 16, 32};

/* Conv and BatchNorm under two module names. */
typedef struct layer {
    fov_net_conv conv;
    fov_net_norm norm;
} layer;

typedef struct name {
    char text[FOV_NET_NAME];
} name;

static name name_of(const char *format, ...) __attribute__((format(printf, 1, 2)));

static name name_of(const char *format, ...)
{
    name    n;
    va_list args;
    va_start(args, format);
    vsnprintf(n.text, sizeof n.text, format, args);
    va_end(args);
    return n;
}

static layer layer_params(fov_net *net, name conv, name norm, int in, int out, int kernel, int stride, int group)
{
    layer l;
    l.conv = fov_net_conv_params(net, conv.text, in, out, kernel, stride, group, false);
    l.norm = fov_net_norm_params(net, norm.text, out);
    return l;
}

static int layer_apply(fov_net *net, const layer *l, int x)
{
    return fov_net_normalise(net, fov_net_convolve(net, x, &l->conv), &l->norm);
}

static int conv_bn(fov_net *net, int x, name conv, name norm, int in, int out, int kernel, int stride, int group)
{
    layer l = layer_params(net, conv, norm, in, out, kernel, stride, group);
    return layer_apply(net, &l, x);
}

/* nn.Sequential(Conv2d, BatchNorm2d, LeakyReLU): children 0, 1, 2 counted from `first`. */
static int sequential(fov_net *net, int x, const char *module, int first, int in, int out, int kernel, int stride, int group,
                      float slope)
{
    int y = conv_bn(net, x, name_of("%s.%d", module, first), name_of("%s.%d", module, first + 1), in, out, kernel, stride, group);
    return fov_net_activate(net, y, name_of("%s.%d", module, first + 2).text, slope);
}

/* ---------------------------------------------------------------- bodies */

static int separable(fov_net *net, int x, name module, int in, int out, int stride, float slope)
{
    x = sequential(net, x, module.text, 0, in, in, 3, stride, in, slope);
    return sequential(net, x, module.text, 3, in, out, 1, 1, 1, slope);
}

static void mobilenet_quarter(fov_net *net, int x, float slope, int map[LEVELS])
{
    static const struct block {
        int stage, index, in, out, stride;
    } block[] = {
        {1, 1, 8, 16, 1},    {1, 2, 16, 32, 2},   {1, 3, 32, 32, 1},   {1, 4, 32, 64, 2},   {1, 5, 64, 64, 1},
        {2, 0, 64, 128, 2},  {2, 1, 128, 128, 1}, {2, 2, 128, 128, 1}, {2, 3, 128, 128, 1}, {2, 4, 128, 128, 1},
        {2, 5, 128, 128, 1}, {3, 0, 128, 256, 2}, {3, 1, 256, 256, 1},
    };
    x = sequential(net, x, "body.stage1.0", 0, 3, 8, 3, 2, 1, slope);
    for (size_t i = 0; i < sizeof block / sizeof *block; i++) {
        const struct block *b = &block[i];
        x = separable(net, x, name_of("body.stage%d.%d", b->stage, b->index), b->in, b->out, b->stride, slope);
        map[b->stage - 1] = x;
    }
}

/* ResNet v1.5: the stride sits in the 3x3 convolution. */
static int bottleneck(fov_net *net, int x, name m, int in, int width, int stride)
{
    const int out = 4 * width;
    int       y = conv_bn(net, x, name_of("%s.conv1", m.text), name_of("%s.bn1", m.text), in, width, 1, 1, 1);
    y = fov_net_activate(net, y, name_of("%s.relu1", m.text).text, 0);
    y = conv_bn(net, y, name_of("%s.conv2", m.text), name_of("%s.bn2", m.text), width, width, 3, stride, 1);
    y = fov_net_activate(net, y, name_of("%s.relu2", m.text).text, 0);
    y = conv_bn(net, y, name_of("%s.conv3", m.text), name_of("%s.bn3", m.text), width, out, 1, 1, 1);
    if (in != out)
        x = conv_bn(net, x, name_of("%s.downsample.0", m.text), name_of("%s.downsample.1", m.text), in, out, 1, stride, 1);
    y = fov_net_add(net, y, x, name_of("%s.add", m.text).text);
    return fov_net_activate(net, y, name_of("%s.relu3", m.text).text, 0);
}

static void resnet50(fov_net *net, int x, int map[LEVELS])
{
    static const int depth[4] = {3, 4, 6, 3};
    int              in = 64;
    x = conv_bn(net, x, name_of("body.conv1"), name_of("body.bn1"), 3, 64, 7, 2, 1);
    x = fov_net_activate(net, x, "body.relu", 0);
    x = fov_net_max_pool(net, x, "body.maxpool", 3, 2);
    for (int i = 0; i < 4; i++) {
        const int width = 64 << i;
        for (int j = 0; j < depth[i]; j++) {
            x = bottleneck(net, x, name_of("body.layer%d.%d", i + 1, j), in, width, i > 0 && j == 0 ? 2 : 1);
            in = 4 * width;
        }
        if (i > 0) map[i - 1] = x;
    }
}

/* ---------------------------------------------------------------- neck and heads */

static int lateral(fov_net *net, int x, int level, int in, int width, float slope)
{
    return sequential(net, x, name_of("fpn.output%d", level + 1).text, 0, in, width, 1, 1, 1, slope);
}

static layer merge_params(fov_net *net, int index, int width)
{
    return layer_params(net, name_of("fpn.merge%d.0", index), name_of("fpn.merge%d.1", index), width, width, 3, 1, 1);
}

/* map[to] = merge(map[to] + upsample(map[to + 1])) */
static void merge(fov_net *net, int map[LEVELS], int to, const layer *l, float slope)
{
    const int index = to + 1;
    int       up = fov_net_upsample2(net, map[to + 1], name_of("fpn.up%d", index).text);
    int       sum = fov_net_add(net, map[to], up, name_of("fpn.add%d", index).text);
    map[to] = fov_net_activate(net, layer_apply(net, l, sum), name_of("fpn.merge%d.2", index).text, slope);
}

static void pyramid(fov_net *net, int map[LEVELS], const int in[LEVELS], int width, float slope)
{
    for (int i = 0; i < LEVELS; i++) map[i] = lateral(net, map[i], i, in[i], width, slope);
    layer merge1 = merge_params(net, 1, width), merge2 = merge_params(net, 2, width);
    merge(net, map, 1, &merge2, slope);
    merge(net, map, 0, &merge1, slope);
}

/* Receptive fields of 3x3, 5x5 and 7x7 out of 3x3 convolutions, side by side. */
static int ssh(fov_net *net, int x, int index, int width, float slope)
{
    const int half = width / 2, quarter = width / 4;
    name      m = name_of("ssh%d", index);
#define PART(part) name_of("%s." part ".0", m.text), name_of("%s." part ".1", m.text)
    int c3 = conv_bn(net, x, PART("conv3X3"), width, half, 3, 1, 1);
    int y = sequential(net, x, name_of("%s.conv5X5_1", m.text).text, 0, width, quarter, 3, 1, 1, slope);
    int c5 = conv_bn(net, y, PART("conv5X5_2"), quarter, quarter, 3, 1, 1);
    int z = sequential(net, y, name_of("%s.conv7X7_2", m.text).text, 0, quarter, quarter, 3, 1, 1, slope);
    int c7 = conv_bn(net, z, PART("conv7x7_3"), quarter, quarter, 3, 1, 1);
#undef PART
    int all = fov_net_concat(net, (const int[]){c3, c5, c7}, 3, name_of("%s.concat", m.text).text);
    return fov_net_activate(net, all, name_of("%s.relu", m.text).text, 0);
}

/* Computed kind by kind as checkpoints store them, handed out level by level as fov_model wants them. */
static void heads(fov_net *net, const int map[LEVELS], int width, const fov_settings *settings)
{
    static const struct kind {
        const char *name;
        int         per_anchor;
    } kind[3] = {{"ClassHead", 2}, {"BboxHead", 4}, {"LandmarkHead", 10}};
    int out[LEVELS][3];

    for (int k = 0; k < 3; k++)
        for (int i = 0; i < LEVELS; i++) {
            name         n = name_of("%s.%d.conv1x1", kind[k].name, i);
            fov_net_conv conv =
                fov_net_conv_params(net, n.text, width, kind[k].per_anchor * settings->level[i].n_anchor, 1, 1, 1, true);
            out[i][k] = fov_net_convolve(net, map[i], &conv);
        }
    for (int i = 0; i < LEVELS; i++)
        for (int k = 0; k < 3; k++) fov_net_output(net, out[i][k]);
}

static void neck_and_heads(fov_net *net, int map[LEVELS], const int in[LEVELS], int width, const fov_settings *settings)
{
    const float slope = width <= NARROW ? settings->leaky : 0;
    pyramid(net, map, in, width, slope);
    for (int i = 0; i < LEVELS; i++) map[i] = ssh(net, map[i], i + 1, width, slope);
    heads(net, map, width, settings);
}

/* ---------------------------------------------------------------- families */

static void check_levels(fov_net *net, const fov_settings *settings, const char *source)
{
    bool fits = settings->n_level == LEVELS;
    for (int i = 0; fits && i < LEVELS; i++) fits = settings->level[i].stride == level_stride[i];
    if (!fits)
        fov_net_fail(net, FOV_ERR_UNSUPPORTED, "%s: the settings have %d levels from stride %d; RetinaFace has strides 8,16,32",
                     source, settings->n_level, settings->level[0].stride);
}

static fov_status build_mnet025(const fov_settings *settings, fov_weights *weights, const char *source, fov_graph **graph,
                                fov_error *err)
{
    static const int in[LEVELS] = {64, 128, 256};
    fov_net          net = fov_net_begin(weights, err);
    int              map[LEVELS];
    check_levels(&net, settings, source);
    mobilenet_quarter(&net, fov_net_input(&net, "input", 3), settings->leaky, map);
    neck_and_heads(&net, map, in, 64, settings);
    return fov_net_finish(&net, source, fov_family_retinaface_mnet025.title, graph);
}

static fov_status build_r50(const fov_settings *settings, fov_weights *weights, const char *source, fov_graph **graph,
                            fov_error *err)
{
    static const int in[LEVELS] = {512, 1024, 2048};
    fov_net          net = fov_net_begin(weights, err);
    int              map[LEVELS];
    check_levels(&net, settings, source);
    resnet50(&net, fov_net_input(&net, "input", 3), map);
    neck_and_heads(&net, map, in, 256, settings);
    return fov_net_finish(&net, source, fov_family_retinaface_r50.title, graph);
}

const fov_family fov_family_retinaface_mnet025 = {
    .name = "retinaface-mnet025",
    .title = "RetinaFace MobileNet-0.25",
    .mark = "body.stage1.0.0.weight",
    .build = build_mnet025,
};

/* conv3 tells the bottleneck of ResNet-50 from the basic block of ResNet-18 and 34. */
const fov_family fov_family_retinaface_r50 = {
    .name = "retinaface-r50",
    .title = "RetinaFace ResNet-50",
    .mark = "body.layer1.0.conv3.weight",
    .build = build_r50,
};
