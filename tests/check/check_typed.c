// SPDX-License-Identifier: MIT
/* Lowerings of what moves, adds or compares activations of any storage type, against fov_op_run(): equal bits. */
#include "check.h"

#include "backend/backend.h"
#include "base/cpu.h"
#include "typed.h"

#include <stdlib.h>
#include <string.h>

enum { CASES = 300, MAX_IN = 3, POOLS = 3 };

/* One node between typed values; the graph owns what the integers stand for. */
typedef struct typed_case {
    fov_graph *graph;
    int        n_in;
    fov_view   in[MAX_IN];
    guarded    memory[MAX_IN];
    int64_t    out[4];
} typed_case;

static int pick(check *t, int low, int high)
{
    return test_random_int(&t->random, low, high);
}

static int add_value(check *t, fov_graph *graph, const char *name, fov_dtype dtype, int64_t channels, const fov_quant *like)
{
    fov_quant *quant = like ? NULL : random_quant(t, dtype, channels);
    const int  id = fov_graph_add_value(graph, name, FOV_F32, NULL, NULL);
    if (fov_graph_set_storage(graph, id, dtype, like ? like : quant, NULL)) check_fail(t, "%s: no memory", name);
    free_quant(quant);
    return id;
}

/* Inputs and output mostly of one type, often of the same scales. */
static void make_values(check *t, typed_case *k, fov_op op, const int64_t *shape)
{
    const fov_dtype type = random_dtype(t);
    const bool      mixed = pick(t, 0, 2) == 0;
    int             ids[MAX_IN] = {0}, y;
    for (int i = 0; i < k->n_in; i++) {
        const fov_dtype dtype = mixed ? random_dtype(t) : type;
        const int64_t   dim[4] = {shape[0], op == FOV_OP_Concat ? pick(t, 1, 40) : shape[1], shape[2], shape[3]};
        ids[i] = add_value(t, k->graph, (char[]){(char)('a' + i), 0}, dtype, dim[1], NULL);
        k->in[i].shape = fov_shape_make(4, dim);
        if (op == FOV_OP_Concat) k->out[1] += dim[1];
    }
    const fov_quant *like = k->graph->value[ids[0]].quant;
    const bool       same = !mixed && pick(t, 0, 1) && (op != FOV_OP_Concat || !like || like->count == 1);
    y = add_value(t, k->graph, "y", mixed ? random_dtype(t) : type, k->out[1], same ? like : NULL);
    fov_graph_add_node(k->graph, "case", op, ids, k->n_in, &y, 1, NULL);
    for (int i = 0; i < k->n_in; i++) {
        const fov_value *value = &k->graph->value[ids[i]];
        const fov_shape  shape_in = k->in[i].shape;
        k->in[i] = random_view(t, value->dtype, value->quant, shape_in.dim, &k->memory[i], true);
    }
}

/* The shape of the output, before Concat adds up its channels. */
static void make_case(check *t, typed_case *k, fov_op op)
{
    const int64_t shape[4] = {pick(t, 1, 2), pick(t, 0, 2) ? pick(t, 1, 70) : 3, pick(t, 1, 9), pick(t, 1, 20)};
    const int64_t scale = op == FOV_OP_Resize ? pick(t, 1, 3) : 1, side = op == FOV_OP_MaxPool ? pick(t, 1, 3) : 1;
    *k = (typed_case){.graph = fov_graph_new(), .n_in = op == FOV_OP_Add ? 2 : op == FOV_OP_Concat ? pick(t, 1, MAX_IN) : 1};
    memcpy(k->out, shape, sizeof shape);
    if (op == FOV_OP_Concat) k->out[1] = 0;
    k->out[2] = shape[2] * scale + side / 2 * 2 - (side - 1);
    k->out[3] = shape[3] * scale + side / 2 * 2 - (side - 1);
    make_values(t, k, op, shape);
    fov_node *node = &k->graph->node[0];
    if (op == FOV_OP_Concat) fov_node_set_int(node, "axis", 1, NULL);
    if (op == FOV_OP_MaxPool) {
        fov_node_set_ints(node, "kernel_shape", (int64_t[]){side, side}, 2, NULL);
        fov_node_set_ints(node, "pads", (int64_t[]){side / 2, side / 2, side / 2, side / 2}, 4, NULL);
    }
    if (op != FOV_OP_Resize) return;
    const float     scales[4] = {1, 1, (float)scale, (float)scale};
    const fov_shape four = {1, {4}};
    const int       id = fov_graph_add_constant(k->graph, "scales", FOV_F32, &four, scales, NULL, NULL);
    node->n_in = 0;
    fov_node_clear(node);
    k->graph->n_node = 0;
    const int a = fov_graph_find(k->graph, "a"), y = fov_graph_find(k->graph, "y");
    fov_graph_add_node(k->graph, "case", op, (int[]){a, FOV_NONE, id}, 3, &y, 1, NULL);
    fov_node_set_string(&k->graph->node[0], "mode", "nearest", NULL);
    fov_node_set_string(&k->graph->node[0], "coordinate_transformation_mode", "asymmetric", NULL);
    fov_node_set_string(&k->graph->node[0], "nearest_mode", "floor", NULL);
}

static void run(check *t, const fov_lowered *lowered, const fov_view *const *in, fov_view *out, fov_pool *pool)
{
    fov_error err = {0};
    size_t    bytes = lowered->scratch ? lowered->scratch(lowered->impl, in, out, fov_pool_size(pool)) : 0;
    void     *scratch = malloc(bytes + 1);
    if (lowered->run(lowered->impl, in, out, scratch, pool, &err)) check_fail(t, "%s", err.message);
    free(scratch);
}

static fov_view output(check *t, const typed_case *k, guarded *memory)
{
    const fov_value *y = &k->graph->value[fov_graph_find(k->graph, "y")];
    return random_view(t, y->dtype, y->quant, k->out, memory, false);
}

static void check_case(check *t, const typed_case *k, fov_pool *const *pools)
{
    const fov_view *in[MAX_IN] = {0};
    fov_lowered     definition, lowered;
    guarded         memory, wanted;
    int64_t         at[FOV_MAX_RANK];
    fov_error       err = {0};
    fov_node       *node = &k->graph->node[0];
    for (int i = 0; i < k->n_in; i++) in[i] = &k->in[i];
    fov_view want = output(t, k, &wanted);
    if (fov_lower_definition(k->graph, node, &definition, &err) || fov_backend_find("cpu")->lower(k->graph, node, &lowered, &err)) {
        check_fail(t, "%s", err.message);
        return;
    }
    run(t, &definition, in, &want, pools[0]);
    for (int i = 0; i < POOLS; i++) {
        fov_view y = output(t, k, &memory);
        run(t, &lowered, in, &y, pools[i]);
        if (!views_equal(&y, &want, at))
            check_fail(t, "%s: %s -> %s, element %lld,%lld,%lld,%lld of %d inputs is %g, should be %g", lowered.kernel,
                       fov_dtype_name(in[0]->dtype), fov_dtype_name(y.dtype), (long long)at[0], (long long)at[1], (long long)at[2],
                       (long long)at[3], k->n_in, (double)fov_view_load_one(&y, at), (double)fov_view_load_one(&want, at));
        if (!view_intact(&y, &memory)) check_fail(t, "%s: wrote outside of y", lowered.kernel);
        guarded_free(&memory);
    }
    guarded_free(&wanted);
    definition.free(definition.impl);
    lowered.free(lowered.impl);
}

static void check_operator(check *t, fov_op op, fov_pool *const *pools)
{
    char name[64];
    snprintf(name, sizeof name, "typed %s", fov_op_def_of(op)->name);
    if (!check_begin(t, name)) return;
    fov_cpu_limit(t->level_name, NULL);
    for (int i = 0; i < CASES && !t->failing; i++) {
        typed_case k;
        make_case(t, &k, op);
        check_case(t, &k, pools);
        for (int j = 0; j < k.n_in; j++) guarded_free(&k.memory[j]);
        fov_graph_free(k.graph);
    }
    fov_cpu_limit(NULL, NULL);
    check_end(t);
}

void check_typed(check *t)
{
    fov_pool *pools[POOLS];
    for (int i = 0; i < POOLS; i++) fov_pool_new(i + 1, &pools[i], NULL);
    check_operator(t, FOV_OP_Add, pools);
    check_operator(t, FOV_OP_MaxPool, pools);
    check_operator(t, FOV_OP_Resize, pools);
    check_operator(t, FOV_OP_Concat, pools);
    check_operator(t, FOV_OP_Convert, pools);
    for (int i = 0; i < POOLS; i++) fov_pool_free(pools[i]);
}
