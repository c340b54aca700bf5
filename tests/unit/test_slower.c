// SPDX-License-Identifier: MIT
/* Where INT8 is slower than FP32 (build/slower.h), by a clock that says what a test wants, and by the real one. */
#include "engines.h"
#include "support.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "build/slower.h"

#include <jansson.h>
#include <string.h>

static fov_error   err;
static fov_engine *int8, *fp32;

static int make_engines(void **state)
{
    (void)state;
    int8 = small_engine(FOV_PRECISION_INT8, NULL);
    fp32 = small_engine(FOV_PRECISION_FP32, NULL);
    return 0;
}

static int free_engines(void **state)
{
    (void)state;
    fov_engine_free(int8);
    fov_engine_free(fp32);
    return 0;
}

/* ---------------------------------------------------------------- clocks */

/* What a convolution of bytes takes where one of floats takes a millisecond; the first run of each engine may take longer. */
static double   price, disturbed;
static unsigned slow_without; /* features without any of which the price holds; else bytes take half */

static bool multiplies_bytes(const fov_plan *plan, int step)
{
    const fov_graph *graph = plan->engine->graph;
    const fov_node  *node = &graph->node[plan->step[step].node[0]];
    return node->op == FOV_OP_Conv && graph->value[node->in[0]].dtype == FOV_U8;
}

static fov_status clock_of_prices(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *e)
{
    static const fov_plan *last[2];
    const bool             again = plan == last[0] || plan == last[1];
    const double           here = fov_cpu_features() & slow_without ? 0.5 : price;
    (void)pool;
    (void)e;
    for (int i = 0; i < plan->n_step; i++) seconds[i] = 1e-3 * (multiplies_bytes(plan, i) ? here + (again ? 0 : disturbed) : 1);
    if (again) return FOV_OK;
    last[0] = last[1];
    last[1] = plan;
    return FOV_OK;
}

/* A level has no kernels of those above it. */
static fov_status clock_that_looks(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *e)
{
    for (int i = 0; i < plan->n_step && !fov_cpu_features(); i++)
        if (strstr(plan->step[i].lowered->kernel, "avx")) fail_msg("generic runs %s", plan->step[i].lowered->kernel);
    return clock_of_prices(plan, pool, seconds, e);
}

static fov_status clock_that_fails(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *e)
{
    (void)plan;
    (void)pool;
    (void)seconds;
    return fov_fail(e, FOV_ERR_MEMORY, "the clock stands still");
}

static json_t *found_by(fov_slower_clock *clock)
{
    char          *text;
    const unsigned before = fov_cpu_features();
    assert_ok(fov_slower_json(int8, fp32, clock, NULL, NULL, &text, &err));
    assert_int_equal(fov_cpu_features(), before);
    json_t *json = json_loads(text, 0, NULL);
    assert_true(json_is_array(json));
    fov_string_free(text);
    return json;
}

static void set_prices(double of_bytes, double more_at_first, unsigned without)
{
    price = of_bytes;
    disturbed = more_at_first;
    slow_without = without;
}

static double number(const json_t *object, const char *key)
{
    return json_number_value(json_object_get(object, key));
}

/* ---------------------------------------------------------------- tests */

static void check_entry(const json_t *entry)
{
    const json_t *layers = json_object_get(entry, "layers"), *layer;
    size_t        i;
    double        last = 1;
    assert_true(number(entry, "seconds") > number(entry, "fp32_seconds"));
    assert_true(json_array_size(layers) > 0);
    json_array_foreach(layers, i, layer)
    {
        const double lost = number(layer, "seconds") - number(layer, "fp32_seconds");
        assert_true(fov_graph_find(int8->graph, json_string_value(json_object_get(layer, "name"))) >= 0);
        assert_true(lost > 0 && lost <= last);
        last = lost;
    }
}

static void slower_is_said_of_every_instruction_set(void **state)
{
    (void)state;
    size_t levels = 1, i;
    for (unsigned bits = fov_cpu_features(); bits; bits &= bits - 1) levels++;
    set_prices(2, 0, 0);
    json_t *json = found_by(clock_that_looks), *entry;
    assert_int_equal(json_array_size(json), levels);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "cpu")), "generic");
    json_array_foreach(json, i, entry) check_entry(entry);
    json_decref(json);
}

static void one_instruction_set_is_named_alone(void **state)
{
    (void)state;
    if (!(fov_cpu_features() & FOV_CPU_AVX2)) skip();
    set_prices(2, 0, FOV_CPU_AVX2);
    json_t *json = found_by(clock_of_prices);
    assert_int_equal(json_array_size(json), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(json, 0), "cpu")), "generic");
    json_decref(json);
}

static void what_is_faster_or_the_same_is_not_said(void **state)
{
    (void)state;
    static const double prices[] = {0.5, 1, 1.02};
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        set_prices(prices[i], 0, 0);
        json_t *json = found_by(clock_of_prices);
        /* Converts to bytes are steps that FP32 has not: only below the price of floats can they be made up for. */
        if (prices[i] < 1) assert_int_equal(json_array_size(json), 0);
        json_t *entry;
        size_t  k;
        json_array_foreach(json, k, entry) assert_int_equal(json_array_size(json_object_get(entry, "layers")), 0);
        json_decref(json);
    }
}

static void a_disturbed_run_does_not_count(void **state)
{
    (void)state;
    set_prices(0.5, 10, 0);
    json_t *json = found_by(clock_of_prices);
    assert_int_equal(json_array_size(json), 0);
    json_decref(json);
}

static bool stop_at(void *user, const char *what, size_t done, size_t total)
{
    assert_string_equal(what, "timing instruction sets");
    assert_true(done < total);
    return done != *(size_t *)user;
}

static void failing_is_told_and_lifts_the_limit(void **state)
{
    (void)state;
    char          *json;
    const unsigned before = fov_cpu_features();
    set_prices(1, 0, 0);
    assert_int_equal(fov_slower_json(int8, fp32, clock_that_fails, NULL, NULL, &json, &err), FOV_ERR_MEMORY);
    assert_null(json);
    for (size_t at = 0; at < (before ? 2U : 1U); at++) {
        assert_int_equal(fov_slower_json(int8, fp32, clock_of_prices, stop_at, &at, &json, &err), FOV_ERR_CANCELLED);
        assert_null(json);
    }
    assert_int_equal(fov_cpu_features(), before);
}

static void engines_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    char       *json;
    fov_engine *without;
    fov_graph  *graph;
    assert_int_equal(fov_engine_slower_json(int8, int8, NULL, NULL, &json, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "int8"));
    assert_ok(fov_graph_clone(fp32->graph, &graph, &err));
    assert_ok(fov_engine_from_graph(graph, &fp32->settings, NULL, 0, false, &without, &err));
    assert_int_equal(fov_engine_slower_json(int8, without, NULL, NULL, &json, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "keep_weights"));
    fov_engine_free(without);
}

static void another_backend_has_no_instruction_sets(void **state)
{
    (void)state;
    char       *json;
    fov_engine *reference = small_engine(FOV_PRECISION_INT8, "reference");
    assert_ok(fov_engine_slower_json(reference, fp32, NULL, NULL, &json, &err));
    assert_string_equal(json, "[]");
    fov_string_free(json);
    fov_engine_free(reference);
}

/* What it finds is this machine's affair; that it was measured is not. */
static void the_real_clock_gives_times(void **state)
{
    (void)state;
    json_t *json = found_by(fov_plan_run_timed), *entry;
    size_t  i;
    json_array_foreach(json, i, entry)
    {
        assert_true(number(entry, "fp32_seconds") > 1e-6);
        assert_true(number(entry, "seconds") > number(entry, "fp32_seconds"));
    }
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slower_is_said_of_every_instruction_set), cmocka_unit_test(one_instruction_set_is_named_alone),
        cmocka_unit_test(what_is_faster_or_the_same_is_not_said),  cmocka_unit_test(a_disturbed_run_does_not_count),
        cmocka_unit_test(failing_is_told_and_lifts_the_limit),     cmocka_unit_test(engines_that_do_not_fit_are_refused),
        cmocka_unit_test(another_backend_has_no_instruction_sets), cmocka_unit_test(the_real_clock_gives_times),
    };
    return cmocka_run_group_tests_name("slower", tests, make_engines, free_engines);
}
