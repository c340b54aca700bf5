// SPDX-License-Identifier: MIT
/*
 * Is an imported graph one of the families? Both graphs are walked together from their outputs to their inputs: the family's
 * template, which has BatchNormalization nodes and activations with a marked slope, and the imported one, which may have
 * BatchNormalization folded into its convolutions, Identity nodes in between and any names.
 *
 *     template:  Conv - BatchNormalization - LeakyRelu(marked)
 *     imported:  Conv - BatchNormalization - LeakyRelu(a)           parameters are taken as they are
 *     imported:  Conv with bias            - Relu                   identity BatchNormalization, bias as its shift; a = 0
 *
 *     imported:  Concat(Relu, Relu, ..) where the template has Relu(Concat) is the same
 *
 * The operands of Add come in any order: both are tried, and what the wrong one had assigned is taken back.
 */
#include "models/model.h"

#include "base/alloc.h"
#include "base/text.h"
#include "graph/op.h"
#include "graph/passes/edit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Any slope but 0: makes the activations that follow settings.leaky LeakyRelu nodes in the template. */
#define MARKED_SLOPE 0.5F

typedef struct matcher {
    const fov_graph *family, *model;
    int             *to;    /* family's value -> imported value, FOV_NONE while unknown */
    int             *trail; /* family's values in the order of their assignment         */
    int              n_trail;
    float            slope;
    bool             slope_known;
    int              reached; /* longest trail, and the difference that ended it */
    char             difference[320];
} matcher;

static bool match_value(matcher *m, int f, int v);

static bool differ(matcher *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool differ(matcher *m, const char *format, ...)
{
    va_list args;
    if (m->n_trail < m->reached) return false;
    m->reached = m->n_trail;
    va_start(args, format);
    vsnprintf(m->difference, sizeof m->difference, format, args);
    va_end(args);
    return false;
}

static void assign(matcher *m, int f, int v)
{
    m->to[f] = v;
    m->trail[m->n_trail++] = f;
}

static const char *op_name(const fov_node *node)
{
    return fov_op_def_of(node->op)->name;
}

static const fov_node *producer(const fov_graph *graph, int value)
{
    int node = value == FOV_NONE ? FOV_NONE : fov_graph_producer(graph, value);
    return node == FOV_NONE ? NULL : &graph->node[node];
}

static int skip_identity(const fov_graph *graph, int value)
{
    for (int i = 0; i < graph->n_node; i++) { /* bounded, should a damaged graph have a cycle */
        const fov_node *node = producer(graph, value);
        if (!node || !node->n_in || node->out[0] != value || (node->op != FOV_OP_Identity && node->op != FOV_OP_Dropout)) break;
        value = node->in[0];
    }
    return value;
}

static int input_at(const fov_node *node, int i)
{
    return i < node->n_in ? node->in[i] : FOV_NONE;
}

/* ---------------------------------------------------------------- parameters */

static bool match_parameter(matcher *m, int f, int v, const fov_node *node)
{
    char             has[64], needs[64];
    const fov_value *need = &m->family->value[f];
    const fov_value *value = v == FOV_NONE ? NULL : &m->model->value[skip_identity(m->model, v)];
    if (!value || !value->data || value->dtype != FOV_F32)
        return differ(m, "%s '%.80s' has no constant where %s is", op_name(node), node->name, need->name);
    if (!fov_shape_equal(&value->shape, &need->shape))
        return differ(m, "%s '%.80s' has a constant of %s where %s is %s", op_name(node), node->name,
                      fov_shape_print(&value->shape, has, sizeof has), need->name,
                      fov_shape_print(&need->shape, needs, sizeof needs));
    if (m->to[f] == FOV_NONE) assign(m, f, (int)(value - m->model->value));
    return true;
}

static bool same_ints(matcher *m, const fov_node *f, const fov_node *v, const char *name, size_t count, int64_t fallback)
{
    for (size_t i = 0; i < count; i++) {
        long long need = fov_node_int_at(f, name, i, fallback), has = fov_node_int_at(v, name, i, fallback);
        if (need != has)
            return differ(m, "%s '%.80s' has %s %lld where %s has %lld", op_name(v), v->name, name, has, f->name, need);
    }
    return true;
}

static bool match_window(matcher *m, const fov_node *f, const fov_node *v)
{
    const char *pad = fov_node_string(v, "auto_pad", "NOTSET");
    if (strcmp(pad, "NOTSET") != 0) return differ(m, "%s '%.80s' has auto_pad %.20s", op_name(v), v->name, pad);
    return same_ints(m, f, v, "strides", 2, 1) && same_ints(m, f, v, "pads", 4, 0) && same_ints(m, f, v, "dilations", 2, 1);
}

/* ---------------------------------------------------------------- operators */

static bool match_conv(matcher *m, const fov_node *f, const fov_node *v)
{
    if (!match_parameter(m, f->in[1], input_at(v, 1), v) || !match_window(m, f, v) || !same_ints(m, f, v, "group", 1, 1))
        return false;
    if (input_at(f, 2) != FOV_NONE && !match_parameter(m, f->in[2], input_at(v, 2), v)) return false;
    return match_value(m, f->in[0], input_at(v, 0));
}

/* The imported convolution has the normalisation in its weights and bias. */
static bool match_folded(matcher *m, const fov_node *norm, const fov_node *conv, int v)
{
    if (conv->op != FOV_OP_Conv)
        return differ(m, "%s '%.80s' stands where %s is %s", op_name(conv), conv->name, norm->name, op_name(norm));
    if (input_at(conv, 2) != FOV_NONE && !match_parameter(m, norm->in[2], conv->in[2], conv)) return false;
    return match_value(m, norm->in[0], v);
}

static bool match_batch_norm(matcher *m, const fov_node *f, const fov_node *v)
{
    const float need = fov_node_float(f, "epsilon", 1e-5F), has = fov_node_float(v, "epsilon", 1e-5F);
    if (need != has)
        return differ(m, "BatchNormalization '%.80s' has epsilon %g where %s has %g", v->name, (double)has, f->name, (double)need);
    for (int i = 1; i < 5; i++)
        if (!match_parameter(m, f->in[i], input_at(v, i), v)) return false;
    const fov_node *conv = producer(m->model, skip_identity(m->model, input_at(v, 0)));
    if (conv && input_at(conv, 2) != FOV_NONE)
        return differ(m, "%s '%.80s' has a bias and BatchNormalization after it", op_name(conv), conv->name);
    return match_value(m, f->in[0], input_at(v, 0));
}

static bool match_slope(matcher *m, const fov_node *f, const fov_node *v)
{
    float slope;
    if (!fov_node_is_activation(v, &slope))
        return differ(m, "%s '%.80s' stands where %s is %s", op_name(v), v->name, f->name, op_name(f));
    const bool marked = f->op == FOV_OP_LeakyRelu;
    if (!(slope >= 0 && slope <= 1)) return differ(m, "LeakyRelu '%.80s' has slope %g, outside of 0 to 1", v->name, (double)slope);
    if (marked && !m->slope_known) {
        m->slope = slope;
        m->slope_known = true;
    }
    if (slope != (marked ? m->slope : 0))
        return differ(m, "%s '%.80s' has slope %g where the others before %s have %g", op_name(v), v->name, (double)slope, f->name,
                      (double)(marked ? m->slope : 0));
    return true;
}

static bool same_join(matcher *m, const fov_node *f, const fov_node *v)
{
    const int64_t axis = fov_node_int(v, "axis", 0);
    if (v->n_in == f->n_in && (axis == 1 || axis == -3)) return true;
    return differ(m, "Concat '%.80s' joins %d values on axis %lld where %s joins %d on axis 1", v->name, v->n_in, (long long)axis,
                  f->name, f->n_in);
}

/* The family's activation of a Concat, as the Concat of activations that it equals. */
static bool match_activated_parts(matcher *m, const fov_node *f, const fov_node *join, const fov_node *v)
{
    if (!same_join(m, join, v)) return false;
    for (int i = 0; i < v->n_in; i++) {
        const fov_node *part = producer(m->model, skip_identity(m->model, v->in[i]));
        if (!part) return differ(m, "Concat '%.80s' joins a value that no node makes", v->name);
        if (!match_slope(m, f, part) || !match_value(m, join->in[i], input_at(part, 0))) return false;
    }
    return true;
}

static bool match_activation(matcher *m, const fov_node *f, const fov_node *v)
{
    const fov_node *before = producer(m->family, f->in[0]);
    if (v->op == FOV_OP_Concat && before && before->op == FOV_OP_Concat) return match_activated_parts(m, f, before, v);
    return match_slope(m, f, v) && match_value(m, f->in[0], input_at(v, 0));
}

/* The pairs of ONNX's modes that repeat every pixel twice, as the template's asymmetric and floor do. */
static bool repeats_pixels(const fov_node *v)
{
    const char *place = fov_node_string(v, "coordinate_transformation_mode", "half_pixel");
    const char *round = fov_node_string(v, "nearest_mode", "round_prefer_floor");
    if (strcmp(fov_node_string(v, "mode", "nearest"), "nearest") != 0) return false;
    if (!strcmp(place, "asymmetric")) return !strcmp(round, "floor") || !strcmp(round, "round_prefer_floor");
    if (strcmp(place, "half_pixel") != 0 && strcmp(place, "pytorch_half_pixel") != 0) return false;
    return !strcmp(round, "round_prefer_floor") || !strcmp(round, "round_prefer_ceil");
}

static bool doubles(const fov_graph *graph, const fov_node *v)
{
    int              id = input_at(v, 2);
    const fov_value *scales = id == FOV_NONE ? NULL : &graph->value[skip_identity(graph, id)];
    if (!scales || !scales->data || scales->dtype != FOV_F32 || scales->shape.rank != 1 || scales->shape.dim[0] != 4) return false;
    const float *s = scales->data;
    return s[0] == 1 && s[1] == 1 && s[2] == 2 && s[3] == 2;
}

static bool match_resize(matcher *m, const fov_node *f, const fov_node *v)
{
    if (!repeats_pixels(v) || !doubles(m->model, v))
        return differ(m, "Resize '%.80s' is not the doubling by repetition that %s is", v->name, f->name);
    return match_value(m, f->in[0], input_at(v, 0));
}

static bool match_max_pool(matcher *m, const fov_node *f, const fov_node *v)
{
    return same_ints(m, f, v, "kernel_shape", 2, 1) && match_window(m, f, v) && same_ints(m, f, v, "ceil_mode", 1, 0) &&
           match_value(m, f->in[0], input_at(v, 0));
}

static bool match_add(matcher *m, const fov_node *f, const fov_node *v)
{
    const matcher before = *m;
    if (v->n_in != 2) return differ(m, "Add '%.80s' has %d operands", v->name, v->n_in);
    if (match_value(m, f->in[0], v->in[0]) && match_value(m, f->in[1], v->in[1])) return true;
    while (m->n_trail > before.n_trail) m->to[m->trail[--m->n_trail]] = FOV_NONE;
    m->slope = before.slope;
    m->slope_known = before.slope_known;
    return match_value(m, f->in[0], v->in[1]) && match_value(m, f->in[1], input_at(v, 0));
}

static bool match_concat(matcher *m, const fov_node *f, const fov_node *v)
{
    if (!same_join(m, f, v)) return false;
    for (int i = 0; i < f->n_in; i++)
        if (!match_value(m, f->in[i], v->in[i])) return false;
    return true;
}

/* ---------------------------------------------------------------- the walk */

static bool match_node(matcher *m, const fov_node *f, const fov_node *v)
{
    switch (f->op) {
    case FOV_OP_Conv:
        return match_conv(m, f, v);
    case FOV_OP_BatchNormalization:
        return match_batch_norm(m, f, v);
    case FOV_OP_MaxPool:
        return match_max_pool(m, f, v);
    case FOV_OP_Resize:
        return match_resize(m, f, v);
    case FOV_OP_Add:
        return match_add(m, f, v);
    case FOV_OP_Concat:
        return match_concat(m, f, v);
    default:
        return differ(m, "the template has %s, which nobody compares", op_name(f));
    }
}

static bool match_value(matcher *m, int f, int v)
{
    v = skip_identity(m->model, v);
    if (v == FOV_NONE) return differ(m, "%s has nothing in its place", m->family->value[f].name);
    if (m->to[f] == v) return true;
    if (m->to[f] != FOV_NONE)
        return differ(m, "'%.80s' stands in the place of %s, and so does '%.80s'", m->model->value[v].name,
                      m->family->value[f].name, m->model->value[m->to[f]].name);

    const fov_node *fn = producer(m->family, f), *vn = producer(m->model, v);
    float           slope;
    assign(m, f, v);
    if (!fn) return v == m->model->input[0] || differ(m, "'%.80s' stands where the input is", m->model->value[v].name);
    if (!vn) return differ(m, "'%.80s' has no producer where %s is %s", m->model->value[v].name, fn->name, op_name(fn));
    if (fov_node_is_activation(fn, &slope)) return match_activation(m, fn, vn);
    if (fn->op == FOV_OP_BatchNormalization && vn->op != fn->op) return match_folded(m, fn, vn, v);
    if (fn->op != vn->op) return differ(m, "%s '%.80s' stands where %s is %s", op_name(vn), vn->name, fn->name, op_name(fn));
    return match_node(m, fn, vn);
}

static bool match_graphs(matcher *m)
{
    if (m->model->n_input != 1) return differ(m, "it has %d inputs, the family has 1", m->model->n_input);
    if (m->model->n_output != m->family->n_output)
        return differ(m, "it has %d heads, the family has %d", m->model->n_output, m->family->n_output);
    for (int i = 0; i < m->family->n_output; i++)
        if (!match_value(m, m->family->output[i], m->model->output[i])) return false;
    return true;
}

/* ---------------------------------------------------------------- taking over the weights */

static bool is_parameter(const fov_value *value)
{
    return value->shape.rank == 1 || value->shape.rank == 4 ? fov_shape_closed(&value->shape) && !value->data : false;
}

/* What a folded BatchNormalization leaves: 1 * (x - 0) / sqrt(var + epsilon) + bias, where var + epsilon rounds to 1. */
static float identity_value(const matcher *m, int f)
{
    for (int i = 0; i < m->family->n_node; i++) {
        const fov_node *node = &m->family->node[i];
        if (node->op != FOV_OP_BatchNormalization) continue;
        if (node->in[1] == f) return 1;
        if (node->in[4] == f) return 1 - fov_node_float(node, "epsilon", 1e-5F);
    }
    return 0;
}

static fov_status take_parameter(const matcher *m, int f, fov_weights *weights, fov_error *err)
{
    const fov_value *need = &m->family->value[f];
    size_t           count = 0;
    fov_shape_count(&need->shape, &count);
    float *data = fov_alloc_array(count, sizeof *data);
    if (!data) return fov_fail_memory(err, need->name);
    if (m->to[f] != FOV_NONE) {
        memcpy(data, m->model->value[m->to[f]].data, count * sizeof *data);
    } else {
        const float fill = identity_value(m, f);
        for (size_t i = 0; i < count; i++) data[i] = fill;
    }
    return fov_weights_add(weights, need->name, &need->shape, count, data, err);
}

/* The rebuilt graph numbers its values as the template does. */
static fov_status set_origins(const matcher *m, fov_graph *graph, fov_error *err)
{
    for (int f = 0; f < m->family->n_value; f++) {
        if (!is_parameter(&m->family->value[f])) continue;
        const fov_value *from = m->to[f] == FOV_NONE ? NULL : &m->model->value[m->to[f]];
        char *origin = fov_strdup(!from ? "identity, BatchNormalization was folded" : from->origin ? from->origin : from->name);
        if (!origin) return fov_fail_memory(err, "the origin of a tensor");
        fov_free(graph->value[f].origin);
        graph->value[f].origin = origin;
    }
    return FOV_OK;
}

static fov_status rebuild(const matcher *m, const fov_family *family, struct fov_model *model, fov_error *err)
{
    fov_weights  weights = {0};
    fov_settings settings = model->settings;
    fov_graph   *graph = NULL;
    fov_status   st = FOV_OK;
    if (m->slope_known) settings.leaky = m->slope;
    for (int f = 0; f < m->family->n_value && !st; f++)
        if (is_parameter(&m->family->value[f])) st = take_parameter(m, f, &weights, err);
    if (!st) st = family->build(&settings, &weights, model->source, &graph, err);
    if (!st) st = set_origins(m, graph, err);
    fov_weights_clear(&weights);
    if (st) {
        fov_graph_free(graph);
        return st;
    }
    fov_graph_free(model->graph);
    model->graph = graph;
    model->settings = settings;
    model->family = family;
    return FOV_OK;
}

/* @param reached how far the best family so far got; closest then says what stopped it */
static fov_status try_family(const fov_family *family, struct fov_model *model, int *reached, fov_error *closest, fov_error *err)
{
    fov_settings settings = model->settings;
    fov_graph *template = NULL;
    matcher m = {.model = model->graph, .reached = 0};
    settings.leaky = MARKED_SLOPE;
    fov_status st = family->build(&settings, NULL, model->source, &template, err);
    if (st) return st;

    const size_t n = (size_t) template->n_value;
    m.family = template;
    m.to = fov_alloc_array(n, sizeof *m.to);
    m.trail = fov_alloc_array(n, sizeof *m.trail);
    if (!m.to || !m.trail) {
        st = fov_fail_memory(err, "matching the network");
        goto done;
    }
    for (size_t i = 0; i < n; i++) m.to[i] = FOV_NONE;
    if (match_graphs(&m)) {
        st = rebuild(&m, family, model, err);
        goto done;
    }
    st = FOV_ERR_UNSUPPORTED;
    if (m.reached > *reached) {
        *reached = m.reached;
        fov_fail(closest, st, "%s: the network is none of the families known here; the closest is %s, but %s", model->source,
                 family->title, m.difference);
    }
done:
    fov_free(m.to);
    fov_free(m.trail);
    fov_graph_free(template);
    return st;
}

fov_status fov_family_match(struct fov_model *model, fov_error *err)
{
    fov_error  closest;
    int        reached = -1;
    fov_status st = FOV_ERR_UNSUPPORTED;
    for (size_t i = 0; fov_family_at(i); i++) {
        st = try_family(fov_family_at(i), model, &reached, &closest, err);
        if (st != FOV_ERR_UNSUPPORTED) return st;
    }
    if (reached >= 0) return fov_fail(err, closest.code, "%s", closest.message);
    return st;
}
