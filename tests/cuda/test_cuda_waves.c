// SPDX-License-Identifier: MIT
/* Plans whose steps run elsewhere, looked at without running them: waves, and memory that values share in turn. And which tile
 * makes a product. */
#include "engines.h"
#include "support.h"

#include "backend/cuda/gemm_tile.h"
#include "base/alloc.h"
#include "engine/engine.h"

#include <string.h>

static fov_error err;

/* ---------------------------------------------------------------- what must hold of any plan */

/* Bytes of a value in the arena, from its first element to behind its last. */
typedef struct extent {
    size_t  begin, end;
    int64_t ld, channels; /* of what it lies in, in bytes, and its own */
} extent;

static extent extent_of(const fov_plan *plan, int value)
{
    const fov_view *v = &plan->value[value];
    const size_t    size = fov_dtype_size(v->dtype);
    int64_t         last = 0;
    extent          e = {.begin = (size_t)((unsigned char *)v->data - plan->arena)};
    for (int i = 0; i < v->shape.rank; i++) last += (v->shape.dim[i] - 1) * v->stride[i];
    e.end = e.begin + (size_t)(last + 1) * size;
    e.ld = v->shape.rank == 4 ? v->stride[3] * (int64_t)size : 0;
    e.channels = v->shape.rank == 4 ? v->shape.dim[1] * (int64_t)size : 0;
    return e;
}

static int root_of(const fov_engine *engine, int value)
{
    while (engine->slice[value].parent != FOV_NONE) value = engine->slice[value].parent;
    return value;
}

static bool in_arena(const fov_plan *plan, int value)
{
    return value != FOV_NONE && plan->offset[root_of(plan->engine, value)] != SIZE_MAX;
}

/* The waves in which each value is written first, and written or read last. Graph outputs are read behind the end. */
typedef struct life {
    int written, last, complete;
} life;

static void use(life *l, int wave)
{
    if (wave > l->last) l->last = wave;
}

static void find_lives(const fov_plan *plan, life *lives)
{
    const fov_graph *g = plan->engine->graph;
    for (int i = 0; i < g->n_value; i++) lives[i] = (life){.written = -1, .last = -1, .complete = -1};
    for (int i = 0; i < g->n_input; i++) lives[g->input[i]] = (life){0, 0, -1};
    for (int i = 0; i < plan->n_step; i++) {
        const fov_step *step = &plan->step[i];
        const fov_node *first = &g->node[step->node[0]];
        for (int j = 0; j < step->n_out; j++) {
            if (step->value[j] == FOV_NONE) continue;
            life *l = &lives[step->value[j]];
            l->written = l->complete = step->wave;
            use(l, step->wave);
        }
        for (int j = 0; j < first->n_in; j++)
            if (first->in[j] != FOV_NONE) use(&lives[first->in[j]], step->wave);
    }
    for (int i = 0; i < g->n_output; i++) use(&lives[g->output[i]], plan->n_step);
}

/* What a step reads was written in an earlier wave, all parts of it that are values of their own too. */
static void check_order(const fov_plan *plan, const life *lives)
{
    const fov_graph *g = plan->engine->graph;
    for (int i = 0; i < plan->n_step; i++) {
        const fov_step *step = &plan->step[i];
        const fov_node *first = &g->node[step->node[0]];
        if (i) assert_true(step->wave >= plan->step[i - 1].wave);
        for (int j = 0; j < first->n_in; j++) {
            const int value = first->in[j];
            if (!in_arena(plan, value)) continue;
            for (int part = 0; part < g->n_value; part++) {
                bool of = part == value;
                for (int up = part; !of && plan->engine->slice[up].parent != FOV_NONE; up = plan->engine->slice[up].parent)
                    of = plan->engine->slice[up].parent == value;
                if (of && lives[part].complete >= step->wave)
                    fail_msg("'%s' of wave %d reads '%s', of which '%s' is written in wave %d", first->name, step->wave,
                             g->value[value].name, g->value[part].name, lives[part].complete);
            }
        }
    }
}

/* Slices of one value may lie between each other. */
static bool overlap(const extent *a, const extent *b, bool same_root)
{
    if (a->begin >= b->end || b->begin >= a->end) return false;
    if (!same_root || !a->ld || a->ld != b->ld) return true;
    const int64_t first = (int64_t)a->begin % a->ld, second = (int64_t)b->begin % b->ld;
    const int64_t between = (second - first + a->ld) % a->ld;
    return between < a->channels || a->ld - between < b->channels;
}

static bool is_part(const fov_engine *engine, int part, int whole)
{
    for (; part != FOV_NONE; part = engine->slice[part].parent)
        if (part == whole) return true;
    return false;
}

static bool live_together(const life *a, const life *b)
{
    return a->written >= 0 && b->written >= 0 && a->written <= b->last && b->written <= a->last;
}

static void check_memory(const fov_plan *plan, const life *lives)
{
    const fov_engine *engine = plan->engine;
    const int         n = engine->graph->n_value;
    for (int i = 0; i < n; i++) {
        if (!in_arena(plan, i) || lives[i].written < 0) continue;
        const extent a = extent_of(plan, i);
        assert_true(a.end <= plan->arena_bytes);
        for (int k = 0; k < i; k++) {
            if (!in_arena(plan, k) || !live_together(&lives[i], &lives[k])) continue;
            if (is_part(engine, i, k) || is_part(engine, k, i)) continue;
            const extent b = extent_of(plan, k);
            if (overlap(&a, &b, root_of(engine, i) == root_of(engine, k)))
                fail_msg("'%s' (waves %d to %d) and '%s' (%d to %d) share memory", engine->graph->value[i].name, lives[i].written,
                         lives[i].last, engine->graph->value[k].name, lives[k].written, lives[k].last);
        }
    }
}

/* A value that was made whole by its slices lives from their first to its last use. */
static void join_lives(const fov_plan *plan, life *lives)
{
    const fov_engine *engine = plan->engine;
    for (int i = 0; i < engine->graph->n_value; i++)
        for (int up = engine->slice[i].parent; up != FOV_NONE; up = engine->slice[up].parent) {
            if (lives[i].written < 0) continue;
            if (lives[up].written < 0 || lives[i].written < lives[up].written) lives[up].written = lives[i].written;
            use(&lives[up], lives[i].last);
        }
    for (int i = 0; i < engine->graph->n_value; i++) /* and slices until it is not needed */
        for (int up = engine->slice[i].parent; up != FOV_NONE; up = engine->slice[up].parent)
            if (lives[i].written >= 0) use(&lives[i], lives[up].last);
}

static void check_plan(const fov_engine *engine, int64_t n, int64_t h, int64_t w, bool whole)
{
    fov_plan *plan;
    assert_ok(fov_plan_new(engine, n, h, w, 1, whole, &plan, &err));
    unsigned char *arena = fov_alloc_aligned(plan->arena_bytes);
    life          *lives = fov_calloc((size_t)engine->graph->n_value, sizeof *lives);
    assert_true(arena && lives);
    fov_plan_bind(plan, arena);
    find_lives(plan, lives);
    check_order(plan, lives);
    join_lives(plan, lives);
    check_memory(plan, lives);
    fov_free(lives);
    fov_free_aligned(arena);
    fov_plan_free(plan);
}

/* ---------------------------------------------------------------- networks */

static void waves_of_the_bundled_network(void **state)
{
    (void)state;
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_FP16};
    fov_model                 *model;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    for (int i = 0; i < 2; i++) {
        fov_engine *engine;
        assert_ok(fov_engine_build(model, &(fov_engine_options){.backend = "cuda", .precision = precisions[i]}, &engine, &err));
        check_plan(engine, 1, 96, 160, false);
        check_plan(engine, 3, 64, 64, false);
        check_plan(engine, 1, 96, 160, true);
        fov_engine_free(engine);
    }
    fov_model_free(model);
}

static void waves_of_the_small_network(void **state)
{
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_INT8, FOV_PRECISION_MIXED};
    (void)state;
    for (int i = 0; i < 3; i++) {
        fov_engine *engine = small_engine(precisions[i], "cuda");
        check_plan(engine, 2, 48, 64, false);
        check_plan(engine, 1, 48, 64, true);
        fov_engine_free(engine);
    }
}

/* Parallel branches run in one wave: else waves would be worth nothing. */
static void branches_share_waves(void **state)
{
    (void)state;
    fov_model  *model;
    fov_engine *engine;
    fov_plan   *plan;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.backend = "cuda", .precision = FOV_PRECISION_FP32}, &engine, &err));
    assert_ok(fov_plan_new(engine, 1, 64, 64, 1, false, &plan, &err));
    assert_true(plan->step[plan->n_step - 1].wave + 1 < plan->n_step);
    fov_plan_free(plan);
    fov_engine_free(engine);
    fov_model_free(model);
}

/* Nobody waits for heads: those of all levels are of the last wave. */
static void heads_share_the_last_wave(void **state)
{
    (void)state;
    const headed_net net = {.levels = 3, .anchors = 2, .channels = 16, .precision = FOV_PRECISION_FP16};
    fov_engine      *engine = headed_engine(&net, "cuda");
    fov_plan        *plan;
    assert_ok(fov_plan_new(engine, 1, 64, 64, 1, false, &plan, &err));
    const int last = plan->step[plan->n_step - 1].wave;
    for (int k = 1; k <= net.levels; k++) assert_int_equal(plan->step[plan->n_step - k].n_out, 3);
    for (int i = 0; i < plan->n_step; i++) assert_int_equal(plan->step[i].wave == last, i >= plan->n_step - net.levels);
    fov_plan_free(plan);
    check_plan(engine, 1, 64, 64, false);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- random networks */

enum { MOST_VALUES = 40 };

typedef struct random_net {
    fov_graph  *g;
    test_random random;
    int         value[MOST_VALUES], channels[MOST_VALUES], count;
} random_net;

static int append(random_net *net, fov_op op, const int *in, int n_in, int channels)
{
    char name[16];
    snprintf(name, sizeof name, "v%d", net->g->n_value);
    const int out = fov_graph_add_value(net->g, name, FOV_F32, NULL, &err);
    assert_true(fov_graph_add_node(net->g, name, op, in, n_in, &out, 1, &err) >= 0);
    net->value[net->count] = out;
    net->channels[net->count++] = channels;
    return out;
}

static int weights(random_net *net, int64_t out, int64_t in, int64_t side)
{
    char            name[16];
    const fov_shape shape = fov_shape_make(4, (int64_t[]){out, in, side, side});
    const size_t    count = (size_t)(out * in * side * side);
    float          *data = fov_alloc_array(count, sizeof *data);
    for (size_t i = 0; i < count; i++) data[i] = test_random_float(&net->random, -0.3F, 0.3F);
    snprintf(name, sizeof name, "v%d", net->g->n_value);
    const int id = fov_graph_add_constant(net->g, name, FOV_F32, &shape, data, NULL, &err);
    fov_free(data);
    return id;
}

static void append_conv(random_net *net, int from)
{
    const int side = test_random_int(&net->random, 0, 1) ? 3 : 1, out = test_random_int(&net->random, 1, 3) * 8;
    const int w = weights(net, out, net->channels[from], side);
    append(net, FOV_OP_Conv, (int[]){net->value[from], w}, 2, out);
    assert_ok(
        fov_node_set_ints(&net->g->node[net->g->n_node - 1], "pads", (int64_t[]){side / 2, side / 2, side / 2, side / 2}, 4, &err));
}

static void append_concat(random_net *net, int a, int b)
{
    append(net, FOV_OP_Concat, (int[]){net->value[a], net->value[b]}, 2, net->channels[a] + net->channels[b]);
    assert_ok(fov_node_set_int(&net->g->node[net->g->n_node - 1], "axis", 1, &err));
}

/* Convolutions, sums and Concats of whatever there is; what nobody reads becomes an output. */
static fov_graph *random_graph(uint64_t seed)
{
    random_net      net = {.g = fov_graph_new(), .random = {seed}};
    const fov_shape shape = fov_shape_make(4, (int64_t[]){-1, 3, -1, -1});
    net.value[0] = fov_graph_add_value(net.g, "x", FOV_F32, &shape, &err);
    net.channels[0] = 3;
    net.count = 1;
    assert_ok(fov_graph_add_input(net.g, net.value[0], &err));
    const int nodes = test_random_int(&net.random, 3, 30);
    for (int i = 0; i < nodes; i++) {
        const int a = test_random_int(&net.random, 0, net.count - 1), b = test_random_int(&net.random, 0, net.count - 1);
        const int kind = test_random_int(&net.random, 0, 5);
        if (kind < 3 || net.count < 3) append_conv(&net, a);
        else if (kind == 3 && net.channels[a] + net.channels[b] < 100) append_concat(&net, a, b);
        else if (net.channels[a] == net.channels[b])
            append(&net, FOV_OP_Add, (int[]){net.value[a], net.value[b]}, 2, net.channels[a]);
        else append(&net, FOV_OP_Relu, &net.value[a], 1, net.channels[a]);
    }
    for (int i = 1; i < net.count; i++)
        if (!fov_graph_use_count(net.g, net.value[i])) assert_ok(fov_graph_add_output(net.g, net.value[i], &err));
    return net.g;
}

/* All outputs of the plan, one after the other, as its backend computes them. @return how many; release with fov_free() */
static size_t run(const char *backend, fov_graph *graph, bool stepwise, float **out)
{
    const fov_settings settings = fov_settings_default();
    fov_engine        *engine;
    fov_plan          *plan;
    fov_place         *place = NULL;
    void              *memory = NULL;
    size_t             count = 0, n;
    assert_ok(fov_engine_from_graph(graph, &settings, backend, 0, true, &engine, &err));
    if (engine->backend->remote) check_plan(engine, 1, 8, 12, false);
    assert_ok(fov_plan_new(engine, 1, 8, 12, 1, stepwise, &plan, &err));
    unsigned char    *arena = fov_alloc_aligned(plan->arena_bytes);
    const fov_remote *remote = engine->backend->remote;
    assert_non_null(arena);
    memset(arena, 0xff, plan->arena_bytes);
    fov_plan_bind(plan, arena);
    if (remote) {
        assert_ok(remote->open(0, &place, &err));
        assert_ok(remote->alloc(place, plan->arena_bytes, &memory, &err));
        assert_ok(fov_plan_compile(plan, place, memory, stepwise, &err));
    }
    for (int i = 0; i < 3 * 8 * 12; i++) ((float *)fov_plan_input(plan)->data)[i] = (float)(i * 7 % 23) / 23 - 0.5F;
    assert_ok(fov_plan_run(plan, NULL, &err));
    *out = NULL;
    for (int i = 0; i < engine->graph->n_output; i++) {
        const fov_view *y = fov_plan_output(plan, i);
        assert_true(fov_shape_count(&y->shape, &n));
        *out = fov_realloc_array(*out, count + n, sizeof **out);
        const fov_view dense = fov_view_dense(FOV_F32, &y->shape, *out + count);
        fov_view_load_f32(y, &dense);
        count += n;
    }
    fov_plan_release(plan);
    if (memory) remote->free(place, memory);
    if (remote) remote->close(place);
    fov_plan_free(plan);
    fov_free_aligned(arena);
    fov_engine_free(engine);
    return count;
}

/* Memory that is shared too early, and steps that run too early, show in the numbers. Sums of up to a few hundred products, of
 * values that grow: relative to the largest output of the network. */
static void random_networks_are_what_they_mean(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 60; i++) {
        fov_graph *graph = random_graph(i), *copy[3];
        float     *want, *got;
        for (int k = 0; k < 3; k++) assert_ok(fov_graph_clone(graph, &copy[k], &err));
        const size_t count = run("reference", copy[0], false, &want);
        float        largest = 0;
        for (size_t k = 0; k < count; k++)
            if (want[k] > largest || -want[k] > largest) largest = want[k] < 0 ? -want[k] : want[k];
        for (int k = 1; k < 3; k++) {
            assert_int_equal(run("cuda", copy[k], k == 2, &got), count);
            for (size_t e = 0; e < count; e++) {
                const float off = got[e] - want[e];
                if (!(off <= largest * 1e-5F && -off <= largest * 1e-5F)) {
                    char *text = fov_graph_dump(graph);
                    fail_msg("graph %d: element %zu is %g, should be %g\n%s", (int)i, e, (double)got[e], (double)want[e], text);
                }
            }
            fov_free(got);
        }
        fov_free(want);
        fov_graph_free(graph);
    }
}

/* ---------------------------------------------------------------- tiles */

/* Each of a problem's tiles begins a block, none is left out, whatever its sizes; and one is chosen for any. */
static void tiles_cover_products(void **state)
{
    (void)state;
    test_random r = {11};
    for (int i = 0; i < 2000; i++) {
        fov_gemm_problem        problem[FOV_GEMM_PROBLEMS] = {{0}};
        const fov_gemm_problem *of[FOV_GEMM_PROBLEMS];
        const int               count = test_random_int(&r, 1, FOV_GEMM_PROBLEMS);
        for (int k = 0; k < count; k++) {
            problem[k].pixels = test_random_int(&r, 1, 1 << test_random_int(&r, 0, 30));
            problem[k].end.channels = test_random_int(&r, 1, 2048);
            problem[k].k_bytes = 16 * test_random_int(&r, 1, 4096);
            of[k] = &problem[k];
        }
        const int       tile = fov_gemm_tile_choose(of, count, test_random_int(&r, 1, 200));
        fov_gemm_params params;
        fov_cuda_launch launch;
        int             pixels, channels;
        assert_true(tile >= 0 && tile < FOV_GEMM_TILES);
        if (fov_gemm_fill("f16", of, count, tile, &params, &launch, NULL)) continue; /* of far too many pixels */
        assert_int_equal(sscanf(launch.kernel, "fov_conv_gemm_f16_%dx%d", &pixels, &channels), 2);
        for (int k = 0; k < count; k++) {
            const int64_t end = k + 1 < count ? params.problem[k + 1].first_block : (int64_t)launch.blocks;
            const int64_t blocks = end - params.problem[k].first_block, across = params.problem[k].tiles_n;
            assert_int_equal(across, (problem[k].end.channels + channels - 1) / channels);
            assert_int_equal(blocks % across, 0);
            assert_true(blocks / across * pixels >= problem[k].pixels);
            assert_true((blocks / across - 1) * pixels < problem[k].pixels);
        }
        assert_true(launch.shared_bytes <= 227 * 1024 && launch.threads <= 1024 && launch.threads % 32 == 0);
    }
}

static int area_of(const fov_cuda_launch *launch)
{
    int pixels, channels;
    assert_int_equal(sscanf(launch->kernel, "fov_conv_gemm_f16_%dx%d", &pixels, &channels), 2);
    return pixels * channels;
}

/* A product with few results is spread over the processors; one with many takes larger tiles. */
static void tiles_follow_the_size_of_products(void **state)
{
    (void)state;
    fov_gemm_problem        small = {.pixels = 400, .end = {.channels = 64}, .k_bytes = 1152};
    fov_gemm_problem        large = {.pixels = 1 << 20, .end = {.channels = 128}, .k_bytes = 1152};
    const fov_gemm_problem *one[] = {&small}, *other[] = {&large};
    fov_gemm_params         params;
    fov_cuda_launch         launch[2];
    assert_ok(fov_gemm_fill("f16", one, 1, fov_gemm_tile_choose(one, 1, 132), &params, &launch[0], &err));
    assert_ok(fov_gemm_fill("f16", other, 1, fov_gemm_tile_choose(other, 1, 132), &params, &launch[1], &err));
    assert_true(area_of(&launch[0]) < area_of(&launch[1]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waves_of_the_bundled_network),
        cmocka_unit_test(waves_of_the_small_network),
        cmocka_unit_test(branches_share_waves),
        cmocka_unit_test(heads_share_the_last_wave),
        cmocka_unit_test(random_networks_are_what_they_mean),
        cmocka_unit_test(tiles_cover_products),
        cmocka_unit_test(tiles_follow_the_size_of_products),
    };
    return cmocka_run_group_tests_name("cuda_waves", tests, NULL, NULL);
}
