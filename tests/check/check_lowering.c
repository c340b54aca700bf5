// SPDX-License-Identifier: MIT
/* Each lowering of the CPU backend against the definition of its operator: random shapes and attributes, inputs and outputs that
 * are slices of wider buffers, one to three threads. */
#include "check.h"

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "winograd_bound.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CASES = 150, MAX_IN = 4, POOLS = 3 };

/* One node and the views it runs on. */
typedef struct node_case {
    fov_graph *graph;
    fov_view   in[MAX_IN], out;
    guarded    memory[MAX_IN];
    size_t     terms;      /* summed for one output element; 0: the result is exact */
    bool       magnitudes; /* the bound needs the sum of magnitudes: Conv */
} node_case;

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static void must(check *t, fov_status st, const fov_error *err)
{
    if (st) check_fail(t, "%s: %s", fov_status_name(st), err->message);
}

/* ---------------------------------------------------------------- making cases */

/* An NHWC view whose pixels may have strangers between them. */
static fov_view strided_view(check *t, int64_t n, int64_t c, int64_t h, int64_t w, guarded *memory, bool fill)
{
    const int64_t ld = c + (pick(t, 0, 1) ? pick(t, 1, 20) : 0);
    *memory = guarded_new((size_t)(n * h * w * ld), (size_t)pick(t, 0, 15));
    fov_view view = fov_view_nhwc(n, c, h, w, ld, memory->data);
    for (int64_t p = 0; fill && p < n * h * w; p++)
        for (int64_t i = 0; i < c; i++) memory->data[p * ld + i] = test_random_float(&t->random, -1, 1);
    return view;
}

static void add_input(node_case *k, int index, const fov_view *view)
{
    char name[16];
    snprintf(name, sizeof name, "x%d", index);
    k->in[index] = *view;
    fov_graph_add_value(k->graph, name, view->dtype, &view->shape, NULL);
}

static void add_constant(check *t, node_case *k, int index, const fov_shape *shape)
{
    char   name[16];
    size_t count;
    snprintf(name, sizeof name, "x%d", index);
    fov_shape_count(shape, &count);
    float *data = fov_alloc_array(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&t->random, -1, 1);
    int id = fov_graph_add_constant(k->graph, name, FOV_F32, shape, data, NULL, NULL);
    k->in[index] = fov_view_dense(FOV_F32, shape, k->graph->value[id].data);
    fov_free(data);
}

/* Append the node that reads inputs 0 .. n_in - 1 (where they exist) and infer its output. False if the shapes are impossible. */
static bool finish(node_case *k, fov_op op, int n_in, const fov_node *attributes)
{
    int ids[MAX_IN];
    for (int i = 0; i < n_in; i++) {
        char name[16];
        snprintf(name, sizeof name, "x%d", i);
        ids[i] = fov_graph_find(k->graph, name);
    }
    int y = fov_graph_add_value(k->graph, "y", FOV_F32, NULL, NULL);
    int node = fov_graph_add_node(k->graph, "case", op, ids, n_in, &y, 1, NULL);
    for (int i = 0; i < attributes->n_attr; i++) {
        const fov_attr *a = &attributes->attr[i];
        if (a->kind == FOV_ATTR_INTS) fov_node_set_ints(&k->graph->node[node], a->name, a->ints, a->count, NULL);
        if (a->kind == FOV_ATTR_FLOATS) fov_node_set_floats(&k->graph->node[node], a->name, a->floats, a->count, NULL);
        if (a->kind == FOV_ATTR_STRING) fov_node_set_string(&k->graph->node[node], a->name, a->string, NULL);
    }
    const fov_view *in[MAX_IN];
    for (int i = 0; i < n_in; i++) in[i] = k->in[i].shape.rank ? &k->in[i] : NULL;
    const fov_op_call call = {
        .node = &k->graph->node[node], .opset = k->graph->opset, .in = in, .out = &k->out, .n_in = n_in, .n_out = 1};
    return fov_op_def_of(op)->infer(&call, NULL) == FOV_OK;
}

static void random_window(check *t, fov_node *attributes, int64_t kh, int64_t kw, bool dilate)
{
    const int64_t pads[4] = {pick(t, 0, (int)kh - 1), pick(t, 0, (int)kw - 1), pick(t, 0, (int)kh - 1), pick(t, 0, (int)kw - 1)};
    const int64_t stride[2] = {pick(t, 1, 2), pick(t, 1, 2)}, dilation[2] = {pick(t, 1, 2), pick(t, 1, 2)};
    fov_node_set_ints(attributes, "pads", pads, 4, NULL);
    if (pick(t, 0, 1)) fov_node_set_ints(attributes, "strides", stride, 2, NULL);
    if (dilate && pick(t, 0, 3) == 0) fov_node_set_ints(attributes, "dilations", dilation, 2, NULL);
}

/* Channels that networks have, or anything. */
static int channels(check *t)
{
    static const int usual[] = {3, 8, 16, 20, 32, 64};
    return pick(t, 0, 2) ? usual[pick(t, 0, 5)] : pick(t, 1, 70);
}

typedef enum conv_kind {
    CONV_DENSE,
    CONV_FIRST,
    CONV_POINTWISE,
    CONV_GROUPED,
    CONV_DEPTHWISE,
    CONV_WINOGRAD,
    CONV_KINDS
} conv_kind;

static void conv_sizes(check *t, conv_kind kind, int64_t *cin, int64_t *cout, int64_t *group, int64_t *kernel)
{
    *cin = kind == CONV_FIRST ? pick(t, 1, 4) : channels(t);
    *cout = channels(t);
    *group = 1;
    kernel[0] = pick(t, 0, 1) ? 3 : pick(t, 1, 5);
    kernel[1] = pick(t, 0, 1) ? 3 : pick(t, 1, 5);
    if (kind == CONV_WINOGRAD) kernel[0] = kernel[1] = 3;
    if (kind == CONV_POINTWISE) kernel[0] = kernel[1] = 1;
    if (kind == CONV_DEPTHWISE) *cout = *group = *cin;
    if (kind == CONV_GROUPED) {
        *group = pick(t, 2, 4);
        *cin = *group * pick(t, 1, 9);
        *cout = *group * pick(t, 1, 40);
    }
}

static void conv_residual(check *t, node_case *k, fov_node *attributes)
{
    const int64_t *dim = k->out.shape.dim;
    const bool     after = pick(t, 0, 1);
    const int64_t  scale = after && dim[2] % 2 == 0 && dim[3] % 2 == 0 ? 2 : after && dim[2] % 3 == 0 && dim[3] % 3 == 0 ? 3 : 1;
    fov_node_set_string(attributes, "fused_residual", after ? "after" : "before", NULL);
    fov_node_set_int(attributes, "fused_residual_scale", scale, NULL);
    fov_view view = strided_view(t, dim[0], dim[1], dim[2] / scale, dim[3] / scale, &k->memory[3], true);
    add_input(k, 3, &view);
}

/* The residual needs the output's shape: infer once without it, then build the real graph. */
static bool make_conv(check *t, node_case *k)
{
    static const float slopes[] = {1, 0, 0.1F, -0.5F};
    int64_t            cin, cout, group, kernel[2];
    fov_node           attributes = {0};
    const conv_kind    kind = (conv_kind)pick(t, 0, CONV_KINDS - 1);
    conv_sizes(t, kind, &cin, &cout, &group, kernel);
    fov_view x = strided_view(t, pick(t, 1, 2), cin, pick(t, 1, 20), pick(t, 1, 20), &k->memory[0], true);
    add_input(k, 0, &x);
    add_constant(t, k, 1, &(fov_shape){4, {cout, cin / group, kernel[0], kernel[1]}});
    if (pick(t, 0, 1)) add_constant(t, k, 2, &(fov_shape){1, {cout}});
    random_window(t, &attributes, kernel[0], kernel[1], true);
    if (kind == CONV_WINOGRAD) {
        fov_node_set_ints(&attributes, "strides", (int64_t[]){1, 1}, 2, NULL);
        fov_node_set_ints(&attributes, "dilations", (int64_t[]){1, 1}, 2, NULL);
    }
    fov_node_set_int(&attributes, "group", group, NULL);
    fov_node_set_float(&attributes, "fused_slope", slopes[pick(t, 0, 3)], NULL);
    k->terms = (size_t)(cin / group * kernel[0] * kernel[1]) + 2;
    k->magnitudes = true;
    bool possible = finish(k, FOV_OP_Conv, 3, &attributes);
    if (possible && pick(t, 0, 1)) {
        k->graph->n_node = 0; /* the trial node; the one below has its name and output */
        fov_node_clear(&k->graph->node[0]);
        conv_residual(t, k, &attributes);
        possible = finish(k, FOV_OP_Conv, 4, &attributes);
    }
    fov_node_clear(&attributes);
    return possible;
}

static bool make_add(check *t, node_case *k)
{
    const int64_t n = pick(t, 1, 2), c = channels(t), h = pick(t, 1, 9), w = pick(t, 1, 9);
    const bool    broadcast = pick(t, 0, 4) == 0;
    fov_view      a = strided_view(t, n, c, h, w, &k->memory[0], true);
    fov_view      b = strided_view(t, broadcast ? 1 : n, c, broadcast ? 1 : h, w, &k->memory[1], true);
    add_input(k, 0, &a);
    add_input(k, 1, &b);
    return finish(k, FOV_OP_Add, 2, &(fov_node){0});
}

static bool make_max_pool(check *t, node_case *k)
{
    const int64_t kernel[2] = {pick(t, 1, 4), pick(t, 1, 4)};
    fov_node      attributes = {0};
    fov_view      x = strided_view(t, pick(t, 1, 2), channels(t), pick(t, 1, 15), pick(t, 1, 15), &k->memory[0], true);
    add_input(k, 0, &x);
    fov_node_set_ints(&attributes, "kernel_shape", kernel, 2, NULL);
    fov_node_set_int(&attributes, "ceil_mode", pick(t, 0, 1), NULL);
    random_window(t, &attributes, kernel[0], kernel[1], true);
    bool possible = finish(k, FOV_OP_MaxPool, 1, &attributes);
    fov_node_clear(&attributes);
    return possible;
}

static bool make_resize(check *t, node_case *k)
{
    static const char *const coordinates[] = {"asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"};
    static const char *const nearest[] = {"floor", "round_prefer_floor", "ceil"};
    const int64_t            h = pick(t, 1, 9), w = pick(t, 1, 9);
    fov_node                 attributes = {0};
    fov_view                 x = strided_view(t, pick(t, 1, 2), channels(t), h, w, &k->memory[0], true);
    add_input(k, 0, &x);
    add_constant(t, k, 2, &(fov_shape){1, {4}});
    float *scales = k->in[2].data;
    scales[0] = scales[1] = 1;
    for (int i = 2; i < 4; i++) scales[i] = (float)pick(t, 1, 4) + (pick(t, 0, 3) ? 0 : 0.05F);
    fov_node_set_string(&attributes, "coordinate_transformation_mode", coordinates[pick(t, 0, 3)], NULL);
    fov_node_set_string(&attributes, "nearest_mode", nearest[pick(t, 0, 2)], NULL);
    bool possible = finish(k, FOV_OP_Resize, 3, &attributes);
    fov_node_clear(&attributes);
    return possible;
}

/* ---------------------------------------------------------------- comparing */

static void run_definition(check *t, const node_case *k, const fov_view *in_views, fov_view *out)
{
    const fov_node *node = &k->graph->node[0];
    const fov_view *in[MAX_IN] = {0};
    fov_error       err = {0};
    for (int i = 0; i < node->n_in; i++) in[i] = node->in[i] == FOV_NONE ? NULL : &in_views[i];
    const fov_op_call call = {.node = node, .opset = k->graph->opset, .in = in, .out = out, .n_in = node->n_in, .n_out = 1};
    must(t, fov_op_def_of(node->op)->run(&call, &err), &err);
}

static fov_view dense_like(const fov_shape *shape)
{
    size_t count;
    fov_shape_count(shape, &count);
    return fov_view_dense(FOV_F32, shape, fov_alloc_array(count, sizeof(float)));
}

/* The operator applied to magnitudes: how large the terms of each sum are together. */
static void run_magnitudes(check *t, node_case *k, fov_view *out)
{
    fov_node *node = &k->graph->node[0];
    fov_view  in[MAX_IN] = {0};
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] == FOV_NONE) continue;
        const fov_view *v = &k->in[i];
        in[i] = dense_like(&v->shape);
        float  *to = in[i].data;
        int64_t d[4] = {1, 1, 1, 1}, s[4] = {0};
        for (int a = 0; a < v->shape.rank; a++) d[a] = v->shape.dim[a], s[a] = v->stride[a];
        for (int64_t p = 0; p < d[0] * d[1] * d[2] * d[3]; p++)
            to[p] = fabsf(((const float *)v->data)[p / (d[1] * d[2] * d[3]) * s[0] + p / (d[2] * d[3]) % d[1] * s[1] +
                                                   p / d[3] % d[2] * s[2] + p % d[3] * s[3]]);
    }
    run_definition(t, k, in, out);
    for (int i = 0; i < MAX_IN; i++) fov_free(in[i].data);
}

static void compare(check *t, const node_case *k, const fov_view *got, const fov_view *want, const fov_view *magnitude)
{
    const int64_t *d = got->shape.dim, *s = got->stride;
    for (int64_t i = 0; i < d[0] * d[1] * d[2] * d[3]; i++) {
        const int64_t n = i / (d[1] * d[2] * d[3]), c = i / (d[2] * d[3]) % d[1], h = i / d[3] % d[2], w = i % d[3];
        const float   g = ((const float *)got->data)[n * s[0] + c * s[1] + h * s[2] + w * s[3]], e = ((const float *)want->data)[i];
        const float   m = k->magnitudes ? ((const float *)magnitude->data)[i] : 0;
        if (k->magnitudes ? !check_near(g, (double)e, k->terms, (double)m) : g != e)
            check_fail(t, "element %lld,%lld,%lld,%lld is %.9g, should be %.9g", (long long)n, (long long)c, (long long)h,
                       (long long)w, (double)g, (double)e);
    }
}

static bool gaps_intact(const fov_view *out, const guarded *memory)
{
    const int64_t ld = out->stride[3], c = out->shape.dim[1];
    for (size_t i = 0; i < memory->floats; i++)
        if ((int64_t)i % ld >= c && !guarded_is_guard(memory->data[i])) return false;
    return guarded_intact(memory);
}

static void run_lowered(check *t, node_case *k, const fov_lowered *lowered, fov_pool *pool, fov_view *out, guarded *memory)
{
    const fov_node *node = &k->graph->node[0];
    const fov_view *in[MAX_IN] = {0};
    fov_error       err = {0};
    const int64_t  *d = k->out.shape.dim;
    for (int i = 0; i < node->n_in; i++)
        if (node->in[i] != FOV_NONE && !k->graph->value[node->in[i]].data) in[i] = &k->in[i];
    *out = strided_view(t, d[0], d[1], d[2], d[3], memory, false);
    size_t bytes = lowered->scratch ? lowered->scratch(lowered->impl, in, out, fov_pool_size(pool)) : 0;
    void  *scratch = bytes ? fov_alloc_aligned(bytes) : NULL;
    must(t, lowered->run(lowered->impl, in, out, scratch, pool, &err), &err);
    if (!gaps_intact(out, memory)) check_fail(t, "wrote outside of its output");
    fov_free_aligned(scratch);
}

static bool same_pixels(const fov_view *a, const fov_view *b)
{
    const int64_t *d = a->shape.dim;
    for (int64_t p = 0; p < d[0] * d[2] * d[3]; p++)
        if (memcmp((const float *)a->data + p * a->stride[3], (const float *)b->data + p * b->stride[3],
                   (size_t)d[1] * sizeof(float)))
            return false;
    return true;
}

static void check_case(check *t, node_case *k, const fov_backend *backend, fov_pool *const *pools)
{
    fov_lowered lowered = {0};
    fov_error   err = {0};
    fov_view    out[POOLS], want = dense_like(&k->out.shape), magnitude = dense_like(&k->out.shape);
    guarded     memory[POOLS];
    fov_status  st = backend->lower(k->graph, &k->graph->node[0], &lowered, &err);
    must(t, st, &err);
    if (!st) {
        run_definition(t, k, k->in, &want);
        if (k->magnitudes) run_magnitudes(t, k, &magnitude);
        if (strstr(lowered.kernel, "winograd")) {
            winograd_add_magnitudes(&k->in[0], &k->in[1], &k->graph->node[0], &magnitude);
            k->terms = winograd_roundings(k->in[0].shape.dim[1]);
        }
        for (int i = 0; i < POOLS; i++) run_lowered(t, k, &lowered, pools[i], &out[i], &memory[i]);
        compare(t, k, &out[0], &want, &magnitude);
        for (int i = 1; i < POOLS; i++)
            if (!same_pixels(&out[0], &out[i])) check_fail(t, "%d threads give other bits than one", i + 1);
        if (t->failing) printf("# in %s\n", lowered.kernel);
        for (int i = 0; i < POOLS; i++) guarded_free(&memory[i]);
        lowered.free(lowered.impl);
    }
    fov_free(want.data);
    fov_free(magnitude.data);
}

static void check_operator(check *t, const char *name, bool (*make)(check *t, node_case *k), fov_pool *const *pools)
{
    char full[64];
    snprintf(full, sizeof full, "lowering %s", name);
    if (!check_begin(t, full)) return;
    fov_cpu_limit(t->level_name, NULL);
    for (int i = 0; i < CASES && !t->failing; i++) {
        node_case k = {.graph = fov_graph_new()};
        if (make(t, &k)) {
            check_case(t, &k, fov_backend_find("cpu"), pools);
            if (t->failing) {
                char *text = fov_graph_dump(k.graph);
                printf("# %s", text);
                fov_free(text);
            }
        }
        for (int j = 0; j < MAX_IN; j++) guarded_free(&k.memory[j]);
        fov_graph_free(k.graph);
    }
    fov_cpu_limit(NULL, NULL);
    check_end(t);
}

void check_lowerings(check *t)
{
    fov_pool *pools[POOLS];
    for (int i = 0; i < POOLS; i++) fov_pool_new(i + 1, &pools[i], NULL);
    check_operator(t, "Conv", make_conv, pools);
    check_operator(t, "Add", make_add, pools);
    check_operator(t, "MaxPool", make_max_pool, pools);
    check_operator(t, "Resize", make_resize, pools);
    for (int i = 0; i < POOLS; i++) fov_pool_free(pools[i]);
}
