// SPDX-License-Identifier: MIT
/* Whole engines compared: what the JSON says, what the page looks like to a parser, and what happens when things fail. */
#include "alloc_probe.h"
#include "engine/engine.h"
#include "pictures.h"
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE "<script>alert(1)</script>&\"'\x1b[2J\xff.jpg"

static fov_engine *engine_at(const char *path, const char *backend)
{
    fov_error   err = {0};
    fov_model  *model;
    fov_engine *engine;
    assert_ok(fov_model_load(path, NULL, &model, &err));
    const fov_engine_options options = {.backend = backend, .precision = FOV_PRECISION_FP32};
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    fov_model_free(model);
    return engine;
}

/* Every third photo cannot be loaded. */
static fov_status load_some(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    (void)user;
    *photo = NULL;
    if (index % 3 == 2) {
        if (err) *err = (fov_error){FOV_ERR_IO, "gone"};
        return FOV_ERR_IO;
    }
    *photo = picture_of_face();
    return FOV_OK;
}

static const char *hostile_name(void *user, size_t index)
{
    (void)user;
    (void)index;
    return HOSTILE;
}

static fov_comparison *compare(const fov_engine *a, const fov_engine *b, size_t photos)
{
    fov_error                 err = {0};
    fov_comparison           *comparison;
    fov_detect_options        detect = fov_detect_options_default();
    const fov_photo_source    source = {.count = photos, .load = load_some};
    const fov_compare_options options = {
        .detect = &detect, .threads = 1, .layers = true, .a_name = "a.fov", .b_name = HOSTILE, .photo_name = hostile_name};
    detect.long_side = 320;
    assert_ok(fov_compare(a, b, &source, &options, &comparison, &err));
    return comparison;
}

static json_t *json_of(const fov_comparison *comparison)
{
    char   *text = fov_comparison_json(comparison);
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    fov_string_free(text);
    return json;
}

static double number_at(const json_t *json, const char *object, const char *key)
{
    const json_t *number = json_object_get(object ? json_object_get(json, object) : json, key);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static void an_engine_costs_nothing_against_itself(void **state)
{
    (void)state;
    fov_engine     *engine = engine_at("default", "cpu");
    fov_comparison *comparison = compare(engine, engine, 3);
    json_t         *json = json_of(comparison), *layers = json_object_get(json, "layers"), *layer;
    size_t          i;
    assert_true(number_at(json, NULL, "photos") == 2 && number_at(json, NULL, "failed") == 1);
    assert_true(number_at(json, "faces", "a") == 2 && number_at(json, "faces", "lost") == 0);
    assert_true(number_at(json, "agreement", "loss") == 0 && number_at(json, "drift", "score_max") == 0);
    assert_int_equal(json_array_size(json_object_get(json, "heads")), 9);
    assert_int_equal(json_array_size(json_object_get(json, "worst")), 0);
    assert_true(json_array_size(layers) > 40);
    json_array_foreach(layers, i, layer) assert_true(json_is_null(json_object_get(layer, "snr_db")));
    assert_non_null(strstr(json_string_value(json_object_get(json, "verdict")), "loses nothing"));
    json_decref(json);
    fov_comparison_free(comparison);
    fov_engine_free(engine);
}

/* The plain definitions sum in another order: noise, but of rounding only. */
static void backends_differ_by_rounding(void **state)
{
    (void)state;
    fov_engine     *a = engine_at("default", "reference"), *b = engine_at("default", "cpu");
    fov_comparison *comparison = compare(a, b, 1);
    json_t         *json = json_of(comparison), *layers = json_object_get(json, "layers"), *layer;
    size_t          i, noisy = 0;
    json_array_foreach(layers, i, layer)
    {
        const json_t *snr = json_object_get(layer, "snr_db");
        noisy += json_is_number(snr);
        assert_true(json_is_null(snr) || json_number_value(snr) > 90);
    }
    assert_true(noisy > 10);
    assert_true(number_at(json, "agreement", "loss") == 0);
    json_decref(json);
    fov_comparison_free(comparison);
    fov_engine_free(a);
    fov_engine_free(b);
}

/* ---------------------------------------------------------------- the page */

/* Every element that is opened is closed, in order; returns how many there were. */
static size_t check_nesting(const char *html)
{
    enum { DEEPEST = 64, NAME = 32 };
    char   open[DEEPEST][NAME];
    size_t depth = 0, count = 0;
    for (const char *at = html; (at = strchr(at, '<'));) {
        const char  *end = strchr(at, '>');
        const size_t slash = at[1] == '/', length = strcspn(at + 1 + slash, " \n/>");
        assert_non_null(end);
        if (at[1] == '!') {
            at = end;
            continue;
        }
        assert_true(length > 0 && length < NAME);
        if (slash) {
            assert_true(depth > 0);
            depth--;
            if (strncmp(open[depth], at + 2, length) || open[depth][length])
                fail_msg("</%.*s> closes <%s>", (int)length, at + 2, open[depth]);
        } else if (end[-1] != '/') {
            assert_true(depth < DEEPEST);
            snprintf(open[depth++], NAME, "%.*s", (int)length, at + 1);
        }
        count++;
        at = end;
    }
    assert_int_equal(depth, 0);
    return count;
}

/* Nothing is fetched: data and places within the page only. */
static void check_needs_nothing_else(const char *html)
{
    static const char *const outside[] = {"<script", "<link", "<iframe", "url(", "@import", "http:", "https:", "src="};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        if (strstr(html, outside[i])) fail_msg("the page has '%s'", outside[i]);
    for (const char *at = html; (at = strstr(at, "href=\"")); at++)
        assert_true(!strncmp(at + 6, "#", 1) || !strncmp(at + 6, "data:image/jpeg;base64,", 23));
}

static char *page_of(const fov_comparison *comparison)
{
    fov_error err = {0};
    size_t    bytes;
    char      path[512];
    snprintf(path, sizeof path, "%s/report.html", test_folder());
    assert_ok(fov_comparison_save_html(comparison, path, &err));
    char *html = file_read(path, &bytes);
    assert_int_equal(strlen(html), bytes);
    return html;
}

static void the_page_is_whole_and_safe(void **state)
{
    (void)state;
    NEED_SHARED(other, "models/retinaface/mnet025_b.pth");
    fov_engine     *a = engine_at("default", "cpu"), *b = engine_at(other, "cpu");
    fov_comparison *comparison = compare(a, b, 3);
    char           *html = page_of(comparison);
    assert_true(check_nesting(html) > 300);
    check_needs_nothing_else(html);
    assert_non_null(strstr(html, "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;&#39;?[2J?.jpg"));
    assert_null(strchr(html, '\x1b'));
    assert_null(strstr(html, "\xff"));
    assert_non_null(strstr(html, "data:image/jpeg;base64,/9j/"));
    assert_non_null(strstr(html, "1 photo could not be loaded"));
    free(html);
    fov_comparison_free(comparison);
    fov_engine_free(a);
    fov_engine_free(b);
}

static void a_page_without_differences(void **state)
{
    (void)state;
    fov_engine     *engine = engine_at("default", "cpu");
    fov_comparison *comparison = compare(engine, engine, 1);
    char           *html = page_of(comparison);
    assert_true(check_nesting(html) > 300);
    check_needs_nothing_else(html);
    assert_null(strstr(html, "Photos that differ most"));
    assert_null(strstr(html, "nan"));
    assert_null(strstr(html, "inf"));
    free(html);
    fov_comparison_free(comparison);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- failing */

static fov_status load_none(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    (void)user;
    (void)index;
    *photo = NULL;
    if (err) *err = (fov_error){FOV_ERR_FORMAT, "torn.jpg: no picture"};
    return FOV_ERR_FORMAT;
}

static bool stop_at_once(void *user, const char *what, size_t done, size_t total)
{
    (void)user;
    assert_string_equal(what, "comparing");
    assert_int_equal(total, 4);
    return done < 1;
}

static void failures_are_told(void **state)
{
    (void)state;
    fov_error              err = {0};
    fov_engine            *engine = engine_at("default", "cpu");
    fov_comparison        *comparison = (fov_comparison *)engine;
    const fov_photo_source none = {.count = 4, .load = load_none}, empty = {.load = load_none},
                           some = {.count = 4, .load = load_some};
    const fov_compare_options stopping = {.threads = 1, .progress = stop_at_once};
    assert_int_equal(fov_compare(engine, engine, &none, NULL, &comparison, &err), FOV_ERR_FORMAT);
    assert_null(comparison);
    assert_non_null(strstr(err.message, "torn.jpg: no picture"));
    assert_int_equal(fov_compare(engine, engine, &empty, NULL, &comparison, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(fov_compare(engine, engine, &some, &stopping, &comparison, &err), FOV_ERR_CANCELLED);
    assert_null(comparison);
    comparison = compare(engine, engine, 1);
    assert_int_equal(fov_comparison_save_html(comparison, "no/such/folder/report.html", &err), FOV_ERR_IO);
    fov_comparison_free(comparison);
    fov_engine_free(engine);
    fov_comparison_free(NULL);
}

static fov_status load_small(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    (void)user;
    (void)index;
    return fov_photo_new(64, 64, photo, err);
}

/* Allocation `n` of a comparison fails: an error and no leak, or it did not matter. @return false: there were fewer */
static bool fails_cleanly_at(uint64_t n, uint64_t of_engine)
{
    fov_error              err = {0};
    fov_comparison        *comparison = NULL;
    fov_model             *model = NULL;
    fov_engine            *engine = NULL;
    const fov_photo_source source = {.count = 1, .load = load_small};
    alloc_probe_start(of_engine + n, 0);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &engine, &err));
    fov_model_free(model);
    const fov_status st =
        fov_compare(engine, engine, &source, &(fov_compare_options){.threads = 1, .layers = true}, &comparison, &err);
    if (!st) fov_string_free(fov_comparison_json(comparison));
    fov_comparison_free(comparison);
    fov_engine_free(engine);
    const alloc_probe seen = alloc_probe_stop();
    assert_int_equal(seen.blocks, 0);
    assert_true(!st == !!comparison);
    return seen.failed > 0;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    fov_error   err = {0};
    fov_model  *model;
    fov_engine *engine;
    alloc_probe_start(0, 0);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &engine, &err));
    fov_model_free(model);
    fov_engine_free(engine);
    const uint64_t of_engine = alloc_probe_stop().calls;
    uint64_t       n = 1;
    while (fails_cleanly_at(n, of_engine)) n += 5;
    assert_true(n > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_engine_costs_nothing_against_itself),
        cmocka_unit_test(backends_differ_by_rounding),
        cmocka_unit_test(the_page_is_whole_and_safe),
        cmocka_unit_test(a_page_without_differences),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
