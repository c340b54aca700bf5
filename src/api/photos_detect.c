// SPDX-License-Identifier: MIT
/* Many photos at the highest rate: a photo per thread, from its file to its faces, with no barrier but the order of the results.
 * Where the network runs on GPUs it is otherwise (photos_remote.c).
 *
 * Threads take photos in order and leave what they found in a ring of slots; the caller hands it on in order. A thread waits
 * when the ring is full, so a photo that takes long holds up no more than the ring's photos in memory. */
#include "api/detector.h"
#include "api/kept_faces.h"
#include "api/photos_remote.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/threads.h"

#include <string.h>

enum { SLOTS_PER_THREAD = 2, MAX_THREADS = 1024, MAX_DEVICES = 64 };
/* That load photos for a GPU: two keep it busy, for one's photo can be decoded during the network of the other's. */
enum { LEAST_PER_DEVICE = 2, MOST_PER_DEVICE = 16 };

typedef struct slot {
    fov_photo_result result;
    fov_kept_faces   kept; /* what the result points to */
    fov_error        err;
    bool             ready;
} slot;

typedef struct stream stream;

typedef struct worker {
    stream       *stream;
    fov_detector *detector;
    pthread_t     thread;
} worker;

struct stream {
    const fov_photo_source   *photos;
    const fov_detect_options *detect;
    pthread_mutex_t           lock;
    pthread_cond_t            room, found; /* for the threads, for the caller */
    size_t                    next;        /* photo to be taken               */
    size_t                    handed_on;   /* photos whose slots are free again */
    bool                      stop;
    size_t                    n_slot;
    slot                     *slot; /* photo i: slot i % n_slot */
    worker                   *worker;
    int                       n_worker, started;
};

/* ---------------------------------------------------------------- threads */

static fov_status find(const worker *w, slot *s)
{
    fov_photo_result *r = &s->result;
    const double      start = fov_clock_s();
    fov_faces         faces;
    fov_status        st = w->stream->photos->load(w->stream->photos->user, r->index, &r->photo, &s->err);
    if (!st && (st = fov_photo_finish(r->photo, &s->err))) {
        fov_photo_free(r->photo); /* one that cannot be decoded was not loaded */
        r->photo = NULL;
    }
    r->load_s = fov_clock_s() - start;
    if (st) return st;
    st = fov_detector_run_photo(w->detector, r->photo, w->stream->detect, &faces, &s->err);
    r->timing = fov_detector_timing(w->detector);
    return st ? st : fov_faces_keep(&s->kept, &faces, &s->result.faces, &s->err);
}

/* @return NULL: nothing is left to do */
static slot *take(stream *t)
{
    slot *taken = NULL;
    pthread_mutex_lock(&t->lock);
    while (!t->stop && t->next < t->photos->count && t->next - t->handed_on == t->n_slot) pthread_cond_wait(&t->room, &t->lock);
    if (!t->stop && t->next < t->photos->count) {
        taken = &t->slot[t->next % t->n_slot];
        taken->result = (fov_photo_result){.index = t->next++};
    }
    pthread_mutex_unlock(&t->lock);
    return taken;
}

static void *work(void *argument)
{
    const worker *w = argument;
    for (slot *s; (s = take(w->stream));) {
        s->err.message[0] = '\0';
        s->result.status = find(w, s);
        s->result.message = s->err.message;
        pthread_mutex_lock(&w->stream->lock);
        s->ready = true;
        pthread_cond_signal(&w->stream->found);
        pthread_mutex_unlock(&w->stream->lock);
    }
    return NULL;
}

/* ---------------------------------------------------------------- the caller */

/* @return whether to go on */
static bool hand_on(stream *t, size_t index, fov_photo_done *done, void *user)
{
    slot *s = &t->slot[index % t->n_slot];
    pthread_mutex_lock(&t->lock);
    while (!s->ready) pthread_cond_wait(&t->found, &t->lock);
    pthread_mutex_unlock(&t->lock);
    const bool go_on = done(user, &s->result);
    fov_photo_free(s->result.photo);
    s->result.photo = NULL;
    pthread_mutex_lock(&t->lock);
    s->ready = false;
    t->handed_on++;
    pthread_cond_signal(&t->room);
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

static fov_status start(stream *t, fov_error *err)
{
    int failed = 0;
    while (t->started < t->n_worker && !failed) {
        failed = fov_thread_start(&t->worker[t->started].thread, work, &t->worker[t->started]);
        t->started += !failed;
    }
    if (!failed) return FOV_OK;
    return fov_fail(err, FOV_ERR_DEVICE, "thread %d of %d could not be started: %s; ask for fewer threads", t->started + 1,
                    t->n_worker, strerror(failed));
}

static int default_threads(const fov_engine *engine, size_t n_device)
{
    const int processors = fov_cpu_threads(), devices = (int)n_device;
    if (!engine->backend->remote) return processors;
    const int each = (processors + devices - 1) / devices + 1;
    return devices * (each < LEAST_PER_DEVICE ? LEAST_PER_DEVICE : each > MOST_PER_DEVICE ? MOST_PER_DEVICE : each);
}

/* On as few GPUs as there are photos; on each of those at least one. */
static fov_status count_workers(stream *t, const fov_engine *engine, const fov_photos_options *options, size_t n_device,
                                fov_error *err)
{
    if (n_device > MAX_DEVICES) return fov_fail(err, FOV_ERR_ARGUMENT, "%zu devices: 1 to %d can be used", n_device, MAX_DEVICES);
    if (options->n_device && !engine->backend->remote)
        return fov_fail(
            err, FOV_ERR_ARGUMENT,
            "devices are chosen for an engine that runs on GPUs, and this one is for the backend %s: build or load it for "
            "cuda",
            engine->backend->name);
    t->n_worker = options->threads ? options->threads : default_threads(engine, n_device);
    if (t->n_worker < 1 || t->n_worker > MAX_THREADS)
        return fov_fail(err, FOV_ERR_ARGUMENT, "threads: %d, need 1 to %d", t->n_worker, MAX_THREADS);
    if ((size_t)t->n_worker < n_device) t->n_worker = (int)n_device;
    if ((size_t)t->n_worker > t->photos->count) t->n_worker = (int)t->photos->count;
    return FOV_OK;
}

static fov_status prepare(stream *t, const fov_engine *engine, const fov_photos_options *options, fov_error *err)
{
    const fov_detector_options alone = fov_detector_options_of(options);
    fov_status                 st = FOV_OK;
    t->n_slot = (size_t)t->n_worker * SLOTS_PER_THREAD;
    t->worker = fov_calloc((size_t)t->n_worker, sizeof *t->worker);
    t->slot = fov_calloc(t->n_slot, sizeof *t->slot);
    if (!t->worker || !t->slot) return fov_fail_memory(err, "detecting in many photos");
    for (int i = 0; i < t->n_worker && !st; i++) {
        t->worker[i].stream = t;
        st = fov_detector_new(engine, &alone, &t->worker[i].detector, err);
    }
    return st;
}

static void finish(stream *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    for (int i = 0; i < t->started; i++) pthread_join(t->worker[i].thread, NULL);
    for (int i = 0; t->worker && i < t->n_worker; i++) fov_detector_free(t->worker[i].detector);
    for (size_t i = 0; t->slot && i < t->n_slot; i++) {
        fov_photo_free(t->slot[i].result.photo);
        fov_free(t->slot[i].kept.face);
    }
    fov_free(t->worker);
    fov_free(t->slot);
    pthread_cond_destroy(&t->room);
    pthread_cond_destroy(&t->found);
    pthread_mutex_destroy(&t->lock);
}

fov_status fov_photos_detect(const fov_engine *engine, const fov_photo_source *photos, const fov_photos_options *options,
                             fov_photo_done *done, void *user, fov_error *err)
{
    static const fov_photos_options defaults;
    if (!options) options = &defaults;
    const bool   chosen = options->devices && options->n_device;
    const int   *devices = chosen ? options->devices : &engine->device;
    const size_t n_device = chosen ? options->n_device : 1;
    stream       t = {.photos = photos, .detect = options->detect};
    fov_status   st = count_workers(&t, engine, options, n_device, err);
    if (st || !photos->count) return st;
    if (engine->backend->remote) {
        fov_photos_options on_it = *options;
        on_it.threads = t.n_worker;
        return fov_photos_detect_remote(engine, photos, &on_it, devices, n_device, done, user, err);
    }
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.room, NULL);
    pthread_cond_init(&t.found, NULL);
    st = prepare(&t, engine, options, err);
    if (!st) st = start(&t, err);
    for (size_t i = 0; i < photos->count && !st; i++)
        if (!hand_on(&t, i, done, user))
            st = fov_fail(err, FOV_ERR_CANCELLED, "stopped after %zu of %zu photos", i + 1, photos->count);
    finish(&t);
    return st;
}
