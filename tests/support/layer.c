// SPDX-License-Identifier: MIT
#include "layer.h"

#include "base/alloc.h"
#include "graph/ops/walk.h"
#include "starve.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GUARD = 0x5A, MOST_NODES = FOV_STEP_NODES };

static fov_error err;

layer layer_begin(uint64_t seed)
{
    layer l = {.random = {seed}, .graph = fov_graph_new(), .align = 1};
    assert_non_null(l.graph);
    return l;
}

static void free_tensor(layer_tensor *t)
{
    if (!t->constant) free(t->memory);
}

void layer_end(layer *l)
{
    for (int i = 0; i < l->n_in; i++) free_tensor(&l->in[i]);
    for (int i = 0; i < l->n_out; i++) free_tensor(&l->out[i]);
    fov_graph_free(l->graph);
}

int layer_pick(layer *l, int low, int high)
{
    return test_random_int(&l->random, low, high);
}

/* ---------------------------------------------------------------- tensors */

/* One scale, or one a channel. */
static void set_storage(layer *l, int value, fov_dtype dtype, int64_t channels, float largest)
{
    if (dtype != FOV_U8 && dtype != FOV_I8) {
        assert_ok(fov_graph_set_storage(l->graph, value, dtype, NULL, &err));
        return;
    }
    const int count = layer_pick(l, 0, 1) ? (int)channels : 1;
    float    *scale = calloc((size_t)count, sizeof *scale);
    int32_t  *zero_point = calloc((size_t)count, sizeof *zero_point);
    assert_non_null(scale);
    assert_non_null(zero_point);
    for (int c = 0; c < count; c++) {
        scale[c] = largest * test_random_float(&l->random, 0.5F, 1);
        zero_point[c] = dtype == FOV_U8 && layer_pick(l, 0, 3) ? layer_pick(l, 0, 255) : 0;
    }
    assert_ok(fov_graph_set_storage(l->graph, value, dtype, &(fov_quant){count, scale, zero_point}, &err));
    free(scale);
    free(zero_point);
}

static int add_value(layer *l)
{
    char name[16];
    snprintf(name, sizeof name, "v%d", l->graph->n_value);
    const int value = fov_graph_add_value(l->graph, name, FOV_F32, NULL, &err);
    assert_true(value != FOV_NONE);
    return value;
}

static int64_t rounded(int64_t n, int64_t to)
{
    return (n + to - 1) / to * to;
}

static size_t count_of(const fov_shape *shape)
{
    size_t count;
    assert_true(fov_shape_count(shape, &count));
    return count;
}

/* Memory around the view is guards, NaN among floats. */
static void lay_out(layer *l, layer_tensor *t, fov_dtype dtype, const fov_shape *shape)
{
    const size_t   size = fov_dtype_size(dtype);
    const int64_t *dim = shape->dim;
    const bool     nhwc = shape->rank == 4 && (dtype == FOV_F32 || fov_dtype_is_storage(dtype));
    const int64_t  before = nhwc ? rounded(layer_pick(l, 0, 2) ? layer_pick(l, 0, 20) : 0, l->align) : 0;
    const int64_t  ld = nhwc ? rounded(before + dim[1] + (layer_pick(l, 0, 1) ? layer_pick(l, 0, 20) : 0), l->align) : 0;
    const size_t   count = nhwc ? (size_t)(dim[0] * dim[2] * dim[3] * ld) : count_of(shape);
    t->bytes = count * size + FOV_OVERREAD;
    t->memory = malloc(t->bytes);
    assert_non_null(t->memory);
    memset(t->memory, size == 1 ? GUARD : 0xff, t->bytes);
    t->view = nhwc ? fov_view_nhwc_of(dtype, dim[0], dim[1], dim[2], dim[3], ld, t->memory + (size_t)before * size)
                   : fov_view_dense(dtype, shape, t->memory);
}

static void fill(layer *l, const fov_view *view, float low, float high)
{
    const bool bytes = view->dtype == FOV_U8 || view->dtype == FOV_I8;
    for (fov_walk w = fov_walk_begin(&view->shape); w.more; fov_walk_next(&w)) {
        if (bytes) ((uint8_t *)view->data)[fov_view_offset(view, w.at)] = (uint8_t)layer_pick(l, 0, 255);
        else fov_view_store_one(view, w.at, test_random_float(&l->random, low, high));
    }
}

int layer_input(layer *l, fov_dtype dtype, int rank, const int64_t *dim, float low, float high)
{
    const fov_shape shape = fov_shape_make(rank, dim);
    layer_tensor   *t = &l->in[l->n_in++];
    t->value = add_value(l);
    set_storage(l, t->value, dtype, rank > 1 ? dim[1] : 1, 0.02F);
    lay_out(l, t, dtype, &shape);
    t->view.quant = l->graph->value[t->value].quant;
    fill(l, &t->view, low, high);
    return t->value;
}

int layer_constant(layer *l, fov_dtype dtype, int rank, const int64_t *dim, const void *data)
{
    const fov_shape shape = fov_shape_make(rank, dim);
    layer_tensor   *t = &l->in[l->n_in++];
    char            name[16];
    snprintf(name, sizeof name, "v%d", l->graph->n_value);
    t->value = fov_graph_add_constant(l->graph, name, dtype, &shape, data, NULL, &err);
    assert_true(t->value != FOV_NONE);
    t->constant = true;
    if (!data) set_storage(l, t->value, dtype, dtype == FOV_I8 ? dim[0] : rank > 1 ? dim[1] : 1, 0.01F);
    t->view = fov_view_dense(dtype, &shape, l->graph->value[t->value].data);
    t->view.quant = l->graph->value[t->value].quant;
    if (!data) fill(l, &t->view, -1, 1);
    return t->value;
}

/* ---------------------------------------------------------------- nodes */

fov_node *layer_node(layer *l, fov_op op, const int *in, int n_in)
{
    char name[16];
    snprintf(name, sizeof name, "n%d", l->graph->n_node);
    const int node = fov_graph_add_node(l->graph, name, op, in, n_in, NULL, 0, &err);
    assert_true(node != FOV_NONE);
    return &l->graph->node[node];
}

static layer_tensor *tensor_of(layer *l, int value)
{
    for (int i = 0; i < l->n_in; i++)
        if (l->in[i].value == value) return &l->in[i];
    return NULL;
}

/* What definitions are asked: floats. @param as LAYER_IN views */
static void as_floats(layer *l, const fov_node *node, fov_view *as, const fov_view **in)
{
    for (int i = 0; i < node->n_in; i++) {
        in[i] = NULL;
        if (node->in[i] == FOV_NONE) continue;
        as[i] = tensor_of(l, node->in[i])->view;
        if (fov_dtype_is_storage(as[i].dtype)) as[i].dtype = FOV_F32;
        if (!tensor_of(l, node->in[i])->constant) as[i].data = NULL;
        in[i] = &as[i];
    }
}

/* The node again, with outputs. */
static fov_node *give_outputs(layer *l, const int *value, int n_out)
{
    fov_graph *g = l->graph;
    const int  last = g->n_node - 1;
    const int  again =
        fov_graph_add_node(g, g->node[last].name, g->node[last].op, g->node[last].in, g->node[last].n_in, value, n_out, &err);
    assert_true(again != FOV_NONE);
    assert_ok(fov_node_copy_attrs(&g->node[again], &g->node[last], &err));
    fov_node_clear(&g->node[last]);
    g->node[last] = g->node[again];
    g->n_node--;
    return &g->node[last];
}

void layer_outputs(layer *l, int n_out, fov_dtype dtype, int like)
{
    int             value[LAYER_OUT];
    fov_view        as[LAYER_IN], inferred[LAYER_OUT] = {{0}};
    const fov_view *in[LAYER_IN];
    assert_true(l->n_out + n_out <= LAYER_OUT);
    for (int i = 0; i < n_out; i++) value[i] = add_value(l);
    const fov_node *node = give_outputs(l, value, n_out);
    as_floats(l, node, as, in);
    const fov_op_call call = {node, l->graph->opset, in, inferred, node->n_in, n_out, NULL};
    assert_ok(fov_op_infer(&call, &err));
    for (int i = 0; i < n_out; i++) {
        layer_tensor   *t = &l->out[l->n_out++];
        const fov_dtype type = dtype == FOV_I64 ? inferred[i].dtype : dtype;
        const fov_shape shape = inferred[i].shape;
        t->value = value[i];
        if (like != FOV_NONE) assert_ok(fov_graph_set_storage(l->graph, value[i], type, l->graph->value[like].quant, &err));
        else set_storage(l, value[i], type, shape.rank > 1 ? shape.dim[1] : 1, 0.03F);
        lay_out(l, t, type, &shape);
        t->view.quant = l->graph->value[value[i]].quant;
    }
}

/* ---------------------------------------------------------------- the reference */

/* Views of a node's inputs and outputs, in its order. @param remote the tensors' views elsewhere; NULL: on the host */
static void views_of(layer *l, const fov_node *node, const fov_view *elsewhere, const fov_view **in)
{
    for (int i = 0; i < node->n_in; i++) {
        const layer_tensor *t = node->in[i] == FOV_NONE ? NULL : tensor_of(l, node->in[i]);
        in[i] = !t ? NULL : elsewhere ? &elsewhere[t - l->in] : &t->view;
    }
}

/* All nodes by their definitions, in memory as the outputs'. */
static void run_reference(layer *l, fov_view *want)
{
    for (int i = 0; i < l->n_out; i++) {
        want[i] = l->out[i].view;
        unsigned char *memory = malloc(l->out[i].bytes);
        assert_non_null(memory);
        memcpy(memory, l->out[i].memory, l->out[i].bytes);
        want[i].data = memory + ((unsigned char *)l->out[i].view.data - l->out[i].memory);
    }
    for (int i = 0, first = 0; i < l->graph->n_node; first += l->graph->node[i++].n_out) {
        const fov_node *node = &l->graph->node[i];
        const fov_view *in[LAYER_IN];
        fov_lowered     lowered = {0};
        views_of(l, node, NULL, in);
        assert_ok(fov_backend_find("reference")->lower(l->graph, node, &lowered, &err));
        const size_t bytes = lowered.scratch ? lowered.scratch(lowered.impl, in, &want[first], 1) : 0;
        void        *scratch = malloc(bytes + 1);
        assert_ok(lowered.run(lowered.impl, in, &want[first], scratch, NULL, &err));
        free(scratch);
        if (lowered.free) lowered.free(lowered.impl);
    }
}

static void free_results(const layer *l, const fov_view *view)
{
    for (int i = 0; i < l->n_out; i++)
        free((unsigned char *)view[i].data - ((unsigned char *)l->out[i].view.data - l->out[i].memory));
}

double *layer_conv_magnitude(const layer *l)
{
    const fov_node *node = &l->graph->node[0];
    fov_graph      *copy;
    fov_view        as[4] = {0};
    const fov_view *in[4];
    fov_view        out = fov_view_dense(FOV_F32, &l->out[0].view.shape, NULL);
    const size_t    count = count_of(&out.shape);
    double         *magnitude = calloc(count + 1, sizeof *magnitude);
    assert_ok(fov_graph_clone(l->graph, &copy, &err));
    assert_ok(fov_node_set_float(&copy->node[0], "fused_slope", 1, &err));
    out.data = malloc((count + 1) * sizeof(float));
    for (int i = 0; i < node->n_in; i++) {
        in[i] = NULL;
        if (node->in[i] == FOV_NONE) continue;
        const fov_view *from = &tensor_of((layer *)(uintptr_t)l, node->in[i])->view;
        as[i] = fov_view_dense(FOV_F32, &from->shape, malloc((count_of(&from->shape) + 1) * sizeof(float)));
        for (fov_walk w = fov_walk_begin(&from->shape); w.more; fov_walk_next(&w))
            *fov_view_f32(&as[i], w.at) = fabsf(fov_view_load_one(from, w.at));
        in[i] = &as[i];
    }
    const fov_op_call call = {&copy->node[0], copy->opset, in, &out, node->n_in, 1, NULL};
    void             *scratch = malloc(fov_op_run_scratch(&call) + 1);
    assert_ok(fov_op_run(&call, scratch, &err));
    for (size_t i = 0; i < count; i++) magnitude[i] = (double)((float *)out.data)[i];
    for (int i = 0; i < node->n_in; i++) free(as[i].data);
    free(scratch);
    free(out.data);
    fov_graph_free(copy);
    return magnitude;
}

/* ---------------------------------------------------------------- elsewhere */

/* Everything that is at the place. */
typedef struct away {
    const fov_remote *remote;
    fov_place        *place;
    void             *in_memory[LAYER_IN], *out_memory[LAYER_OUT];
    fov_view          in[LAYER_IN], out[LAYER_OUT];
    fov_lowered       lowered[MOST_NODES], joint;
    fov_program      *program;
} away;

static fov_status put(away *a, const layer_tensor *t, void **memory, fov_view *view)
{
    *view = t->view;
    if (t->constant) return FOV_OK;
    fov_status st = a->remote->alloc(a->place, t->bytes, memory, &err);
    if (!st) st = a->remote->upload(a->place, *memory, t->memory, t->bytes, &err);
    if (!st) view->data = (unsigned char *)*memory + ((unsigned char *)t->view.data - t->memory);
    return st;
}

static fov_status put_all(const layer *l, away *a)
{
    fov_status st = FOV_OK;
    for (int i = 0; i < l->n_in && !st; i++) st = put(a, &l->in[i], &a->in_memory[i], &a->in[i]);
    for (int i = 0; i < l->n_out && !st; i++) st = put(a, &l->out[i], &a->out_memory[i], &a->out[i]);
    return st;
}

static fov_status lower_all(const layer *l, const fov_backend *backend, away *a)
{
    const fov_lowered *nodes[MOST_NODES];
    const int          count = l->graph->n_node;
    assert_true(count <= MOST_NODES);
    for (int i = 0; i < count; i++) {
        fov_status st = backend->lower(l->graph, &l->graph->node[i], &a->lowered[i], &err);
        if (st) return st;
        nodes[i] = &a->lowered[i];
        if (i) assert_true(backend->alike(nodes[0], nodes[i]));
    }
    return count > 1 ? backend->join(nodes, count, &a->joint, &err) : FOV_OK;
}

static fov_status compile(layer *l, away *a)
{
    const fov_view *in[LAYER_IN];
    views_of(l, &l->graph->node[0], a->in, in);
    const fov_call call = {l->graph->n_node > 1 ? &a->joint : &a->lowered[0], in, a->out, NULL, 0};
    return a->remote->compile(a->place, &call, 1, &a->program, &err);
}

/* All but to run it. */
static fov_status bring(layer *l, const char *name, away *a)
{
    const fov_backend *backend = fov_backend_find(name);
    assert_non_null(backend);
    *a = (away){.remote = backend->remote};
    assert_non_null(a->remote);
    fov_status st = lower_all(l, backend, a);
    if (!st) st = a->remote->open(0, &a->place, &err);
    if (!st) st = put_all(l, a);
    return st ? st : compile(l, a);
}

static void give_back(const layer *l, away *a)
{
    a->remote->release(a->program);
    for (int i = 0; i < l->n_in && a->place; i++)
        if (a->in_memory[i]) a->remote->free(a->place, a->in_memory[i]);
    for (int i = 0; i < l->n_out && a->place; i++)
        if (a->out_memory[i]) a->remote->free(a->place, a->out_memory[i]);
    a->remote->close(a->place);
    for (int i = 0; i < MOST_NODES; i++)
        if (a->lowered[i].free) a->lowered[i].free(a->lowered[i].impl);
    if (a->joint.free) a->joint.free(a->joint.impl);
}

/* ---------------------------------------------------------------- without memory */

typedef struct bringing {
    layer      *layer;
    const char *backend;
    fov_status  expected;
} bringing;

static fov_status bring_and_give_back(const void *user, fov_error *e)
{
    const bringing  *job = user;
    away             a;
    const fov_status st = bring(job->layer, job->backend, &a);
    give_back(job->layer, &a);
    if (st == job->expected) return FOV_OK;
    *e = err;
    return st;
}

/* Wherever this layer asks for memory as none before it did. The place is open already: what the process keeps of it is not this
 * layer's. */
static void starve_layer(layer *l, const char *backend, fov_status expected)
{
    const fov_remote *remote = fov_backend_find(backend)->remote;
    fov_place        *place;
    assert_ok(remote->open(0, &place, &err));
    starve_places(backend, bring_and_give_back, &(bringing){l, backend, expected});
    remote->close(place);
}

/* ---------------------------------------------------------------- comparing */

static double step_of(const fov_view *view, const int64_t *at, double v)
{
    const int64_t channel = view->shape.rank > 1 ? at[1] : 0;
    if (view->dtype == FOV_U8) return (double)fov_quant_scale(view->quant, channel) * 1.0001;
    if (view->dtype == FOV_F16) return fmax(fabs(v) * 0x1p-10, 0x1p-24);
    return view->dtype == FOV_BF16 ? fabs(v) * 0x1p-7 : 0;
}

static bool same_bits(const fov_view *a, const fov_view *b, const int64_t *at)
{
    const size_t size = fov_dtype_size(a->dtype);
    const char  *x = (const char *)a->data + fov_view_offset(a, at) * (int64_t)size;
    const char  *y = (const char *)b->data + fov_view_offset(b, at) * (int64_t)size;
    return !memcmp(x, y, size);
}

static void compare(const layer *l, const char *name, const fov_view *got, const fov_view *want, layer_bound bound,
                    const double *magnitude, double share)
{
    const bool exact = bound.absolute == 0 && bound.relative == 0 && !magnitude;
    size_t     i = 0;
    for (fov_walk w = fov_walk_begin(&got->shape); w.more; fov_walk_next(&w), i++) {
        if (same_bits(got, want, w.at)) continue;
        const double a = (double)fov_view_load_one(got, w.at), b = (double)fov_view_load_one(want, w.at);
        if (a == b || (isnan(a) && isnan(b))) continue;
        const double most = bound.absolute + bound.relative * fabs(b) + (magnitude ? magnitude[i] * share : 0) +
                            (exact ? 0 : step_of(want, w.at, b));
        char *graph = NULL;
        if (fabs(a - b) <= most) continue;
        graph = fov_graph_dump(l->graph);
        fail_msg("%s: element %lld,%lld,%lld,%lld (of %lldx%lldx%lldx%lld %s) is %.9g, by definition %.9g; allowed are %.3g\n%s",
                 name, (long long)w.at[0], (long long)w.at[1], (long long)w.at[2], (long long)w.at[3], (long long)got->shape.dim[0],
                 (long long)got->shape.dim[1], (long long)got->shape.dim[2], (long long)got->shape.dim[3],
                 fov_dtype_name(got->dtype), a, b, most, graph);
    }
}

/* With the elements themselves put back, all is as it was. */
static void check_guards(const layer_tensor *t, const fov_view *got, unsigned char *memory, const char *name)
{
    for (fov_walk w = fov_walk_begin(&got->shape); w.more; fov_walk_next(&w)) fov_view_copy(got, w.at, &t->view, w.at);
    if (memcmp(memory, t->memory, t->bytes) != 0) fail_msg("%s: wrote beside its output", name);
}

void layer_check(layer *l, const char *backend, layer_bound bound, const double *magnitude, double share)
{
    fov_view want[LAYER_OUT] = {0};
    away     a;
    starve_layer(l, backend, FOV_OK);
    run_reference(l, want);
    assert_ok(bring(l, backend, &a));
    assert_ok(a.remote->run(a.program, NULL, &err));
    const char *name = l->graph->n_node > 1 ? a.joint.kernel : a.lowered[0].kernel;
    for (int i = 0; i < l->n_out; i++) {
        layer_tensor  *t = &l->out[i];
        unsigned char *memory = malloc(t->bytes);
        fov_view       got = t->view;
        assert_non_null(memory);
        assert_non_null(want[i].data);
        assert_ok(a.remote->download(a.place, memory, a.out_memory[i], t->bytes, &err));
        got.data = memory + ((unsigned char *)t->view.data - t->memory);
        compare(l, name, &got, &want[i], bound, i ? NULL : magnitude, share);
        check_guards(t, &got, memory, name);
        free(memory);
    }
    give_back(l, &a);
    free_results(l, want);
} /* NOLINT(clang-analyzer-unix.Malloc): free_results() frees as many as run_reference() made */

void layer_check_refused(layer *l, const char *backend, fov_status status, const char *part)
{
    away a;
    starve_layer(l, backend, status);
    const fov_status st = bring(l, backend, &a);
    give_back(l, &a);
    if (st != status || !strstr(err.message, part))
        fail_msg("%s: expected %s with '%s', got %s: %s", fov_op_def_of(l->graph->node[0].op)->name, fov_status_name(status), part,
                 fov_status_name(st), st ? err.message : "");
}
