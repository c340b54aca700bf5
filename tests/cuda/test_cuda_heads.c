// SPDX-License-Identifier: MIT
/* Heads that are multiplied where candidates are collected give the faces of heads that go through memory, to the bit; and which
 * networks' heads are. */
#include "engines.h"

#include "backend/cuda/program.h"
#include "media/media.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_IMAGES = 5, MOST_STEPS = 128, MOST_HEADS = 3 * FOV_MAX_LEVELS };

static test_random dice = {7};
static fov_error   err;

static int below(int most)
{
    return test_random_int(&dice, 0, most - 1);
}

/* ---------------------------------------------------------------- a network on the GPU */

/* At one size, and what its programs are made of. */
typedef struct bench {
    fov_engine       *engine;
    const fov_remote *remote;
    fov_plan         *plan;
    fov_place        *place;
    void             *memory;
    fov_call          call[MOST_STEPS];
    fov_view          head[MOST_HEADS];
    fov_ends          ends;
    int               images;
} bench;

static void set_calls(bench *b)
{
    assert_in_range(b->plan->n_step, 1, MOST_STEPS);
    for (int i = 0; i < b->plan->n_step; i++) {
        const fov_step *step = &b->plan->step[i];
        b->call[i] = (fov_call){step->lowered, step->in, step->out, NULL, step->wave};
    }
    for (int i = 0; i < b->engine->graph->n_output; i++) b->head[i] = *fov_plan_output(b->plan, i);
    b->ends = (fov_ends){&b->engine->settings, fov_plan_input(b->plan), b->head};
}

/* @param engine becomes the bench's */
static bench *bench_new(fov_engine *engine, int images, int width, int height, bool tf32)
{
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->engine = engine;
    b->remote = b->engine->backend->remote;
    b->images = images;
    assert_ok(fov_plan_new(b->engine, images, height, width, 1, false, &b->plan, &err));
    assert_ok(b->remote->open(0, &b->place, &err));
    assert_ok(b->remote->configure(b->place, &(fov_place_options){.tf32 = tf32}, &err));
    assert_ok(b->remote->alloc(b->place, b->plan->arena_bytes, &b->memory, &err));
    fov_plan_bind(b->plan, b->memory);
    set_calls(b);
    return b;
}

static void bench_free(bench *b)
{
    b->remote->free(b->place, b->memory);
    b->remote->close(b->place);
    fov_plan_free(b->plan);
    fov_engine_free(b->engine);
    free(b);
}

static fov_program *compile(const bench *b, const fov_call *calls)
{
    fov_program *program;
    assert_ok(b->remote->compile_faces(b->place, calls, b->plan->n_step, &b->ends, &program, &err));
    return program;
}

static fov_status pass_on(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                          fov_error *error)
{
    const fov_lowered *of = impl;
    return of->record(of->impl, in, out, scratch, recorder, error);
}

/* The same steps, which nobody knows for what they are. */
static fov_program *compile_hidden(const bench *b)
{
    fov_call    call[MOST_STEPS];
    fov_lowered hidden[MOST_STEPS];
    for (int i = 0; i < b->plan->n_step; i++) {
        hidden[i] = (fov_lowered){.impl = (void *)(uintptr_t)b->call[i].lowered, .record = pass_on};
        call[i] = b->call[i];
        call[i].lowered = &hidden[i];
    }
    return compile(b, call);
}

/* ---------------------------------------------------------------- runs */

static uint8_t pixels[MOST_IMAGES * 3 * 256 * 256];

static void make_photos(const bench *b, fov_letterbox *box, fov_remote_photo *photo)
{
    const int w = (int)b->plan->w, h = (int)b->plan->h;
    assert_true((size_t)(b->images * 3 * w * h) <= sizeof pixels);
    for (int i = 0; i < b->images * 3 * w * h; i++) pixels[i] = (uint8_t)below(256);
    *box = (fov_letterbox){.scaled_w = w, .scaled_h = h, .out_w = w, .out_h = h, .mean = {104, 117, 123}, .scale = {1, 1, 1}};
    for (int i = 0; i < b->images; i++)
        photo[i] = (fov_remote_photo){.image = {pixels + i * 3 * w * h, w, h, 3 * w, FOV_RGB8},
                                      .box = box,
                                      .offset = {(float)i, 2},
                                      .scale = {1.5F, 1.0F / (1.0F + (float)i)}};
}

static void run(const bench *b, fov_program *program, const fov_remote_photo *photo, const fov_detect_options *options,
                fov_faces *faces)
{
    assert_ok(b->remote->start(program, photo, options, NULL, &err));
    assert_ok(b->remote->finish(program, faces, &err));
    for (int i = 0; i < b->images; i++) {
        fov_face *kept = malloc((faces[i].count + 1) * sizeof *kept);
        memcpy(kept, faces[i].face, faces[i].count * sizeof *kept);
        faces[i].face = kept;
    }
}

/* Any options; mostly without suppression, so that all candidates are faces. */
static fov_detect_options any_options(int round)
{
    static const float thresholds[] = {0.5F, 0, 0.9F, 0.1F, 1};
    fov_detect_options options = fov_detect_options_default();
    options.score_threshold = thresholds[round % 5];
    options.nms_iou = below(4) ? 1 : 0.4F;
    options.pre_nms_top_k = below(4) ? 1 << 20 : 1 + below(100);
    options.max_faces = options.pre_nms_top_k;
    return options;
}

/* @return how many faces there were */
static size_t compare(const bench *b, fov_program *program, fov_program *other, int rounds)
{
    fov_letterbox    box;
    fov_remote_photo photo[MOST_IMAGES];
    size_t           count = 0;
    for (int round = 0; round < rounds; round++) {
        const fov_detect_options options = any_options(round);
        fov_faces                got[MOST_IMAGES], want[MOST_IMAGES];
        make_photos(b, &box, photo);
        run(b, program, photo, &options, got);
        run(b, other, photo, &options, want);
        for (int i = 0; i < b->images; i++) {
            assert_int_equal(got[i].count, want[i].count);
            assert_memory_equal(got[i].face, want[i].face, want[i].count * sizeof *want[i].face);
            count += want[i].count;
            free((void *)(uintptr_t)got[i].face);
            free((void *)(uintptr_t)want[i].face);
        }
    }
    return count;
}

static void check(const bench *b, const fov_call *calls, bool merged)
{
    fov_program *program = compile(b, calls), *hidden = compile_hidden(b);
    assert_int_equal(program->ends->heads.levels, merged ? b->engine->settings.n_level : 0);
    assert_int_equal(hidden->ends->heads.levels, 0);
    assert_true(compare(b, program, hidden, 5) > 0);
    b->remote->release(program);
    b->remote->release(hidden);
}

/* ---------------------------------------------------------------- which are, and what they give */

static void check_net(const headed_net *net, int images, int width, int height, bool tf32, bool merged)
{
    bench *b = bench_new(headed_engine(net, "cuda"), images, width, height, tf32);
    check(b, b->call, merged);
    bench_free(b);
}

static const fov_precision precisions[] = {FOV_PRECISION_INT8, FOV_PRECISION_FP16, FOV_PRECISION_BF16, FOV_PRECISION_FP32};

static void random_networks(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 24; i++) {
        const headed_net net = {.levels = 1 + below(3),
                                .anchors = 1 + below(2),
                                .channels = 16 * (1 + below(9)),
                                .precision = precisions[i % 4],
                                .seed = i / 4};
        check_net(&net, 1 + below(MOST_IMAGES), 8 + below(120), 8 + below(120), i % 8 == 7, true);
    }
}

static void bundled_network(void **state)
{
    (void)state;
    fov_model *model;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    for (int i = 0; i < 2; i++) {
        const fov_engine_options options = {.backend = "cuda", .precision = i ? FOV_PRECISION_FP16 : FOV_PRECISION_FP32};
        fov_engine              *engine;
        assert_ok(fov_engine_build(model, &options, &engine, &err));
        bench *b = bench_new(engine, 2, 96, 64, false);
        check(b, b->call, true);
        bench_free(b);
    }
    fov_model_free(model);
}

/* A level of one cell an image, so that a warp's candidates are of many images. */
static void smallest_inputs(void **state)
{
    (void)state;
    const headed_net net = {.levels = 3, .anchors = 2, .channels = 16, .precision = FOV_PRECISION_INT8, .seed = 3};
    check_net(&net, MOST_IMAGES, 16, 8, false, true);
}

/* Where blocks are many for the processors, tiles have more pixels. */
static void tiles_of_many_pixels(void **state)
{
    static fov_cuda_device few; /* as long as the constants there */
    (void)state;
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) {
        const headed_net net = {.levels = 3, .anchors = 2, .channels = 48, .precision = precisions[i], .seed = 5 + i};
        bench           *b = bench_new(headed_engine(&net, "cuda"), 3, 90, 110, false);
        few = *b->place->device;
        few.processors = 1;
        b->place->device = &few;
        fov_program *program = compile(b, b->call), *hidden = compile_hidden(b);
        assert_non_null(strstr(program->ends->heads.launch.kernel, "_128x32_"));
        assert_true(compare(b, program, hidden, 5) > 0);
        b->remote->release(program);
        b->remote->release(hidden);
        bench_free(b);
    }
}

static void others_go_through_memory(void **state)
{
    (void)state;
    const headed_net many_anchors = {.levels = 2, .anchors = 3, .channels = 32, .precision = FOV_PRECISION_FP16};
    const headed_net many_types = {.levels = 3, .anchors = 2, .channels = 32, .precision = FOV_PRECISION_MIXED};
    const headed_net odd_pixels = {.levels = 2, .anchors = 2, .channels = 24, .precision = FOV_PRECISION_INT8};
    check_net(&many_anchors, 2, 72, 56, false, false);
    check_net(&many_types, 2, 72, 56, false, false);
    check_net(&odd_pixels, 2, 72, 56, false, false);
}

/* What runs after a level's heads may overwrite what they read, or read them. */
static void heads_that_are_not_last_are_steps(void **state)
{
    (void)state;
    const headed_net net = {.levels = 2, .anchors = 2, .channels = 32, .precision = FOV_PRECISION_FP16};
    bench           *b = bench_new(headed_engine(&net, "cuda"), 2, 72, 56, false);
    const int        last = b->plan->n_step - 1;
    fov_call         call[MOST_STEPS];
    memcpy(call, b->call, sizeof call);
    assert_int_equal(call[last - 1].wave, call[last].wave);
    call[last].wave++;
    check(b, call, false);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_networks),          cmocka_unit_test(bundled_network),
        cmocka_unit_test(smallest_inputs),          cmocka_unit_test(tiles_of_many_pixels),
        cmocka_unit_test(others_go_through_memory), cmocka_unit_test(heads_that_are_not_last_are_steps),
    };
    return cmocka_run_group_tests_name("cuda_heads", tests, NULL, NULL);
}
