// SPDX-License-Identifier: MIT
/* Memory runs out while a small network is built in each precision, measured, read from its file, replayed and described. */
#include "engines.h"
#include "starve.h"

#include "base/alloc.h"
#include "engine/golden.h"
#include "graph/op.h"
#include "models/model.h"

#include <string.h>

enum { SIDE = 64, PHOTOS = 3 };

static fov_status make_photo(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    fov_status st = fov_photo_new(SIDE, SIDE, photo, e);
    for (size_t i = 0; i < 3 * SIDE * SIDE && !st; i++) fov_photo_pixels(*photo)[i] = (uint8_t)((i + index) * 37 % 251);
    return st;
}

static const fov_photo_source photos = {PHOTOS, make_photo, NULL};

/* ---------------------------------------------------------------- precisions */

typedef struct building {
    const fov_model   *model;
    fov_engine_options options;
} building;

static fov_status build(const void *user, fov_error *e)
{
    const building *job = user;
    fov_engine     *engine;
    fov_status      st = fov_engine_build(job->model, &job->options, &engine, e);
    fov_engine_free(engine);
    return st;
}

static void precisions_are_tried(void **state)
{
    (void)state;
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_INT8, FOV_PRECISION_MIXED, FOV_PRECISION_AUTO};
    fov_model                 *model = small_engine_model();
    building                   job = {model, {.photos = &photos, .keep_weights = true, .backend = "auto"}};
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        job.options.precision = precisions[i];
        starve_places(fov_precision_name(precisions[i]), build, &job);
    }
    fov_model_free(model);
}

/* Nodes of a plan as the processor's kernels take them, also those that passes do away with. */
static fov_status lower_all(const void *user, fov_error *e)
{
    const fov_graph *graph = user;
    fov_status       st = FOV_OK;
    for (int i = 0; i < graph->n_node && !st; i++) {
        fov_lowered lowered = {0};
        st = fov_backend_find("cpu")->lower(graph, &graph->node[i], &lowered, e);
        if (lowered.free) lowered.free(lowered.impl);
    }
    return st;
}

static void nodes_are_lowered(void **state)
{
    (void)state;
    struct fov_model *model = small_engine_model();
    starve_places("lower nodes", lower_all, model->graph);
    fov_model_free(model);
}

/* @param user two engines. What is slower here is left to the clock. */
static fov_status find_slower(const void *user, fov_error *e)
{
    const fov_engine *const *pair = user;
    char                    *text = NULL;
    fov_status               st = fov_engine_slower_json(pair[0], pair[1], NULL, NULL, &text, e);
    fov_string_free(text);
    return st;
}

static void what_is_slower_is_looked_for(void **state)
{
    (void)state;
    fov_engine *pair[] = {small_engine(FOV_PRECISION_INT8, NULL), small_engine(FOV_PRECISION_FP32, NULL)};
    starve_places("slower than FP32", find_slower, pair);
    fov_engine_free(pair[0]);
    fov_engine_free(pair[1]);
}

/* ---------------------------------------------------------------- files, replays, values */

typedef struct file {
    unsigned char *data;
    size_t         bytes;
} file;

static fov_status load(const void *user, fov_error *e)
{
    const file *f = user;
    fov_engine *engine;
    fov_status  st = fov_engine_load_memory(f->data, f->bytes, "x.fov", &(fov_engine_options){.keep_weights = true}, &engine, e);
    fov_engine_free(engine);
    return st;
}

static fov_status verify(const void *user, fov_error *e)
{
    bool       pass = true;
    char      *text = NULL;
    fov_status st = fov_engine_verify(user, &pass, &text, e);
    if (!st) assert_false(pass);
    fov_string_free(text);
    return st;
}

/* Every layer is told of that is not what was recorded. */
static void spoil(fov_golden *golden)
{
    for (size_t i = 0; i < golden->count; i++)
        for (int k = 0; k < golden->vector[i].n_layer; k++) {
            fov_golden_layer *layer = &golden->vector[i].layer[k];
            layer->digest ^= 1;
            for (uint32_t s = 0; s < layer->n_sample; s++) layer->sample[s] += 1000;
        }
}

static fov_status evaluate(const void *user, fov_error *e)
{
    static float      input[3 * SIDE * SIDE];
    const fov_engine *engine = user;
    const fov_shape   shape = fov_shape_make(4, (int64_t[]){1, 3, SIDE, SIDE});
    const fov_view    view = fov_view_dense(FOV_F32, &shape, input);
    fov_view         *values;
    fov_status        st = fov_graph_evaluate(engine->graph, &view, &values, e);
    if (!st) fov_values_free(engine->graph, values);
    return st;
}

static void engines_are_read_and_replayed(void **state)
{
    (void)state;
    fov_engine *engine = small_engine(FOV_PRECISION_MIXED, NULL);
    file        f;
    f.data = engine_bytes(engine, &f.bytes);
    starve("load a small engine", load, &f);
    starve_places("values by definition", evaluate, engine);
    spoil(engine->golden);
    starve_places("verify what drifted", verify, engine);
    fov_free(f.data);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- comparisons */

static fov_status compare(const void *user, fov_error *e)
{
    const fov_engine *const  *pair = user;
    const fov_compare_options options = {.threads = 1};
    fov_comparison           *comparison = NULL;
    char                     *text = NULL;
    fov_status                st = fov_compare(pair[0], pair[1], &photos, &options, &comparison, e);
    if (!st && !(text = fov_comparison_json(comparison))) st = fov_fail_memory(e, "a comparison");
    fov_string_free(text);
    fov_comparison_free(comparison);
    return st;
}

/* Networks of random weights do not agree, so that there are photos to show. */
static void networks_that_differ_are_compared(void **state)
{
    (void)state;
    const headed_net one = {.levels = 1, .anchors = 2, .channels = 16, .seed = 1},
                     other = {.levels = 1, .anchors = 2, .channels = 16, .seed = 2};
    fov_engine *pair[] = {headed_engine(&one, NULL), headed_engine(&other, NULL)};
    starve_places("compare what differs", compare, pair);
    fov_engine_free(pair[0]);
    fov_engine_free(pair[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precisions_are_tried),
        cmocka_unit_test(nodes_are_lowered),
        cmocka_unit_test(what_is_slower_is_looked_for),
        cmocka_unit_test(engines_are_read_and_replayed),
        cmocka_unit_test(networks_that_differ_are_compared),
    };
    return cmocka_run_group_tests_name("alloc_engines", tests, NULL, NULL);
}
