// SPDX-License-Identifier: MIT
/* Many photos on one GPU and on all of them: the same faces in the same order, and every GPU has its share. */
#include "support.h"

#include <jansson.h>
#include <pthread.h>
#include <string.h>

enum { COUNT = 6, MOST = 8 };

typedef struct found {
    size_t   count, handed_on;
    fov_face face[COUNT][MOST];
    size_t   faces[COUNT];
    int      device[COUNT];
} found;

/* The first photo is there when the second was asked for too: so two threads have one each. */
typedef struct stream {
    const fov_photo *from;
    pthread_mutex_t  lock;
    pthread_cond_t   asked;
    size_t           most_asked, together;
    found            result;
} stream;

static int devices_here(void)
{
    char   *text = fov_doctor_json();
    json_t *info = json_loads(text, 0, NULL), *cuda = json_object_get(info, "cuda");
    int     count = json_is_true(json_object_get(cuda, "usable")) ? (int)json_array_size(json_object_get(cuda, "devices")) : 0;
    json_decref(info);
    fov_string_free(text);
    return count;
}

#define NEED_DEVICES(variable, least)                                                                                              \
    const int variable = devices_here();                                                                                           \
    if (variable < (least)) {                                                                                                      \
        print_message("skipped: %d GPUs are here, %d are needed\n", variable, least);                                              \
        skip();                                                                                                                    \
    }

static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    stream         *s = user;
    const fov_image in = fov_photo_image(s->from);
    const int       w = 120 + 8 * (int)(index % 2), h = 128, x = 160, y = 50 + (int)index;
    pthread_mutex_lock(&s->lock);
    if (index + 1 > s->most_asked) s->most_asked = index + 1;
    pthread_cond_broadcast(&s->asked);
    while (index + 1 < s->together && s->most_asked < s->together) pthread_cond_wait(&s->asked, &s->lock);
    pthread_mutex_unlock(&s->lock);
    fov_status st = fov_photo_new(w, h, photo, err);
    for (int i = 0; i < h && !st; i++)
        memcpy(fov_photo_pixels(*photo) + i * 3 * w, in.data + (y + i) * in.pitch + 3 * x, 3 * (size_t)w);
    return st;
}

static bool keep(void *user, const fov_photo_result *r)
{
    found *f = &((stream *)user)->result;
    assert_int_equal(r->status, FOV_OK);
    assert_int_equal(r->index, f->handed_on);
    assert_in_range(r->faces.count, 0, MOST);
    f->faces[r->index] = r->faces.count;
    f->count += r->faces.count;
    f->device[r->index] = r->device;
    memcpy(f->face[r->index], r->faces.face, r->faces.count * sizeof *r->faces.face);
    f->handed_on++;
    return true;
}

static fov_status run(stream *s, const char *backend, const int *devices, size_t n_device, int threads, fov_error *err)
{
    fov_engine            *engine = NULL;
    fov_photo             *photo = NULL;
    const fov_photo_source source = {COUNT, load, s};
    fov_status             st = fov_engine_open("default", NULL, &(fov_engine_options){.backend = backend}, &engine, err);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->asked, NULL);
    if (!st) st = fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, err);
    s->from = photo;
    if (!st)
        st = fov_photos_detect(engine, &source, &(fov_photos_options){.threads = threads, .devices = devices, .n_device = n_device},
                               keep, s, err);
    pthread_cond_destroy(&s->asked);
    pthread_mutex_destroy(&s->lock);
    fov_photo_free(photo);
    fov_engine_free(engine);
    return st;
}

static void a_gpu_finds_what_it_finds_alone(void **state)
{
    (void)state;
    static stream one, some;
    fov_error     err;
    NEED_DEVICES(devices, 1);
    (void)devices;
    assert_ok(run(&one, "cuda", NULL, 0, 1, &err));
    assert_ok(run(&some, "cuda", NULL, 0, 0, &err));
    assert_int_equal(one.result.handed_on, COUNT);
    assert_true(one.result.count >= COUNT / 2);
    assert_memory_equal(&one.result, &some.result, sizeof one.result);
}

static void several_gpus_find_the_same(void **state)
{
    (void)state;
    static stream    one, both = {.together = 2};
    static const int list[] = {1, 0};
    fov_error        err;
    NEED_DEVICES(devices, 2);
    (void)devices;
    assert_ok(run(&one, "cuda", NULL, 0, 1, &err));
    assert_ok(run(&both, "cuda", list, 2, 1, &err)); /* photos go to whichever GPU is free: which have how many is left to chance */
    for (int i = 0; i < COUNT; i++) {
        assert_in_range(both.result.device[i], 0, 1);
        assert_int_equal(one.result.device[i], 0);
    }
    memset(both.result.device, 0, sizeof both.result.device);
    assert_memory_equal(&one.result, &both.result, sizeof one.result);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    static stream    s;
    static const int absent[] = {63}, first[] = {0};
    fov_error        err;
    NEED_DEVICES(devices, 1);
    (void)devices;
    assert_int_equal(run(&s, "cpu", first, 1, 0, &err), FOV_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "this one is for the backend cpu"));
    assert_int_equal(run(&s, "cuda", absent, 1, 0, &err), FOV_ERR_DEVICE);
    assert_non_null(strstr(err.message, "there is no GPU 63"));
    assert_int_equal(run(&s, "cuda", absent, 65, 0, &err), FOV_ERR_ARGUMENT);
    assert_int_equal(s.result.handed_on, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gpu_finds_what_it_finds_alone),
        cmocka_unit_test(several_gpus_find_the_same),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests_name("cuda_photos", tests, NULL, NULL);
}
