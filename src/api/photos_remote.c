// SPDX-License-Identifier: MIT
/* Many photos where the network runs elsewhere: threads load photos, and for each device a few others take those that are loaded,
 * as many as become inputs of one size, and have the device find the faces of all at once. While one waits for its batch, the next
 * is brought up by another. A batch is never waited for: one that is small finds the device idle.
 *
 * Photos whose decoding was deferred are decoded by the device, if it has a decoder that is worth its long start, in which case a
 * thread of its own starts it meanwhile; else, and as long as the decoder has enough to do, by the threads that load them.
 *
 * Results lie in a ring of slots, which the caller hands on in order. A loading thread waits when the ring is full. */
#include "api/photos_remote.h"

#include "api/detector.h"
#include "api/geometry.h"
#include "api/kept_faces.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/threads.h"
#include "media/deferred.h"

#include <string.h>
#include <time.h>

enum { RUNNERS_PER_DEVICE = 3, SLOTS_PER_LOADER = 2, ANY_DEVICE = -1 };

/* A decoder takes most of a second to start, which must be a small part of what is left to do. */
static const double LOOK_S = 0.25, WORTH_S = 3;

typedef enum slot_state { FREE, LOADING, ENCODED, DECODING, LOADED, RUNNING, DONE } slot_state;

typedef struct slot {
    fov_photo_result   result;
    fov_kept_faces     kept;          /* what the result points to */
    int                width, height; /* of the network's input; 0: to be run alone, which may fail */
    fov_remote_picture picture;       /* where a decoder of a device puts the pixels */
    int                device, owner; /* which has the pixels, ANY_DEVICE: the host does; which the picture's memory is of */
    fov_error          err;
    slot_state         state;
} slot;

typedef struct stream stream;

/* Has one thread. */
typedef struct worker {
    stream *stream;
    void *(*work)(void *worker);
    int           device;   /* of a runner, of a decoder: which of all */
    fov_detector *detector; /* of a runner */
    fov_decoder  *decoder;  /* of a decoder */
    pthread_t     thread;
} worker;

struct stream {
    const fov_engine       *engine;
    const fov_photo_source *photos;
    fov_detect_options      detect;
    pthread_mutex_t         lock;
    pthread_cond_t          room, loaded, done;  /* for loaders, for runners, for the caller */
    pthread_cond_t          encoded;             /* for decoders */
    size_t                  n_encoded, decoders; /* photos that wait for one; how many work */
    const int              *devices;
    size_t                  n_device;
    bool                    any_deferred; /* a photo came encoded */
    double                  begin;
    size_t                  next;      /* photo to be loaded */
    size_t                  handed_on; /* photos whose slots are free again */
    bool                    stop;
    size_t                  n_slot;
    slot                   *slot; /* photo i: slot i % n_slot */
    worker                 *worker;
    size_t                  n_worker, started;
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

/* Here, because no decoder has it, or could do it. */
static slot_state decode_here(slot *s)
{
    const double start = fov_clock_s();
    s->device = ANY_DEVICE;
    s->result.status = fov_photo_finish(s->result.photo, &s->err);
    s->result.load_s += fov_clock_s() - start;
    if (!s->result.status) return LOADED;
    fov_photo_free(s->result.photo); /* one that cannot be decoded was not loaded */
    s->result.photo = NULL;
    return DONE;
}

/* @return what the slot is now */
static slot_state load(stream *t, slot *s)
{
    const double start = fov_clock_s();
    s->err.message[0] = '\0';
    s->device = ANY_DEVICE;
    s->result.status = t->photos->load(t->photos->user, s->result.index, &s->result.photo, &s->err);
    s->result.load_s = fov_clock_s() - start;
    s->result.message = s->err.message;
    if (s->result.status) return DONE;
    find_size(t, s);
    if (!s->result.photo->deferred) return LOADED;
    pthread_mutex_lock(&t->lock);
    t->any_deferred = true;
    const bool by_decoder = s->width && t->n_encoded < t->decoders * FOV_DECODER_BATCH;
    if (by_decoder) t->n_encoded++;
    pthread_mutex_unlock(&t->lock);
    return by_decoder ? ENCODED : decode_here(s);
}

static void set_state(stream *t, slot *s, slot_state state)
{
    s->state = state;
    if (state == ENCODED) pthread_cond_signal(&t->encoded);
    else if (state == LOADED) pthread_cond_broadcast(&t->loaded); /* a runner of the right device must hear it */
    else pthread_cond_signal(&t->done);
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
        const slot_state state = load(t, s);
        pthread_mutex_lock(&t->lock);
        set_state(t, s, state);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---------------------------------------------------------------- decoding elsewhere */

/* Wait until it is known that a decoder is worth its start. Behind the lock. @return false: it is not, and all is done */
static bool wait_for_need(stream *t)
{
    while (!t->stop && t->handed_on < t->photos->count) {
        struct timespec until;
        const double    took = fov_clock_s() - t->begin, left = (double)(t->photos->count - t->handed_on);
        if (t->any_deferred && t->handed_on && took > LOOK_S && took / (double)t->handed_on * left > WORTH_S) return true;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += (long)(LOOK_S * 1e9);
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&t->encoded, &t->lock, &until);
    }
    return false;
}

/* Photos that wait for a decoder. @return how many; 0: there are none now */
static size_t take_encoded(stream *t, slot **batch)
{
    size_t count = 0;
    for (size_t i = t->handed_on; i < t->next && count < FOV_DECODER_BATCH; i++) {
        slot *s = &t->slot[i % t->n_slot];
        if (s->state != ENCODED) continue;
        s->state = DECODING;
        batch[count++] = s;
    }
    t->n_encoded -= count;
    return count;
}

/* Memory that is of another device's decoder is not this one's to free: such a slot keeps to that device. */
static bool can_take(const worker *w, const slot *s)
{
    return !s->picture.memory || s->owner == w->device;
}

static void decode_batch(const worker *w, slot *const *batch, size_t count, slot_state *state)
{
    fov_remote_picture picture[FOV_DECODER_BATCH];
    size_t             place[FOV_DECODER_BATCH], taken = 0;
    const double       start = fov_clock_s();
    for (size_t i = 0; i < count; i++) {
        const struct fov_deferred *d = batch[i]->result.photo->deferred;
        if (!can_take(w, batch[i])) continue;
        picture[taken] = batch[i]->picture;
        picture[taken].in = &d->in;
        picture[taken].header = &d->header;
        picture[taken].options = &d->options;
        place[taken++] = i;
    }
    const fov_status st = w->stream->engine->backend->remote->decode(w->decoder, picture, taken, NULL);
    const double     share = (fov_clock_s() - start) / (double)count;
    for (size_t i = 0; i < count; i++) state[i] = ENCODED;
    for (size_t k = 0; k < taken; k++) {
        slot *s = batch[place[k]]; /* cppcheck-suppress uninitvar ; `taken` places were set above */
        s->picture = picture[k];
        s->owner = w->device;
        if (st || !picture[k].decoded) continue;
        s->device = w->device;
        s->result.load_s += share;
        state[place[k]] = LOADED;
    }
    for (size_t i = 0; i < count; i++)
        if (state[i] == ENCODED) state[i] = decode_here(batch[i]);
}

static void decode_all(const worker *w)
{
    stream    *t = w->stream;
    slot      *batch[FOV_DECODER_BATCH];
    slot_state state[FOV_DECODER_BATCH];
    while (!t->stop) {
        const size_t count = take_encoded(t, batch);
        if (!count) {
            pthread_cond_wait(&t->encoded, &t->lock);
            continue;
        }
        pthread_mutex_unlock(&t->lock);
        decode_batch(w, batch, count, state);
        pthread_mutex_lock(&t->lock);
        for (size_t i = 0; i < count; i++) set_state(t, batch[i], state[i]);
    }
}

static void *decode_photos(void *argument)
{
    worker *w = argument;
    stream *t = w->stream;
    pthread_mutex_lock(&t->lock);
    const bool needed = wait_for_need(t);
    pthread_mutex_unlock(&t->lock);
    if (!needed || t->engine->backend->remote->open_decoder(t->devices[w->device], &w->decoder, NULL)) return NULL;
    pthread_mutex_lock(&t->lock);
    t->decoders++;
    decode_all(w);
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

/* ---------------------------------------------------------------- running */

static fov_detector_photo photo_of(const slot *s)
{
    const bool there = s->device != ANY_DEVICE;
    return (fov_detector_photo){s->result.photo, there ? &s->picture : NULL, there ? s->picture.header->orientation : 1};
}

static void run_alone(const worker *w, slot *s)
{
    const fov_detector_photo photo = photo_of(s);
    fov_faces                faces;
    s->result.status = photo.picture ? fov_detector_run_photos(w->detector, &photo, 1, &w->stream->detect, &faces, &s->err)
                                     : fov_detector_run_photo(w->detector, s->result.photo, &w->stream->detect, &faces, &s->err);
    s->result.timing = fov_detector_timing(w->detector);
    if (!s->result.status) s->result.status = fov_faces_keep(&s->kept, &faces, &s->result.faces, &s->err);
}

/* A batch's time is shared out among its photos. */
static void keep_batch(const worker *w, slot *const *batch, size_t count, const fov_faces *faces)
{
    const fov_timing all = fov_detector_timing(w->detector);
    const double     share = 1 / (double)count;
    for (size_t i = 0; i < count; i++) {
        batch[i]->result.timing = (fov_timing){all.preprocess_s * share, all.network_s * share, all.postprocess_s * share};
        batch[i]->result.status = fov_faces_keep(&batch[i]->kept, &faces[i], &batch[i]->result.faces, &batch[i]->err);
    }
}

/* A batch that fails is run photo by photo, so that each gets its own answer: it may have been too large for the memory. */
static void run(const worker *w, slot *const *batch, size_t count)
{
    fov_detector_photo photo[FOV_DETECTOR_BATCH];
    fov_faces          faces[FOV_DETECTOR_BATCH];
    for (size_t i = 0; i < count; i++) {
        photo[i] = photo_of(batch[i]);
        batch[i]->result.device = w->stream->devices[w->device];
    }
    if (count > 1 && !fov_detector_run_photos(w->detector, photo, count, &w->stream->detect, faces, NULL)) {
        keep_batch(w, batch, count, faces);
        return;
    }
    for (size_t i = 0; i < count; i++) run_alone(w, batch[i]);
}

/* A power of 2, for each number of photos takes a plan of its own, which takes milliseconds to make. */
static size_t rounded_down(size_t count)
{
    size_t power = 1;
    while (2 * power <= count) power *= 2;
    return power;
}

/* The photos that are loaded, not elsewhere, and become inputs of the same size as the first of them. @return how many; 0: there
 * are none now */
static size_t form_batch(stream *t, int device, slot **batch)
{
    size_t count = 0, most = 1;
    for (size_t i = t->handed_on; i < t->next && count < most; i++) {
        slot *s = &t->slot[i % t->n_slot];
        if (s->state != LOADED || (s->device != ANY_DEVICE && s->device != device)) continue;
        if (!count && s->width) most = fov_detector_most_in_a_pass(s->width, s->height);
        if (count && (s->width != batch[0]->width || s->height != batch[0]->height)) continue;
        batch[count++] = s;
    }
    if (count) count = rounded_down(count);
    for (size_t i = 0; i < count; i++) batch[i]->state = RUNNING;
    return count;
}

static void *run_photos(void *argument)
{
    const worker *w = argument;
    stream       *t = w->stream;
    slot         *batch[FOV_DETECTOR_BATCH];
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        const size_t count = form_batch(t, w->device, batch);
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

static void add_worker(stream *t, void *(*work)(void *), size_t device)
{
    t->worker[t->n_worker++] = (worker){.stream = t, .work = work, .device = (int)device};
}

/* Plugins decode heads on the host, with all that is before them there. */
static bool may_decode_there(const stream *t)
{
    return !fov_graph_gives_table(t->engine->graph);
}

static fov_status prepare(stream *t, const fov_photos_options *options, fov_error *err)
{
    const fov_detector_options alone = fov_detector_options_of(options);
    const size_t               n_loader = (size_t)options->threads, all_runners = t->n_device * RUNNERS_PER_DEVICE,
                 n_runner = all_runners < t->photos->count ? all_runners : t->photos->count;
    fov_status st = FOV_OK;
    t->n_slot = n_loader * SLOTS_PER_LOADER + n_runner * FOV_DETECTOR_BATCH + t->n_device * FOV_DECODER_BATCH;
    t->worker = fov_calloc(n_runner + n_loader + t->n_device, sizeof *t->worker);
    t->slot = fov_calloc(t->n_slot, sizeof *t->slot);
    if (!t->worker || !t->slot) return fov_fail_memory(err, "detecting in many photos");
    for (size_t i = 0; i < n_runner && !st; i++) {
        add_worker(t, run_photos, i % t->n_device);
        st = fov_detector_new_on(t->engine, &alone, t->devices[i % t->n_device], &t->worker[i].detector, err);
    }
    for (size_t i = 0; i < n_loader; i++) add_worker(t, load_photos, 0);
    for (size_t i = 0; i < t->n_device && may_decode_there(t); i++) add_worker(t, decode_photos, i);
    return st;
}

static fov_status start(stream *t, fov_error *err)
{
    while (t->started < t->n_worker) {
        worker   *w = &t->worker[t->started];
        const int failed = fov_thread_start(&w->thread, w->work, w);
        if (failed)
            return fov_fail(err, FOV_ERR_DEVICE, "thread %zu of %zu could not be started: %s; ask for fewer threads",
                            t->started + 1, t->n_worker, strerror(failed));
        t->started++;
    }
    return FOV_OK;
}

static void close_worker(stream *t, worker *w)
{
    fov_detector_free(w->detector);
    if (!w->decoder) return;
    for (size_t i = 0; i < t->n_slot; i++)
        if (t->slot[i].owner == w->device) t->engine->backend->remote->release_picture(w->decoder, &t->slot[i].picture);
    t->engine->backend->remote->close_decoder(w->decoder);
}

static void finish(stream *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->room);
    pthread_cond_broadcast(&t->loaded);
    pthread_cond_broadcast(&t->encoded);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->started; i++) pthread_join(t->worker[i].thread, NULL);
    for (size_t i = 0; t->worker && i < t->n_worker; i++) close_worker(t, &t->worker[i]);
    for (size_t i = 0; t->slot && i < t->n_slot; i++) {
        fov_photo_free(t->slot[i].result.photo);
        fov_free(t->slot[i].kept.face);
    }
    fov_free(t->worker);
    fov_free(t->slot);
    pthread_cond_destroy(&t->room);
    pthread_cond_destroy(&t->loaded);
    pthread_cond_destroy(&t->done);
    pthread_cond_destroy(&t->encoded);
    pthread_mutex_destroy(&t->lock);
}

fov_status fov_photos_detect_remote(const fov_engine *engine, const fov_photo_source *photos, const fov_photos_options *options,
                                    const int *devices, size_t n_device, fov_photo_done *done, void *user, fov_error *err)
{
    stream t = {
        .engine = engine,
        .photos = photos,
        .detect = options->detect ? *options->detect : fov_detect_options_default(),
        .devices = devices,
        .n_device = n_device,
        .begin = fov_clock_s(),
    };
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.room, NULL);
    pthread_cond_init(&t.loaded, NULL);
    pthread_cond_init(&t.done, NULL);
    pthread_cond_init(&t.encoded, NULL);
    fov_status st = prepare(&t, options, err);
    if (!st) st = start(&t, err);
    for (size_t i = 0; i < photos->count && !st; i++)
        if (!hand_on(&t, i, done, user))
            st = fov_fail(err, FOV_ERR_CANCELLED, "stopped after %zu of %zu photos", i + 1, photos->count);
    finish(&t);
    return st;
}
