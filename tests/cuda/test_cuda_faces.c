// SPDX-License-Identifier: MIT
/* Faces from the GPU are the CPU's. Exponentials may differ by the last bit. */
#include "gpu.h"

#include "api/geometry.h"
#include "backend/cuda/faces.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_IMAGES = 4, KINDS = 3 };

static test_random dice = {1};

static int below(int most)
{
    return test_random_int(&dice, 0, most - 1);
}

/* Heads of a batch, on the host and on the device. */
typedef struct heads {
    fov_settings  settings;
    int           images;
    fov_cuda_head host[FOV_MAX_LEVELS], device[FOV_MAX_LEVELS];
    float        *memory[FOV_MAX_LEVELS][KINDS], *copy[FOV_MAX_LEVELS][KINDS];
    fov_mapping   mapping[MOST_IMAGES];
} heads;

static size_t head_floats(const heads *h, int k, int kind)
{
    const fov_cuda_head *c = &h->host[k];
    const ptrdiff_t      image[KINDS] = {c->scores_image, c->boxes_image, c->landmarks_image};
    return (size_t)image[kind] * (size_t)h->images;
}

static void set_pointers(fov_cuda_head *head, float *const *memory)
{
    head->head.scores = memory[0];
    head->head.boxes = memory[1];
    head->head.landmarks = memory[2];
}

static void make_level(heads *h, int k, int rows, int columns)
{
    const int       anchors = h->settings.level[k].n_anchor;
    const ptrdiff_t ld[KINDS] = {2 * anchors + below(3), 4 * anchors + below(3), 10 * anchors + below(3)};
    const ptrdiff_t cells = (ptrdiff_t)rows * columns, more = below(9);
    h->host[k] = (fov_cuda_head){
        .head = {.rows = rows, .columns = columns, .scores_ld = ld[0], .boxes_ld = ld[1], .landmarks_ld = ld[2]},
        .scores_image = cells * ld[0] + more,
        .boxes_image = cells * ld[1] + more,
        .landmarks_image = cells * ld[2] + more,
    };
    for (int kind = 0; kind < KINDS; kind++) {
        const size_t floats = head_floats(h, k, kind);
        h->memory[k][kind] = malloc(floats * sizeof(float));
        for (size_t i = 0; i < floats; i++) h->memory[k][kind][i] = test_random_float(&dice, -1, 1);
        h->copy[k][kind] = gpu_memory(floats * sizeof(float));
    }
    h->device[k] = h->host[k];
    set_pointers(&h->host[k], h->memory[k]);
    set_pointers(&h->device[k], h->copy[k]);
}

/* As for an input of width x height. */
static void make_heads(heads *h, int images, int width, int height)
{
    *h = (heads){.settings = fov_settings_default(), .images = images};
    for (int k = 0; k < h->settings.n_level; k++) {
        const int stride = h->settings.level[k].stride;
        make_level(h, k, (height + stride - 1) / stride, (width + stride - 1) / stride);
    }
    for (int i = 0; i < images; i++)
        h->mapping[i] = (fov_mapping){.offset = {(float)below(20), (float)below(20)}, .scale = {1.6F, 1.0F / (1.0F + (float)i)}};
}

static void free_heads(heads *h)
{
    for (int k = 0; k < h->settings.n_level; k++)
        for (int kind = 0; kind < KINDS; kind++) {
            free(h->memory[k][kind]);
            gpu_free(h->copy[k][kind]);
        }
}

/* One score of a pair: a face is likely at `share` of 1000 anchors. Of `steps` different values; 0: of any. */
static float score_of(bool face, int share, int steps)
{
    const float v = !face ? test_random_float(&dice, 0, 1) : below(1000) < share ? test_random_float(&dice, 1, 6) : -4.0F;
    return steps ? roundf(v * (float)steps / 6) * 6 / (float)steps : v;
}

static void set_scores(heads *h, int share, int steps)
{
    for (int k = 0; k < h->settings.n_level; k++) {
        const ptrdiff_t ld = h->host[k].head.scores_ld;
        for (int image = 0; image < h->images; image++) {
            float *cell = h->memory[k][0] + image * h->host[k].scores_image;
            for (int i = 0; i < h->host[k].head.rows * h->host[k].head.columns; i++, cell += ld)
                for (int j = 0; j < 2 * h->settings.level[k].n_anchor; j++) cell[j] = score_of(j % 2, share, steps);
        }
    }
}

static void spoil(heads *h, int kind, int share)
{
    static const float odd[] = {NAN, INFINITY, -INFINITY, 3e38F, -3e38F, 0.0F, -0.0F, 1e3F};
    for (int k = 0; k < h->settings.n_level; k++) {
        const size_t floats = head_floats(h, k, kind);
        for (size_t i = 0; i < floats; i++)
            if (below(1000) < share) h->memory[k][kind][i] = odd[below(8)];
    }
}

/* ---------------------------------------------------------------- comparing */

static fov_faces on_cpu(const heads *h, int image, const fov_detect_options *options, fov_face_buffer *buffer)
{
    fov_error err;
    fov_faces faces;
    fov_head  head[FOV_MAX_LEVELS];
    for (int k = 0; k < h->settings.n_level; k++) {
        head[k] = h->host[k].head;
        head[k].scores += image * h->host[k].scores_image;
        head[k].boxes += image * h->host[k].boxes_image;
        head[k].landmarks += image * h->host[k].landmarks_image;
    }
    assert_ok(fov_face_decode(&h->settings, head, &h->mapping[image], options, buffer, &faces, &err));
    return faces;
}

static bool near(const fov_face *a, const fov_face *b)
{
    const float *x = (const float *)a, *y = (const float *)b;
    for (int i = 0; i < FOV_FACES_FLOATS; i++)
        if (!(fabsf(x[i] - y[i]) <= 1e-5F * (1 + fabsf(x[i])))) return false;
    return true;
}

static void compare(const heads *h, int image, const fov_detect_options *options, const fov_faces *now)
{
    fov_face_buffer buffer = {0};
    const fov_faces expected = on_cpu(h, image, options, &buffer);
    assert_int_equal(now->count, expected.count);
    for (size_t i = 0; i < expected.count; i++)
        if (!near(&expected.face[i], &now->face[i]))
            fail_msg("image %d, face %zu of %zu: score %.9g at %g %g, expected %.9g at %g %g", image, i, expected.count,
                     (double)now->face[i].score, (double)now->face[i].box[0], (double)now->face[i].box[1],
                     (double)expected.face[i].score, (double)expected.face[i].box[0], (double)expected.face[i].box[1]);
    fov_face_buffer_clear(&buffer);
}

/* Twice, since a run leaves its memory as it found it. */
static void check(heads *h, const fov_detect_options *options)
{
    fov_error      err;
    fov_cuda_faces faces;
    for (int k = 0; k < h->settings.n_level; k++)
        for (int kind = 0; kind < KINDS; kind++)
            gpu_upload(h->copy[k][kind], h->memory[k][kind], head_floats(h, k, kind) * sizeof(float));
    assert_ok(fov_cuda_faces_init(&faces, &h->settings, h->device, h->images, options, &err));
    void *work = gpu_memory(faces.work_bytes), *result = gpu_memory(faces.result_bytes), *mapping = gpu_memory(sizeof h->mapping);
    void *zero = calloc(1, faces.zero_bytes), *found = malloc(faces.result_bytes);
    gpu_upload(work, zero, faces.zero_bytes);
    gpu_upload(mapping, h->mapping, sizeof h->mapping);
    fov_cuda_faces_place(&faces, work, result, mapping);
    for (int run = 0; run < 2; run++) {
        gpu_run(FOV_CUDA_FACES_COLLECT_KERNEL, fov_cuda_faces_collect_grid(&faces), &faces.params);
        gpu_run(FOV_CUDA_FACES_KEEP_KERNEL, fov_cuda_faces_keep_grid(&faces), &faces.params);
        gpu_download(found, result, faces.result_bytes);
        for (int i = 0; i < h->images; i++) {
            fov_faces now;
            fov_cuda_faces_read(&faces, found, i, &now);
            compare(h, i, options, &now);
        }
    }
    gpu_free(work);
    gpu_free(result);
    gpu_free(mapping);
    free(zero);
    free(found);
}

/* ---------------------------------------------------------------- cases */

static fov_detect_options options_of(float threshold, int top_k, int max_faces)
{
    fov_detect_options options = fov_detect_options_default();
    options.score_threshold = threshold;
    options.pre_nms_top_k = top_k;
    options.max_faces = max_faces;
    return options;
}

static void random_heads(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        heads              h;
        fov_detect_options options = options_of(test_random_float(&dice, 0, 1), 1 + below(400), 1 + below(200));
        options.nms_iou = test_random_float(&dice, 0, 1);
        make_heads(&h, 1 + below(MOST_IMAGES), 1 + below(200), 1 + below(200));
        set_scores(&h, below(300), below(2) * below(9));
        if (round % 3 == 0)
            for (int kind = 0; kind < KINDS; kind++) spoil(&h, kind, 20);
        check(&h, &options);
        free_heads(&h);
    }
}

static void usual_photos(void **state)
{
    (void)state;
    const fov_detect_options options = options_of(0.5F, 5000, 750);
    for (int share = 0; share <= 40; share += 10) {
        heads h;
        make_heads(&h, 2, 640, 640);
        set_scores(&h, share, 0);
        check(&h, &options);
        free_heads(&h);
    }
}

/* More candidates than can be sorted at once: selected, all sorted, and none left out. */
static void crowds(void **state)
{
    (void)state;
    static const struct {
        int top_k, max_faces, steps;
    } cases[] = {{5000, 750, 0}, {1 << 30, 1 << 30, 0}, {2048, 750, 3}, {2049, 20, 0}, {100, 100, 1}, {1, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const fov_detect_options options = options_of(0, cases[i].top_k, cases[i].max_faces);
        heads                    h;
        make_heads(&h, 1, 640, i == 1 ? 640 : 200);
        set_scores(&h, 500, cases[i].steps);
        if (i == 0) spoil(&h, 2, 3);
        check(&h, &options);
        free_heads(&h);
    }
}

/* Exactly so many candidates of the first image: the first anchors. */
static void set_candidates(heads *h, int count)
{
    set_scores(h, 0, 0);
    for (int k = 0; k < h->settings.n_level; k++) {
        const int anchors = h->settings.level[k].n_anchor, cells = h->host[k].head.rows * h->host[k].head.columns;
        for (int i = 0; i < cells * anchors && count > 0; i++, count--)
            h->memory[k][0][i / anchors * h->host[k].head.scores_ld + i % anchors * 2 + 1] = test_random_float(&dice, 2, 6);
    }
}

static void numbers_around_the_limits(void **state)
{
    (void)state;
    static const int counts[] = {1, 2, 3, 31, 32, 33, 63, 64, 65, 127, 129, 1023, 1024, 1025, 2047, 2048, 2049, 4095, 4096, 4097};
    heads            h;
    make_heads(&h, 1, 640, 200);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        fov_detect_options options = options_of(0.5F, 1 << 30, 1 << 30);
        options.nms_iou = i % 2 ? 1 : 0.4F;
        set_candidates(&h, counts[i]);
        check(&h, &options);
        options.pre_nms_top_k = 2048;
        check(&h, &options);
    }
    free_heads(&h);
}

static void no_faces(void **state)
{
    (void)state;
    heads h;
    make_heads(&h, 2, 64, 96);
    set_scores(&h, 0, 0);
    fov_detect_options options = options_of(1, 5000, 750);
    check(&h, &options);
    spoil(&h, 0, 1000);
    check(&h, &options);
    options.score_threshold = 0;
    check(&h, &options);
    free_heads(&h);
}

static void more_priors_than_numbers(void **state)
{
    (void)state;
    const fov_settings       settings = fov_settings_default();
    const fov_detect_options options = fov_detect_options_default();
    fov_cuda_head            head[FOV_MAX_LEVELS] = {{.head = {.rows = 1 << 15, .columns = 1 << 15}}};
    fov_cuda_faces           faces;
    fov_error                err;
    assert_int_equal(fov_cuda_faces_init(&faces, &settings, head, 1, &options, &err), FOV_ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_heads), cmocka_unit_test(usual_photos),
        cmocka_unit_test(crowds),       cmocka_unit_test(numbers_around_the_limits),
        cmocka_unit_test(no_faces),     cmocka_unit_test(more_priors_than_numbers),
    };
    return cmocka_run_group_tests(tests, gpu_open, NULL);
}
