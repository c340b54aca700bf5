// SPDX-License-Identifier: MIT
/* JPEGs by way of nvJPEG, which here is tests/cuda/fake_nvjpeg: what goes to it, what comes back, and what when it fails. */
#include "gpu.h"
#include "starve.h"

#include "backend/cuda/decoder.h"
#include "backend/cuda/nvjpeg.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 5, WIDTH = 53, HEIGHT = 31 };

static int *batched, *single;

static int open_all(void **state)
{
    void *fake = dlopen("libnvjpeg.so.13", RTLD_NOW);
    if (!fake) print_error("%s\n", dlerror());
    batched = fake ? dlsym(fake, "fake_nvjpeg_batched") : NULL;
    single = fake ? dlsym(fake, "fake_nvjpeg_single") : NULL;
    return batched && single ? gpu_open(state) : -1;
}

static void goes_wrong(const char *how)
{
    setenv("FAKE_NVJPEG", how, 1);
    *batched = *single = 0;
}

static fov_buffer jpeg_of(int width, int height)
{
    fov_error   err;
    fov_buffer  out;
    test_random r = {(uint64_t)width};
    uint8_t    *pixels = malloc((size_t)width * (size_t)height * 3);
    assert_non_null(pixels);
    for (int i = 0; i < width * height * 3; i++) pixels[i] = (uint8_t)test_random_int(&r, 0, 255);
    assert_ok(fov_jpeg_encode(&(fov_image){pixels, width, height, 3 * (ptrdiff_t)width, FOV_RGB8}, 90, &out, &err));
    free(pixels);
    return out;
}

static void check_pixels(const fov_nvjpeg_picture *p)
{
    fov_error      err;
    fov_photo     *photo;
    const size_t   bytes = p->pitch * (size_t)p->header->height, row = 3 * (size_t)p->header->width;
    uint8_t       *now = malloc(bytes);
    const uint8_t *expected;
    assert_ok(fov_photo_decode(p->in->data, p->in->size, p->in->name, NULL, &photo, &err));
    expected = fov_photo_pixels(photo);
    gpu_download(now, p->pixels, bytes);
    for (int y = 0; y < p->header->height; y++) assert_memory_equal(now + (size_t)y * p->pitch, expected + (size_t)y * row, row);
    fov_photo_free(photo);
    free(now);
}

/* MOST pictures of different sizes. @param damage one of them, that is spoilt after it was looked at; -1: none */
static void decode(int damage, bool decoded)
{
    fov_error          err;
    fov_nvjpeg        *d;
    fov_buffer         file[MOST];
    fov_encoded        in[MOST];
    fov_jpeg_header    header[MOST];
    fov_nvjpeg_picture p[MOST];
    assert_ok(fov_nvjpeg_new(gpu, &d, &err));
    for (int i = 0; i < MOST; i++) {
        file[i] = jpeg_of(WIDTH + i, HEIGHT + 3 * i);
        in[i] = (fov_encoded){file[i].data, file[i].size, "test.jpg"};
        assert_ok(fov_nvjpeg_look(d, &in[i], NULL, &header[i], &err));
        const size_t pitch = fov_nvjpeg_pitch(&header[i]);
        p[i] = (fov_nvjpeg_picture){&in[i], &header[i], gpu_memory(pitch * (size_t)header[i].height), pitch, false};
        if (i == damage) in[i].size /= 2;
    }
    for (size_t count = 1; count <= MOST; count += MOST - 1) {
        assert_ok(fov_nvjpeg_decode(d, p, count, NULL, &err));
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(p[i].decoded, decoded && (int)i != damage);
            if (p[i].decoded) check_pixels(&p[i]);
        }
    }
    fov_nvjpeg_free(d);
    for (int i = 0; i < MOST; i++) {
        fov_buffer_clear(&file[i]);
        gpu_free(p[i].pixels);
    }
}

static void one_and_batch(void **state)
{
    (void)state;
    static const char *const ways[] = {"", "no_flags", "no_hardware"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        goes_wrong(ways[i]);
        decode(-1, true);
        assert_int_equal(*single, 1);
        assert_int_equal(*batched, MOST);
    }
}

static void batch_that_fails_is_taken_apart(void **state)
{
    (void)state;
    static const char *const ways[] = {"no_batches", "bad_batch"};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        goes_wrong(ways[i]);
        decode(-1, true);
        assert_int_equal(*single, 1 + MOST);
        assert_int_equal(*batched, 0);
    }
}

static void damaged_ones_are_told(void **state)
{
    (void)state;
    goes_wrong("");
    decode(2, true);
    goes_wrong("bad");
    decode(-1, false);
}

static void cannot_start(void **state)
{
    (void)state;
    fov_error   err;
    fov_nvjpeg *d;
    goes_wrong("no_start");
    assert_int_equal(fov_nvjpeg_new(gpu, &d, &err), FOV_ERR_DEVICE);
    assert_null(d);
    goes_wrong("no_memory");
    assert_int_equal(fov_nvjpeg_new(gpu, &d, &err), FOV_ERR_MEMORY);
    assert_null(d);
}

static void refused(void **state)
{
    (void)state;
    fov_error               err;
    fov_nvjpeg             *d;
    fov_jpeg_header         header;
    const fov_photo_options few = {.max_pixels = WIDTH * HEIGHT - 1};
    fov_buffer              file = jpeg_of(WIDTH, HEIGHT);
    const fov_encoded       in = {file.data, file.size, "test.jpg"}, part = {file.data, file.size - 1, "test.jpg"};
    goes_wrong("");
    assert_ok(fov_nvjpeg_new(gpu, &d, &err));
    assert_int_equal(fov_nvjpeg_look(d, &in, &few, &header, &err), FOV_ERR_LIMIT);
    assert_int_equal(fov_nvjpeg_look(d, &part, NULL, &header, &err), FOV_ERR_FORMAT);
    goes_wrong("other_size");
    assert_int_equal(fov_nvjpeg_look(d, &in, NULL, &header, &err), FOV_ERR_UNSUPPORTED);
    fov_nvjpeg_free(d);
    fov_buffer_clear(&file);
}

static fov_status open_and_close(const void *user, fov_error *err)
{
    fov_decoder *d;
    fov_status   st = fov_decoder_open(0, &d, err);
    (void)user;
    fov_decoder_close(d);
    return st;
}

static void memory_of_the_host_runs_out(void **state)
{
    (void)state;
    goes_wrong("");
    starve("a decoder", open_and_close, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_and_batch),
        cmocka_unit_test(batch_that_fails_is_taken_apart),
        cmocka_unit_test(damaged_ones_are_told),
        cmocka_unit_test(cannot_start),
        cmocka_unit_test(refused),
        cmocka_unit_test(memory_of_the_host_runs_out),
    };
    return cmocka_run_group_tests(tests, open_all, NULL);
}
