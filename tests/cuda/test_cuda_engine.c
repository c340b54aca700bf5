// SPDX-License-Identifier: MIT
/* Whole networks on the emulated GPU: they verify, and find what they find on the CPU, whatever the sizes, batches and threads. */
#include "engines.h"
#include "pictures.h"
#include "program.h"
#include "support.h"

#include "base/alloc.h"
#include "engine/golden.h"

#include <jansson.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

enum { PRECISIONS = 5, SIDE = 160 };

/* Each engine as a file's bytes, recorded on the CPU. */
static struct {
    fov_precision  precision;
    unsigned char *file;
    size_t         size;
} bundled[PRECISIONS] = {
    {FOV_PRECISION_FP32, NULL, 0}, {FOV_PRECISION_FP16, NULL, 0},  {FOV_PRECISION_BF16, NULL, 0},
    {FOV_PRECISION_INT8, NULL, 0}, {FOV_PRECISION_MIXED, NULL, 0},
};
static fov_error  err;
static fov_photo *photo;

/* ---------------------------------------------------------------- engines */

static fov_status load_photo(void *user, size_t index, fov_photo **out, fov_error *e)
{
    (void)user;
    (void)index;
    return fov_photo_load(source_path("photos/astronaut.png"), NULL, out, e);
}

static int record(void **state)
{
    (void)state;
    const fov_photo_source photos = {1, load_photo, NULL};
    fov_model             *model;
    assert_ok(load_photo(NULL, 0, &photo, &err));
    assert_ok(fov_model_load("default", NULL, &model, &err));
    for (int i = 0; i < PRECISIONS; i++) {
        const bool         mixed = bundled[i].precision == FOV_PRECISION_MIXED;
        fov_engine_options options = {.precision = bundled[i].precision, .keep_weights = true, .photos = mixed ? &photos : NULL};
        fov_engine        *engine;
        assert_ok(fov_engine_build(model, &options, &engine, &err));
        bundled[i].file = engine_bytes(engine, &bundled[i].size);
        fov_engine_free(engine);
    }
    fov_model_free(model);
    return 0;
}

static int forget(void **state)
{
    (void)state;
    for (int i = 0; i < PRECISIONS; i++) fov_free(bundled[i].file);
    fov_photo_free(photo);
    return 0;
}

static fov_engine *load(int i, const char *backend)
{
    fov_engine *engine;
    assert_ok(
        fov_engine_load_memory(bundled[i].file, bundled[i].size, "test", &(fov_engine_options){.backend = backend}, &engine, &err));
    return engine;
}

static fov_detector *detector_of(const fov_engine *engine)
{
    fov_detector *d;
    assert_ok(fov_detector_new(engine, &(fov_detector_options){.threads = 2}, &d, &err));
    return d;
}

/* ---------------------------------------------------------------- verifying */

static void all_precisions_verify(void **state)
{
    (void)state;
    for (int i = 0; i < PRECISIONS; i++) {
        fov_engine *engine = load(i, "cuda");
        char       *text;
        bool        pass;
        assert_ok(fov_engine_verify(engine, &pass, &text, &err));
        if (!pass) fail_msg("%s: %s", fov_precision_name(bundled[i].precision), text);
        json_t   *json = parse_json(text);
        const int layers = (int)json_integer_value(json_object_get(json, "layers"));
        assert_true(layers > 50);
        /* integers are exact on every backend; what an INT8 network computes in floats is rounded in a stated order */
        if (bundled[i].precision == FOV_PRECISION_INT8)
            assert_int_equal(json_integer_value(json_object_get(json, "identical")), layers);
        json_decref(json);
        fov_string_free(text);
        fov_engine_free(engine);
    }
}

static void verifying_can_fail(void **state)
{
    (void)state;
    fov_engine *engine = load(0, "cuda");
    bool        pass;
    engine->golden->vector[0].layer[3].rms *= 1.5;
    assert_ok(fov_engine_verify(engine, &pass, NULL, &err));
    assert_false(pass);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- faces */

static double overlap(const float *a, const float *b)
{
    const double w = fmin((double)a[2], (double)b[2]) - fmax((double)a[0], (double)b[0]);
    const double h = fmin((double)a[3], (double)b[3]) - fmax((double)a[1], (double)b[1]);
    const double both = fmax(w, 0) * fmax(h, 0);
    return both / ((double)(a[2] - a[0]) * (double)(a[3] - a[1]) + (double)(b[2] - b[0]) * (double)(b[3] - b[1]) - both);
}

/* The same faces: IoU above 0.99, scores within 0.005, landmarks within a 50th of the face. */
static void check_same_faces(const fov_faces *got, const fov_faces *want)
{
    assert_int_equal(got->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        const fov_face *a = &got->face[i], *b = &want->face[i];
        const float     side = b->box[2] - b->box[0];
        if (overlap(a->box, b->box) < 0.99 || fabsf(a->score - b->score) > 0.005F)
            fail_msg("face %zu: IoU %.4f, score %.4f, should be %.4f", i, overlap(a->box, b->box), (double)a->score,
                     (double)b->score);
        for (int k = 0; k < 10; k++) assert_true(fabsf((&a->landmarks[0][0])[k] - (&b->landmarks[0][0])[k]) < side / 50);
    }
}

/* Only the photo's face: those that are hardly more than the threshold might be on either side of it. */
static fov_detect_options small(int side)
{
    fov_detect_options options = fov_detect_options_default();
    options.long_side = side;
    options.score_threshold = 0.6F;
    return options;
}

static void faces_are_those_of_the_cpu(void **state)
{
    (void)state;
    const fov_image image = fov_photo_image(photo);
    for (int i = 0; i < PRECISIONS; i++) {
        fov_engine              *engine[2] = {load(i, "cpu"), load(i, "cuda")};
        fov_detector            *d[2] = {detector_of(engine[0]), detector_of(engine[1])};
        const fov_detect_options options[2] = {small(SIDE), small(128)};
        for (int k = 0; k < 2; k++) {
            fov_faces want, got;
            assert_ok(fov_detector_run(d[0], &image, &options[k], &want, &err));
            assert_ok(fov_detector_run(d[1], &image, &options[k], &got, &err));
            assert_int_equal(want.count, 1);
            check_same_faces(&got, &want);
        }
        for (int k = 0; k < 2; k++) {
            fov_detector_free(d[k]);
            fov_engine_free(engine[k]);
        }
    }
}

static void tf32_finds_the_same_face_with_other_bits(void **state)
{
    (void)state;
    const fov_image          image = fov_photo_image(photo);
    const fov_detect_options options = small(SIDE);
    fov_engine              *engine = load(0, "cuda");
    fov_detector            *plain = detector_of(engine), *tf32;
    fov_faces                want, got;
    assert_ok(fov_detector_new(engine, &(fov_detector_options){.threads = 2, .tf32 = true}, &tf32, &err));
    assert_ok(fov_detector_run(plain, &image, &options, &want, &err));
    assert_ok(fov_detector_run(tf32, &image, &options, &got, &err));
    check_same_faces(&got, &want);
    assert_true(memcmp(got.face, want.face, sizeof *got.face) != 0);
    fov_detector_free(plain);
    fov_detector_free(tf32);
    fov_engine_free(engine);
}

static void other_ways_to_shrink_a_photo(void **state)
{
    (void)state;
    const fov_image    image = fov_photo_image(photo);
    fov_engine        *engine[2] = {load(0, "cpu"), load(0, "cuda")};
    fov_detector      *d[2] = {detector_of(engine[0]), detector_of(engine[1])};
    fov_detect_options options[2] = {small(SIDE), small(SIDE)};
    options[0].resize = FOV_RESIZE_LETTERBOX;
    options[0].width = 160;
    options[0].height = 224;
    options[1].resize = FOV_RESIZE_TILES;
    options[1].tile = 160;
    options[1].tile_overlap = 64;
    options[1].tile_scale = 0.4F;
    for (int k = 0; k < 2; k++) {
        fov_faces want, got;
        assert_ok(fov_detector_run(d[0], &image, &options[k], &want, &err));
        assert_ok(fov_detector_run(d[1], &image, &options[k], &got, &err));
        assert_true(want.count >= 1);
        check_same_faces(&got, &want);
    }
    for (int k = 0; k < 2; k++) {
        fov_detector_free(d[k]);
        fov_engine_free(engine[k]);
    }
}

/* ---------------------------------------------------------------- sizes and batches */

/* A window of the photo; no pixel is copied. */
static fov_image window(int x, int y, int w, int h)
{
    fov_image image = fov_photo_image(photo);
    image.data += y * image.pitch + 3 * x;
    image.width = w;
    image.height = h;
    return image;
}

typedef struct answer {
    size_t   count;
    fov_face face[16];
} answer;

static answer keep(const fov_faces *faces)
{
    answer a = {.count = faces->count};
    assert_true(faces->count <= 16);
    if (a.count) memcpy(a.face, faces->face, a.count * sizeof *a.face);
    return a;
}

static void check_same_bits(const fov_faces *got, const answer *want)
{
    assert_int_equal(got->count, want->count);
    if (want->count) assert_memory_equal(got->face, want->face, want->count * sizeof *want->face);
}

/* Images of one input size share passes, and more have it than a pass holds: what is found is what each alone gives, to the bit. */
static void batches_find_what_single_images_do(void **state)
{
    (void)state;
    enum { COUNT = 12, LARGEST = 96 };
    static const int precisions[] = {0, 3};
    fov_image        image[COUNT];
    for (int i = 0; i < COUNT; i++)
        image[i] = i % 6 == 1   ? window(140, 30 + i, 190, 130)
                   : i % 6 == 3 ? window(120, 20, 192, 192 - i)
                                : window(140 + i, 40, 160, 160);
    for (int p = 0; p < 2; p++) {
        fov_engine        *engine = load(precisions[p], "cuda");
        fov_detector      *d = detector_of(engine);
        fov_detect_options options = small(LARGEST);
        fov_faces          faces[COUNT], one;
        answer             alone[COUNT];
        size_t             found = 0;
        options.score_threshold = 0.05F;
        for (int i = 0; i < COUNT; i++) {
            assert_ok(fov_detector_run(d, &image[i], &options, &one, &err));
            alone[i] = keep(&one);
            found += one.count;
        }
        assert_true(found >= COUNT);
        assert_ok(fov_detector_run_batch(d, image, COUNT, &options, faces, &err));
        for (int i = 0; i < COUNT; i++) check_same_bits(&faces[i], &alone[i]);
        fov_detector_free(d);
        fov_engine_free(engine);
    }
}

/* More sizes than plans are kept, small and large in turn: plans are made anew, over an arena that moves. */
static void sizes_that_alternate(void **state)
{
    (void)state;
    enum { SIZES = 11 };
    fov_engine              *engine = load(0, "cuda");
    fov_detector            *d = detector_of(engine);
    answer                   first[SIZES];
    const fov_detect_options options = small(96);
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < SIZES; i++) {
            const fov_image image = window(150, 20, i % 2 ? 32 + 16 * i : 192, 192 - 12 * i);
            fov_faces       faces;
            assert_ok(fov_detector_run(d, &image, &options, &faces, &err));
            if (round) check_same_bits(&faces, &first[i]);
            else first[i] = keep(&faces);
        }
    fov_detector_free(d);
    fov_engine_free(engine);
}

/* One large photo among small ones holds its memory, here and there, for some calls only; and small ones are still right. */
static void memory_of_a_large_photo_is_given_back(void **state)
{
    (void)state;
    fov_engine              *engine = load(0, "cuda");
    fov_detector            *d = detector_of(engine);
    const fov_image          large = window(0, 0, 320, 288), little = window(150, 40, 96, 96);
    const fov_detect_options options = small(320);
    fov_faces                faces;
    assert_ok(fov_detector_run(d, &little, &options, &faces, &err));
    const answer before = keep(&faces);
    const size_t least = fov_detector_memory(d);
    assert_ok(fov_detector_run(d, &large, &options, &faces, &err));
    for (int i = 0; i < 9; i++) {
        assert_ok(fov_detector_run(d, &little, &options, &faces, &err));
        check_same_bits(&faces, &before);
    }
    assert_true(fov_detector_memory(d) <= least);
    fov_detector_free(d);
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- threads */

typedef struct caller {
    const fov_engine *engine;
    fov_image         image[2];
    answer            want[2];
    int               wrong;
    fov_status        status;
    fov_error         err;
} caller;

/* Asserts belong to the main thread. */
static void *detect(void *argument)
{
    caller                  *c = argument;
    const fov_detect_options options = small(SIDE);
    fov_detector            *d = NULL;
    c->status = fov_detector_new(c->engine, &(fov_detector_options){.threads = 1}, &d, &c->err);
    for (int i = 0; i < 6 && !c->status; i++) {
        fov_faces faces;
        c->status = fov_detector_run(d, &c->image[i % 2], &options, &faces, &c->err);
        if (c->status) break;
        const answer *want = &c->want[i % 2];
        c->wrong += faces.count != want->count || memcmp(faces.face, want->face, want->count * sizeof *want->face) != 0;
    }
    fov_detector_free(d);
    return NULL;
}

static void detectors_of_two_threads_share_an_engine(void **state)
{
    (void)state;
    enum { THREADS = 2 };
    fov_engine              *engine = load(1, "cuda");
    fov_detector            *d = detector_of(engine);
    const fov_detect_options options = small(SIDE);
    pthread_t                thread[THREADS];
    caller callers[THREADS] = {{.engine = engine, .image = {window(140, 20, 192, 192), window(150, 40, 160, 128)}}};
    for (int i = 0; i < 2; i++) {
        fov_faces faces;
        assert_ok(fov_detector_run(d, &callers[0].image[i], &options, &faces, &err));
        callers[0].want[i] = keep(&faces);
    }
    callers[1] = callers[0];
    fov_detector_free(d);
    for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_create(&thread[i], NULL, detect, &callers[i]), 0);
    for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++) {
        if (callers[i].status) fail_msg("thread %d: %s", i, callers[i].err.message);
        assert_int_equal(callers[i].wrong, 0);
    }
    fov_engine_free(engine);
}

/* ---------------------------------------------------------------- what else runs networks */

static void profiles_and_auto(void **state)
{
    (void)state;
    const fov_image          image = window(150, 40, 96, 96);
    const fov_detect_options options = small(96);
    fov_engine              *engine = load(0, "auto");
    fov_detector            *d = detector_of(engine);
    char                    *json;
    assert_string_equal(engine->backend->name, "cuda");
    assert_ok(fov_detector_profile_json(d, &image, &options, 2, NULL, NULL, &json, &err));
    check_contains(json, "\"input\":[1,3,96,96]");
    fov_string_free(json);
    assert_ok(fov_engine_describe_json(engine, 96, 96, &json, &err));
    check_contains(json, "\"backend\":\"cuda\"");
    fov_string_free(json);
    fov_detector_free(d);
    fov_engine_free(engine);
}

/* What a graph's output is where nothing runs: a constant, or the input. */
static void networks_without_work(void **state)
{
    (void)state;
    const fov_settings settings = fov_settings_default();
    const fov_shape    open = fov_shape_make(4, (int64_t[]){-1, 3, -1, -1}), three = fov_shape_make(1, (int64_t[]){3});
    const float        numbers[3] = {1, 2, 3};
    for (int stepwise = 0; stepwise < 2; stepwise++) {
        fov_graph *g = fov_graph_new();
        const int  x = fov_graph_add_value(g, "x", FOV_F32, &open, &err);
        const int  c = fov_graph_add_constant(g, "c", FOV_F32, &three, numbers, NULL, &err);
        assert_ok(fov_graph_add_input(g, x, &err));
        assert_ok(fov_graph_add_output(g, x, &err));
        assert_ok(fov_graph_add_output(g, c, &err));
        fov_engine *engine;
        fov_plan   *plan;
        fov_place  *place;
        void       *memory;
        assert_ok(fov_engine_from_graph(g, &settings, "cuda", 0, true, &engine, &err));
        assert_ok(fov_plan_new(engine, 1, 2, 2, 1, stepwise, &plan, &err));
        unsigned char    *arena = fov_alloc_aligned(plan->arena_bytes);
        const fov_remote *remote = engine->backend->remote;
        assert_ok(remote->open(0, &place, &err));
        assert_ok(remote->alloc(place, plan->arena_bytes, &memory, &err));
        fov_plan_bind(plan, arena);
        assert_ok(fov_plan_compile(plan, place, memory, stepwise, &err));
        for (int i = 0; i < 12; i++) ((float *)fov_plan_input(plan)->data)[i] = (float)i;
        assert_ok(fov_plan_run(plan, NULL, &err));
        for (int i = 0; i < 12; i++) assert_true(((float *)fov_plan_output(plan, 0)->data)[i] == (float)i);
        assert_memory_equal(fov_plan_output(plan, 1)->data, numbers, sizeof numbers);
        fov_plan_release(plan);
        remote->free(place, memory);
        remote->close(place);
        fov_plan_free(plan);
        fov_free_aligned(arena);
        fov_engine_free(engine);
    }
}

/* ---------------------------------------------------------------- models that are not part of the source */

static void check_model(const char *name, const char *relative)
{
    const char *path = shared_path(relative);
    if (!path) {
        print_message("skipped: ../shared/%s is not here\n", relative);
        return;
    }
    fov_model *model;
    if (fov_model_load(path, NULL, &model, &err)) fail_msg("%s: %s", name, err.message);
    fov_engine        *engine[2];
    fov_faces          faces[2];
    fov_detector      *d[2];
    const fov_image    image = fov_photo_image(photo);
    fov_detect_options options = small(SIDE);
    options.score_threshold = 0.5F;
    for (int k = 0; k < 2; k++) {
        const fov_engine_options how = {.backend = k ? "cuda" : "cpu", .precision = FOV_PRECISION_FP32};
        if (fov_engine_build(model, &how, &engine[k], &err)) fail_msg("%s: %s", name, err.message);
        d[k] = detector_of(engine[k]);
        if (fov_detector_run(d[k], &image, &options, &faces[k], &err)) fail_msg("%s: %s", name, err.message);
    }
    check_same_faces(&faces[1], &faces[0]);
    if (!faces[0].count) print_message("%s: no face\n", name);
    for (int k = 0; k < 2; k++) {
        fov_detector_free(d[k]);
        fov_engine_free(engine[k]);
    }
    fov_model_free(model);
}

static void other_models_find_the_same(void **state)
{
    (void)state;
    check_model("retinaface b", "models/retinaface/mnet025_b.pth");
    check_model("retinaface relu", "models/retinaface/mnet025_relu.pth");
    check_model("retinaface onnx", "models/retinaface/mnet025_official_opset14.onnx");
    check_model("retinaface wts", "models/retinaface/mnet025_official.wts");
    check_model("retinaface final", "models/retinaface/mobilenet0.25_Final.pth");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_precisions_verify),
        cmocka_unit_test(verifying_can_fail),
        cmocka_unit_test(faces_are_those_of_the_cpu),
        cmocka_unit_test(tf32_finds_the_same_face_with_other_bits),
        cmocka_unit_test(other_ways_to_shrink_a_photo),
        cmocka_unit_test(batches_find_what_single_images_do),
        cmocka_unit_test(sizes_that_alternate),
        cmocka_unit_test(memory_of_a_large_photo_is_given_back),
        cmocka_unit_test(detectors_of_two_threads_share_an_engine),
        cmocka_unit_test(profiles_and_auto),
        cmocka_unit_test(networks_without_work),
        cmocka_unit_test(other_models_find_the_same),
    };
    return cmocka_run_group_tests_name("cuda_engine", tests, record, forget);
}
