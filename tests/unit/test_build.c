// SPDX-License-Identifier: MIT
/* fov_engine_build() from model to certificate: every precision on real photos, what it says of itself, and how it fails. */
#include "alloc_probe.h"
#include "engines.h"
#include "support.h"

#include "base/alloc.h"
#include "base/cpu.h"
#include "models/model.h"

#include <jansson.h>
#include <math.h>
#include <string.h>

static fov_error  err;
static fov_model *model;
static char       astronaut[4096];

/* ---------------------------------------------------------------- photos */

static fov_status load_astronaut(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    (void)index;
    return fov_photo_load(astronaut, NULL, photo, e);
}

static const fov_photo_source bundled = {1, load_astronaut, NULL};

/* The bundled photo darker and darker, a third of its width: as many photos as one likes. */
static fov_status load_shades(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    fov_photo *whole;
    (void)user;
    fov_status st = fov_photo_load(astronaut, NULL, &whole, e);
    if (!st) st = fov_photo_new(256, 224, photo, e);
    for (int i = 0; i < 256 * 224 * 3 && !st; i++) {
        const int x = i / 3 % 256 + 96, y = i / 768;
        fov_photo_pixels(*photo)[i] = (uint8_t)(fov_photo_pixels(whole)[(y * 512 + x) * 3 + i % 3] * (20 - (int)index) / 20);
    }
    fov_photo_free(whole);
    return st;
}

static const fov_photo_source shades = {12, load_shades, NULL};

/* Sixteen of them in one photo: enough faces for auto to choose by. */
static fov_status load_crowd(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    enum { TILE = 160, SIDE = 4 * TILE };
    fov_photo *one = NULL;
    fov_status st = load_shades(user, index % 12, &one, e);
    if (!st) st = fov_photo_new(SIDE, SIDE, photo, e);
    for (int i = 0; i < SIDE * SIDE * 3 && !st; i++) {
        const int x = i / 3 % SIDE % TILE * 256 / TILE, y = i / (3 * SIDE) % TILE * 224 / TILE;
        fov_photo_pixels(*photo)[i] = fov_photo_pixels(one)[(y * 256 + x) * 3 + i % 3];
    }
    fov_photo_free(one);
    return st;
}

static const fov_photo_source crowd = {16, load_crowd, NULL};

static fov_status load_none(void *user, size_t index, fov_photo **photo, fov_error *e)
{
    (void)user;
    *photo = NULL;
    if (e) {
        e->code = FOV_ERR_IO;
        snprintf(e->message, sizeof e->message, "photo %zu is gone", index);
    }
    return FOV_ERR_IO;
}

static const fov_photo_source broken = {3, load_none, NULL};

/* ---------------------------------------------------------------- engines */

static int open_model(void **state)
{
    (void)state;
    snprintf(astronaut, sizeof astronaut, "%s", source_path("photos/astronaut.png"));
    return (int)fov_model_load("default", NULL, &model, &err);
}

static int close_model(void **state)
{
    (void)state;
    fov_model_free(model);
    return 0;
}

static fov_engine *build(fov_engine_options options)
{
    fov_engine *engine;
    options.keep_weights = true;
    assert_ok(fov_engine_build(model, &options, &engine, &err));
    return engine;
}

static json_t *certificate_of(const fov_engine *engine)
{
    json_t *json = json_loads(fov_engine_certificate(engine), 0, NULL);
    assert_non_null(json);
    return json;
}

static double number(const json_t *json, const char *first, const char *second)
{
    const json_t *value = json_object_get(json_object_get(json, first), second);
    if (!json_is_number(value)) fail_msg("no number %s.%s", first, second);
    return json_number_value(value);
}

static bool has_note(const json_t *json, const char *part)
{
    size_t        i;
    const json_t *note;
    json_array_foreach(json_object_get(json, "notes"), i, note) if (strstr(json_string_value(note), part)) return true;
    return false;
}

static fov_face only_face(const fov_engine *engine)
{
    fov_detector *detector;
    fov_photo    *photo;
    fov_faces     faces;
    assert_ok(fov_photo_load(astronaut, NULL, &photo, &err));
    assert_ok(fov_detector_new(engine, NULL, &detector, &err));
    const fov_image image = fov_photo_image(photo);
    assert_ok(fov_detector_run(detector, &image, NULL, &faces, &err));
    assert_int_equal(faces.count, 1);
    const fov_face face = faces.face[0];
    fov_detector_free(detector);
    fov_photo_free(photo);
    return face;
}

static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_BF16, FOV_PRECISION_FP16, FOV_PRECISION_INT8,
                                           FOV_PRECISION_MIXED};
enum { N_PRECISIONS = sizeof precisions / sizeof *precisions };

/* ---------------------------------------------------------------- certificates */

static void check_shares(const json_t *json)
{
    double        macs = 0;
    const char   *name;
    const json_t *share;
    json_object_foreach((json_t *)(uintptr_t)json_object_get(json, "share"), name, share)
    {
        assert_true(json_integer_value(json_object_get(share, "layers")) > 0);
        macs += json_number_value(json_object_get(share, "macs"));
    }
    assert_true(fabs(macs - 1) < 1e-9);
}

static void check_keys(const json_t *json, fov_precision precision)
{
    static const char *const keys[] = {"certificate", "fovea",         "precision",  "source",   "calibration", "options",
                                       "share",       "stayed_higher", "considered", "measured", "notes"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!json_object_get(json, keys[i])) fail_msg("a certificate without '%s'", keys[i]);
    assert_string_equal(json_string_value(json_object_get(json, "precision")), fov_precision_name(precision));
    assert_int_equal(number(json, "measured", "photos"), 1);
    check_shares(json);
}

static void every_precision_finds_the_face_and_says_what_it_lost(void **state)
{
    (void)state;
    static const double worst_score[] = {0, 0.02, 0.005, 0.05, 0.05}, worst_px[] = {0, 3, 1, 8, 8};
    /* one photo: each candidate that changes places with another weighs points; ranges of INT8 are made without data */
    static const double worst_loss[] = {0, 0.005, 0.005, 0.1, 0.005};
    fov_engine         *fp32 = build((fov_engine_options){.precision = FOV_PRECISION_FP32});
    const fov_face      truth = only_face(fp32);
    fov_engine_free(fp32);
    for (int i = 0; i < N_PRECISIONS; i++) {
        fov_engine    *engine = build((fov_engine_options){.precision = precisions[i], .photos = &bundled});
        json_t        *json = certificate_of(engine);
        const fov_face face = only_face(engine);
        bool           pass;
        check_keys(json, fov_engine_precision(engine));
        if (precisions[i] != FOV_PRECISION_MIXED || json_array_size(json_object_get(json, "stayed_higher")))
            assert_int_equal(fov_engine_precision(engine), precisions[i]); /* mixed of which nothing stayed is INT8 */
        assert_true(fabs((double)(face.score - truth.score)) <= worst_score[i]);
        for (int k = 0; k < 4; k++) assert_true(fabs((double)(face.box[k] - truth.box[k])) <= worst_px[i]);
        assert_true(has_note(json, "very few photos"));
        assert_ok(fov_engine_verify(engine, &pass, NULL, &err));
        assert_true(pass);
        const double loss = number(json_object_get(json, "measured"), "agreement", "loss");
        if (loss > worst_loss[i]) fail_msg("%s loses %g", fov_precision_name(precisions[i]), loss);
        json_decref(json);
        fov_engine_free(engine);
    }
}

/* INT8 is a budget's extreme: with none to spend some layers stay, each with its reason, and the loss is what was allowed. */
static void mixed_keeps_its_budget_and_tells_why(void **state)
{
    (void)state;
    static const double budgets[] = {1e-9, 0.002, 0.9};
    json_int_t          stayed_before = 1 << 20;
    for (int i = 0; i < 3; i++) {
        fov_engine *engine =
            build((fov_engine_options){.precision = FOV_PRECISION_MIXED, .photos = &shades, .max_loss = budgets[i]});
        json_t       *json = certificate_of(engine);
        const json_t *stayed = json_object_get(json, "stayed_higher"), *layer;
        size_t        k;
        check_shares(json);
        assert_true(fabs(number(json, "options", "max_loss") - budgets[i]) < 1e-12);
        assert_true((json_int_t)json_array_size(stayed) <= stayed_before);
        stayed_before = (json_int_t)json_array_size(stayed);
        json_array_foreach(stayed, k, layer)
        {
            const char *name = json_string_value(json_object_get(layer, "layer"));
            const char *why = json_string_value(json_object_get(layer, "why"));
            assert_true(fov_graph_find(engine->graph, name) >= 0);
            assert_true(why && (strstr(why, "over the budget") || strstr(why, "rank ") || strstr(why, "32 bits")));
        }
        if (i == 2) assert_int_equal(json_array_size(stayed), 0);   /* nine tenths: nothing need stay */
        assert_int_equal(number(json, "calibration", "photos"), 9); /* three quarters of twelve */
        assert_int_equal(number(json, "measured", "photos"), 3);
        json_decref(json);
        fov_engine_free(engine);
    }
}

static void ranges_without_photos_are_called_weaker(void **state)
{
    (void)state;
    fov_engine *engine = build((fov_engine_options){.precision = FOV_PRECISION_INT8});
    json_t     *json = certificate_of(engine);
    assert_true(has_note(json, "BatchNorm statistics"));
    assert_true(has_note(json, "nothing was measured"));
    assert_null(json_object_get(json, "measured"));
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "calibration"), "method")), "data-free");
    json_decref(json);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- auto */

static void auto_needs_proof(void **state)
{
    (void)state;
    fov_engine *engine = build((fov_engine_options){0});
    assert_int_equal(fov_engine_precision(engine), FOV_PRECISION_FP32);
    fov_engine_free(engine);
    engine = build((fov_engine_options){.photos = &shades}); /* three faces to measure on */
    assert_int_equal(fov_engine_precision(engine), FOV_PRECISION_FP32);
    assert_non_null(strstr(fov_engine_certificate(engine), "too few faces"));
    assert_non_null(strstr(fov_engine_reason(engine), "too few faces"));
    fov_engine_free(engine);
}

static void auto_takes_what_the_machine_multiplies_fast(void **state)
{
    (void)state;
    static const char *const levels[] = {"generic", NULL};
    for (int i = 0; i < 2; i++) {
        assert_ok(fov_cpu_limit(levels[i], &err));
        fov_engine *engine = build((fov_engine_options){.photos = &crowd, .max_loss = 0.05});
        json_t     *json = certificate_of(engine);
        const bool  bytes =
            fov_engine_precision(engine) == FOV_PRECISION_INT8 || fov_engine_precision(engine) == FOV_PRECISION_MIXED;
        const bool fast = fov_cpu_features() & (FOV_CPU_AVX_VNNI | FOV_CPU_AVX512_VNNI);
        assert_true(json_array_size(json_object_get(json, "considered")) >= 3);
        assert_non_null(strstr(fov_engine_reason(engine), bytes ? "is the fastest" : "no other is both faster"));
        if (!levels[i]) assert_true(!fast || bytes);
        else assert_int_equal(fov_engine_precision(engine), FOV_PRECISION_FP32);
        json_decref(json);
        fov_engine_free(engine);
    }
}

/* ---------------------------------------------------------------- failures */

static bool stop_at(void *user, const char *what, size_t done, size_t total)
{
    int *left = user;
    (void)done;
    (void)total;
    assert_true(what && *what);
    return --*left >= 0;
}

static void impossible_options_are_refused(void **state)
{
    (void)state;
    const fov_photo_source   none = {0};
    const fov_engine_options wrong[] = {{.precision = (fov_precision)42},
                                        {.precision = (fov_precision)-1},
                                        {.max_loss = -0.1},
                                        {.max_loss = 1},
                                        {.max_loss = (double)NAN},
                                        {.photos = &none}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        fov_engine *engine;
        assert_int_equal(fov_engine_build(model, &wrong[i], &engine, &err), FOV_ERR_ARGUMENT);
        assert_null(engine);
    }
}

static void stopped_at_any_point_it_leaves_nothing(void **state)
{
    (void)state;
    int total = 1 << 20, stopped = 0;
    fov_engine_free(build((fov_engine_options){
        .precision = FOV_PRECISION_MIXED, .photos = &shades, .max_loss = 0.9, .progress = stop_at, .progress_user = &total}));
    total = (1 << 20) - total;
    assert_true(total > 20);
    fov_model_free(model);
    for (int n = 0; n < total; n += n < 2 ? 1 : 15) {
        fov_model  *own;
        fov_engine *engine;
        int         left = n;
        alloc_probe_start(0, 0);
        assert_ok(fov_model_load("default", NULL, &own, &err));
        const fov_engine_options options = {
            .precision = FOV_PRECISION_MIXED, .photos = &shades, .max_loss = 0.9, .progress = stop_at, .progress_user = &left};
        assert_int_equal(fov_engine_build(own, &options, &engine, &err), FOV_ERR_CANCELLED);
        assert_null(engine);
        fov_model_free(own);
        assert_int_equal(alloc_probe_stop().blocks, 0);
        stopped++;
    }
    print_message("stopped at %d of %d points\n", stopped, total);
    assert_ok(fov_model_load("default", NULL, &model, &err));
}

static void check_refused(fov_engine_options options, fov_status expected, const char *part)
{
    fov_engine      *engine;
    const fov_status st = fov_engine_build(model, &options, &engine, &err);
    if (st != expected) fail_msg("%s: %s", fov_status_name(st), err.message);
    assert_null(engine);
    if (!strstr(err.message, part)) fail_msg("'%s' lacks '%s'", err.message, part);
}

static void what_cannot_be_built_is_told(void **state)
{
    (void)state;
    fov_calibration *calibration;
    assert_ok(fov_calibration_from_statistics(model, &calibration, &err));
    check_refused((fov_engine_options){.precision = FOV_PRECISION_INT8, .photos = &broken}, FOV_ERR_IO, "could be loaded");
    check_refused((fov_engine_options){.precision = FOV_PRECISION_MIXED}, FOV_ERR_ARGUMENT,
                  "mixed precision follows from measured losses");
    check_refused((fov_engine_options){.precision = FOV_PRECISION_INT8, .calibration = calibration, .repair = true},
                  FOV_ERR_ARGUMENT, "does not fit the repaired");
    check_refused((fov_engine_options){.backend = "abacus"}, FOV_ERR_ARGUMENT, "abacus");
    fov_calibration_free(calibration);
}

/* ---------------------------------------------------------------- files */

static void the_same_build_gives_the_same_bytes(void **state)
{
    (void)state;
    for (int i = 0; i < N_PRECISIONS; i++) {
        unsigned char *file[2];
        size_t         size[2];
        for (int k = 0; k < 2; k++) {
            fov_engine *engine = build((fov_engine_options){.precision = precisions[i], .photos = &bundled});
            file[k] = engine_bytes(engine, &size[k]);
            fov_engine_free(engine);
        }
        assert_int_equal(size[0], size[1]);
        assert_memory_equal(file[0], file[1], size[0]);
        fov_free(file[0]);
        fov_free(file[1]);
    }
}

static void the_bundled_engine_serves(void **state)
{
    (void)state;
    fov_engine *engine, *from_file;
    bool        pass;
    assert_ok(fov_cpu_limit(NULL, &err));
    assert_ok(fov_engine_load(source_path("models/fovea_mnet025.fov"), NULL, &from_file, &err));
    assert_ok(fov_engine_verify(from_file, &pass, NULL, &err));
    assert_true(pass);
    json_t *json = certificate_of(from_file);
    assert_true(number(json_object_get(json, "measured"), "agreement", "loss") <= 0.005);
    json_decref(json);
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    const fov_face face = only_face(engine);
    assert_true(face.score > 0.9F);
    if (*fov_engine_reason(engine)) { /* on a machine that multiplies bytes fast it is that file */
        assert_int_equal(fov_engine_precision(engine), fov_engine_precision(from_file));
        assert_string_equal(fov_engine_certificate(engine), fov_engine_certificate(from_file));
        assert_ok(fov_engine_verify(engine, &pass, NULL, &err));
        assert_true(pass);
    }
    fov_engine_free(engine);
    fov_engine_free(from_file);
    assert_ok(fov_cpu_limit("generic", &err)); /* which does not */
    assert_ok(fov_engine_open("default", NULL, NULL, &engine, &err));
    assert_int_equal(fov_engine_precision(engine), FOV_PRECISION_FP32);
    fov_engine_free(engine);
    assert_ok(fov_cpu_limit(NULL, &err));
}

/* ---------------------------------------------------------------- the failure that FP16 is known for */

/* The same function in FP32, to the bit: every third channel of a depthwise layer 2^-22 as large, its reader's weights 2^22 times.
 */
static void make_subnormal(fov_model *of)
{
    static const char *const names[] = {"body.stage1.3.1.weight", "body.stage1.3.1.bias", "body.stage1.3.3.weight"};
    fov_value               *v[3];
    for (int i = 0; i < 3; i++) v[i] = &of->graph->value[fov_graph_find(of->graph, names[i])];
    const int64_t channels = v[0]->shape.dim[0], outputs = v[2]->shape.dim[0];
    for (int64_t c = 0; c < channels; c += 3) {
        ((float *)v[0]->data)[c] *= 0x1p-22F;
        ((float *)v[1]->data)[c] *= 0x1p-22F;
        for (int64_t o = 0; o < outputs; o++) ((float *)v[2]->data)[o * channels + c] *= 0x1p22F;
    }
}

static double head_snr(const fov_engine *engine)
{
    json_t       *json = certificate_of(engine);
    double        worst = 1000;
    size_t        i;
    const json_t *head;
    json_array_foreach(json_object_get(json_object_get(json, "measured"), "heads"), i, head)
    {
        const json_t *snr = json_object_get(head, "snr_db");
        if (json_is_number(snr)) worst = fmin(worst, json_number_value(snr));
    }
    json_decref(json);
    return worst;
}

static void subnormal_weights_are_seen_and_repaired(void **state)
{
    (void)state;
    char *text;
    fov_model_free(model);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    fov_engine  *engine = build((fov_engine_options){.precision = FOV_PRECISION_FP16, .photos = &bundled});
    const double healthy = head_snr(engine);
    fov_engine_free(engine);
    make_subnormal(model);
    assert_ok(fov_model_health_json(model, FOV_PRECISION_FP16, &text, &err));
    json_t       *health = json_loads(text, 0, NULL);
    const json_t *folded = json_array_get(json_object_get(health, "stages"), 1);
    assert_true(number(folded, "total", "subnormal") + number(folded, "total", "tiny") > 50);
    json_decref(health);
    fov_string_free(text);
    fov_engine *repaired = build((fov_engine_options){.precision = FOV_PRECISION_FP16, .photos = &bundled, .repair = true});
    const fov_engine_options ill = {.precision = FOV_PRECISION_FP16, .photos = &bundled, .keep_weights = true};
    const fov_status         st = fov_engine_build(model, &ill, &engine, &err);
    const double             with = head_snr(repaired), without = st ? 0 : head_snr(engine);
    print_message("worst head: %.1f dB healthy, %.1f dB subnormal, %.1f dB repaired\n", healthy, without, with);
    assert_true(without < healthy - 10);
    assert_true(with > healthy - 3);
    fov_engine_free(engine);
    fov_engine_free(repaired);
    fov_model_free(model);
    assert_ok(fov_model_load("default", NULL, &model, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_precision_finds_the_face_and_says_what_it_lost),
        cmocka_unit_test(mixed_keeps_its_budget_and_tells_why),
        cmocka_unit_test(ranges_without_photos_are_called_weaker),
        cmocka_unit_test(auto_needs_proof),
        cmocka_unit_test(auto_takes_what_the_machine_multiplies_fast),
        cmocka_unit_test(impossible_options_are_refused),
        cmocka_unit_test(stopped_at_any_point_it_leaves_nothing),
        cmocka_unit_test(what_cannot_be_built_is_told),
        cmocka_unit_test(the_same_build_gives_the_same_bytes),
        cmocka_unit_test(the_bundled_engine_serves),
        cmocka_unit_test(subnormal_weights_are_seen_and_repaired),
    };
    return cmocka_run_group_tests_name("build", tests, open_model, close_model);
}
