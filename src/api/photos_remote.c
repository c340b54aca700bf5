// SPDX-License-Identifier: MIT
/* Many photos where the network runs elsewhere: threads load photos, and for each device a few others take those that are loaded,
 * as many as become inputs of one size, and have the device find the faces of all at once. While one waits for its batch, the next
 * is brought up by another. A batch is never waited for: one that is small finds the device idle.
 *
 * Results lie in a ring of slots, which the caller hands on in order. A loading thread waits when the ring is full. */
#include "api/photos_remote.h"

#include "api/detector.h"
#include "api/geometry.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/threads.h"
#include "media/media.h"

#include <string.h>

enum { RUNNERS_PER_DEVICE = 3, SLOTS_PER_LOADER = 2 };

typedef enum slot_state { FREE, LOADING, LOADED, RUNNING, DONE } slot_state;

typedef struct slot {
    fov_photo_result result;
    fov_face        *face; /* what the result points to */
    size_t           cap_face;
    int              width, height; /* of the network's input; 0: to be run alone, which may fail */
    fov_error        err;
    slot_state       state;
} slot;

typedef struct stream stream;

/* Has one thread, and, where it runs photos, a detector. */
typedef struct worker {
    stream       *stream;
    fov_detector *detector;
    pthread_t     thread;
} worker;

struct stream {
    const fov_engine       *engine;
    const fov_photo_source *photos;
    fov_detect_options      detect;
    pthread_mutex_t         lock;
    pthread_cond_t          room, loaded, done; /* for loaders, for runners, for the caller */
    size_t                  next;               /* photo to be loaded */
    size_t                  handed_on;          /* photos whose slots are free again */
    bool                    stop;
    size_t                  n_slot;
    slot                   *slot; /* photo i: slot i % n_slot */
    worker                 *worker;
    size_t                  n_runner, n_worker, started; /* runners come first */
};

/* ---------------------------------------------------------------- loading */

/* Which input the photo becomes. Where that cannot be told, the detector will say why. */
static void find_size(const stream *t, slot *s)
{
    fov_geometry geometry;
    s->width = s->height = 0;
    if (t->detect.resize == FOV_RESIZE_TILES || fov_detect_options_check(&t->detect, NULL) ||
        fov_geometry_make_photo(&t->engine->settings, &t->detect, s->result.photo, &geometry, NULL))
        return;
    s->width = geometry.letterbox.out_w;
    s->height = geometry.letterbox.out_h;
}

static void load(const stream *t, slot *s)
{
    const double start = fov_clock_s();
    s->err.message[0] = '\0';
    s->result.status = t->photos->load(t->photos->user, s->result.index, &s->result.photo, &s->err);
    s->result.load_s = fov_clock_s() - start;
    s->result.message = s->err.message;
    if (!s->result.status) find_size(t, s);
}

/* @return NULL: nothing is left to do */
static slot *take_photo(stream *t)
{
    slot *taken = NULL;
    while (!t->stop && t->next < t->photos->count && t->next - t->handed_on == t->n_slot) pthread_cond_wait(&t->room, &t->lock);
    if (!t->stop && t->next < t->photos->count) {
        taken = &t->slot[t->next % t->n_slot];
        taken->result = (fov_photo_result){.index = t->next++};
        taken->state = LOADING;
    }
    return taken;
}

static void *load_photos(void *argument)
{
    stream *t = ((worker *)argument)->stream;
    pthread_mutex_lock(&t->lock);
    for (slot *s; (s = take_photo(t));) {
        pthread_mutex_unlock(&t->lock);
        load(t, s);
        pthread_mutex_lock(&t->lock);
        s->state = s->result.status ? DONE : LOADED;
        pthread_cond_signal(s->state == DONE ? &t->done : &t->loaded);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---------------------------------------------------------------- running */

static fov_status keep_faces(slot *s, const fov_faces *faces, fov_error *err)
{
    if (faces->count > s->cap_face) {
        fov_face *more = fov_realloc_array(s->face, faces->count, sizeof *more);
        if (!more) return fov_fail_memory(err, "the faces of a photo");
        s->face = more;
        s->cap_face = faces->count;
    }
    if (faces->count) memcpy(s->face, faces->face, faces->count * sizeof *faces->face);
    s->result.faces = (fov_faces){faces->count, s->face};
    return FOV_OK;
}

static void run_alone(const worker *w, slot *s)
{
    fov_faces faces;
    s->result.status = fov_detector_run_photo(w->detector, s->result.photo, &w->stream->detect, &faces, &s->err);
    s->result.timing = fov_detector_timing(w->detector);
    if (!s->result.status) s->result.status = keep_faces(s, &faces, &s->err);
}

/* A batch's time is shared out among its photos. */
static void keep_batch(const worker *w, slot *const *batch, size_t count, const fov_faces *faces)
{
    const fov_timing all = fov_detector_timing(w->detector);
    const double     share = 1 / (double)count;
    for (size_t i = 0; i < count; i++) {
        batch[i]->result.timing = (fov_timing){all.preprocess_s * share, all.network_s * share, all.postprocess_s * share};
        batch[i]->result.status = keep_faces(batch[i], &faces[i], &batch[i]->err);
    }
}

/* A batch that fails is run photo by photo, so that each gets its own answer: it may have been too large for the memory. */
static void run(const worker *w, slot *const *batch, size_t count)
{
    fov_photo *photo[FOV_DETECTOR_BATCH];
    fov_faces  faces[FOV_DETECTOR_BATCH];
    for (size_t i = 0; i < count; i++) photo[i] = batch[i]->result.photo;
    if (count > 1 && !fov_detector_run_photos(w->detector, photo, count, &w->stream->detect, faces, NULL)) {
        keep_batch(w, batch, count, faces);
        return;
    }
    for (size_t i = 0; i < count; i++) run_alone(w, batch[i]);
}

/* The photos that are loaded and become inputs of the same size as the first of them. @return how many; 0: there are none now */
static size_t form_batch(stream *t, slot **batch)
{
    size_t count = 0, most = 1;
    for (size_t i = t->handed_on; i < t->next && count < most; i++) {
        slot *s = &t->slot[i % t->n_slot];
        if (s->state != LOADED) continue;
        if (!count && s->width) most = fov_detector_most_in_a_pass(s->width, s->height);
        if (count && (s->width != batch[0]->width || s->height != batch[0]->height)) continue;
        s->state = RUNNING;
        batch[count++] = s;
    }
    return count;
}

static void *run_photos(void *argument)
{
    const worker *w = argument;
    stream       *t = w->stream;
    slot         *batch[FOV_DETECTOR_BATCH];
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        const size_t count = form_batch(t, batch);
        if (!count) {
            pthread_cond_wait(&t->loaded, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        run(w, batch, count);
        pthread_mutex_lock(&t->lock);
        for (size_t i = 0; i < count; i++) batch[i]->state = DONE;
        pthread_cond_signal(&t->done);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---------------------------------------------------------------- the caller */

/* @return whether to go on */
static bool hand_on(stream *t, size_t index, fov_photo_done *done, void *user)
{
    slot *s = &t->slot[index % t->n_slot];
    pthread_mutex_lock(&t->lock);
    while (s->result.index != index || s->state != DONE) pthread_cond_wait(&t->done, &t->lock);
    pthread_mutex_unlock(&t->lock);
    const bool go_on = done(user, &s->result);
    fov_photo_free(s->result.photo);
    s->result.photo = NULL;
    pthread_mutex_lock(&t->lock);
    s->state = FREE;
    t->handed_on++;
    pthread_cond_signal(&t->room);
    pthread_mutex_unlock(&t->lock);
    return go_on;
}

static fov_status prepare(stream *t, size_t n_loader, const int *devices, size_t n_device, fov_error *err)
{
    static const fov_detector_options alone = {.threads = 1};
    fov_status                        st = FOV_OK;
    t->n_runner = n_device * RUNNERS_PER_DEVICE < t->photos->count ? n_device * RUNNERS_PER_DEVICE : t->photos->count;
    t->n_worker = t->n_runner + n_loader;
    t->n_slot = n_loader * SLOTS_PER_LOADER + t->n_runner * FOV_DETECTOR_BATCH;
    t->worker = fov_calloc(t->n_worker, sizeof *t->worker);
    t->slot = fov_calloc(t->n_slot, sizeof *t->slot);
    if (!t->worker || !t->slot) return fov_fail_memory(err, "detecting in many photos");
    for (size_t i = 0; i < t->n_worker; i++) t->worker[i].stream = t;
    for (size_t i = 0; i < t->n_runner && !st; i++)
        st = fov_detector_new_on(t->engine, &alone, devices[i % n_device], &t->worker[i].detector, err);
    return st;
}

static fov_status start(stream *t, fov_error *err)
{
    while (t->started < t->n_worker) {
        worker   *w = &t->worker[t->started];
        const int failed = fov_thread_start(&w->thread, w->detector ? run_photos : load_photos, w);
        if (failed)
            return fov_fail(err, FOV_ERR_DEVICE, "thread %zu of %zu could not be started: %s; ask for fewer threads",
                            t->started + 1, t->n_worker, strerror(failed));
        t->started++;
    }
    return FOV_OK;
}

static void finish(stream *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->room);
    pthread_cond_broadcast(&t->loaded);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->started; i++) pthread_join(t->worker[i].thread, NULL);
    for (size_t i = 0; t->worker && i < t->n_runner; i++) fov_detector_free(t->worker[i].detector);
    for (size_t i = 0; t->slot && i < t->n_slot; i++) {
        fov_photo_free(t->slot[i].result.photo);
        fov_free(t->slot[i].face);
    }
    fov_free(t->worker);
    fov_free(t->slot);
    pthread_cond_destroy(&t->room);
    pthread_cond_destroy(&t->loaded);
    pthread_cond_destroy(&t->done);
    pthread_mutex_destroy(&t->lock);
}

fov_status fov_photos_detect_remote(const fov_engine *engine, const fov_photo_source *photos, const fov_photos_options *options,
                                    const int *devices, size_t n_device, fov_photo_done *done, void *user, fov_error *err)
{
    stream t = {.engine = engine, .photos = photos, .detect = options->detect ? *options->detect : fov_detect_options_default()};
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.room, NULL);
    pthread_cond_init(&t.loaded, NULL);
    pthread_cond_init(&t.done, NULL);
    fov_status st = prepare(&t, (size_t)options->threads, devices, n_device, err);
    if (!st) st = start(&t, err);
    for (size_t i = 0; i < photos->count && !st; i++)
        if (!hand_on(&t, i, done, user))
            st = fov_fail(err, FOV_ERR_CANCELLED, "stopped after %zu of %zu photos", i + 1, photos->count);
    finish(&t);
    return st;
}
