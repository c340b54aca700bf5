// SPDX-License-Identifier: MIT
/* What tells of models and engines in JSON, while jansson, whose memory is its own, is refused it: once at each of many places, and
 * there is memory again after it. The text is whole or not there at all, and nothing is kept. */
#include "engines.h"

#include "base/alloc.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 64, MANY = 100, SOME = 20 };

static fov_error   err;
static const char *job_name;

/* ---------------------------------------------------------------- jansson's memory */

static size_t calls, fail_at, blocks;

static void *take(size_t bytes)
{
    if (++calls == fail_at) return NULL;
    void *block = malloc(bytes);
    blocks += block != NULL;
    return block;
}

static void give_back(void *block)
{
    blocks -= block != NULL;
    free(block);
}

/* ---------------------------------------------------------------- jobs: a text, to release with fov_string_free(); NULL: none */

typedef char *job(const void *user);

static char *describe_model(const void *user)
{
    return fov_model_describe_json(user);
}

static char *describe_health(const void *user)
{
    char *text = NULL;
    return fov_model_health_json(user, FOV_PRECISION_INT8, &text, &err) ? NULL : text;
}

static char *repair(const void *user)
{
    fov_model *repaired = NULL;
    char      *text = NULL;
    const bool failed = fov_model_repair(user, &repaired, &text, &err);
    fov_model_free(repaired);
    return failed ? NULL : text;
}

static char *describe_engine(const void *user)
{
    char *text = NULL;
    return fov_engine_describe_json(user, SIDE, SIDE, &text, &err) ? NULL : text;
}

static char *verify(const void *user)
{
    char *text = NULL;
    bool  pass;
    return fov_engine_verify(user, &pass, &text, &err) ? NULL : text;
}

static char *describe_calibration(const void *user)
{
    return fov_calibration_describe_json(user);
}

static fov_status make_photo(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    (void)index;
    return fov_photo_new(SIDE, SIDE, photo, e);
}

static const fov_photo_source photos = {1, make_photo, NULL};

static char *compare(const void *user)
{
    const fov_compare_options options = {.threads = 1, .layers = true};
    fov_comparison           *comparison = NULL;
    char                     *text = NULL;
    if (fov_compare(user, user, &photos, &options, &comparison, &err)) return NULL;
    text = fov_comparison_json(comparison);
    fov_comparison_free(comparison);
    return text;
}

/* The certificate of an engine that is written. */
static char *certify(const void *user)
{
    const fov_engine_options options = {.precision = FOV_PRECISION_FP32, .keep_weights = true, .photos = &photos};
    fov_engine              *engine;
    if (fov_engine_build(user, &options, &engine, &err)) return NULL;
    char *text = fov_strdup(fov_engine_certificate(engine));
    fov_engine_free(engine);
    return text;
}

/* ---------------------------------------------------------------- */

/* Times and the like differ between two runs: numbers do not count, whatever is between them does. */
static void check_alike(const char *a, const char *b, size_t n)
{
    static const char digits[] = "0123456789.+-e";
    while (*a && *a == *b) {
        const size_t in_a = strspn(a, digits), in_b = strspn(b, digits);
        a += in_a ? in_a : 1;
        b += in_b ? in_b : 1;
    }
    if (*a != *b) fail_msg("%s: call %zu refused: not whole: '%.160s' in place of '%.160s'", job_name, n, a, b);
}

static void refuse_one(job *work, const void *user, const char *whole, size_t n)
{
    calls = 0;
    fail_at = n;
    const size_t before = blocks;
    char        *text = work(user);
    fail_at = 0;
    if (text) check_alike(text, whole, n);
    fov_string_free(text);
    if (blocks != before) fail_msg("%s: call %zu refused: %zu blocks of jansson's are left", job_name, n, blocks - before);
}

/* @param most so many of its calls at most, spread over all */
static void refuse_each(const char *name, size_t most, job *work, const void *user)
{
    job_name = name;
    calls = fail_at = 0;
    char *whole = work(user);
    assert_non_null(whole);
    const size_t all = calls, step = 1 + all / most;
    for (size_t n = 1; n <= all; n += step) refuse_one(work, user, whole, n);
    fov_string_free(whole);
    print_message("%s: %zu of %zu calls refused\n", name, (all + step - 1) / step, all);
}

static void of_models(void **state)
{
    (void)state;
    fov_model       *model;
    fov_calibration *ranges;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_calibration_from_statistics(model, &ranges, &err));
    refuse_each("describe a model", MANY, describe_model, model);
    refuse_each("health", MANY, describe_health, model);
    refuse_each("repair", SOME, repair, model);
    refuse_each("describe ranges", MANY, describe_calibration, ranges);
    fov_calibration_free(ranges);
    fov_model_free(model);
}

static void of_engines(void **state)
{
    (void)state;
    fov_engine *engine = small_engine(FOV_PRECISION_INT8, NULL);
    fov_model  *model = small_engine_model();
    refuse_each("describe an engine", MANY, describe_engine, engine);
    refuse_each("verify", MANY, verify, engine);
    refuse_each("compare", SOME, compare, engine);
    refuse_each("certify", SOME, certify, model);
    fov_model_free(model);
    fov_engine_free(engine);
}

static int set_up(void **state)
{
    (void)state;
    json_set_alloc_funcs(take, give_back);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_models),
        cmocka_unit_test(of_engines),
    };
    return cmocka_run_group_tests_name("alloc_json", tests, set_up, NULL);
}
