// SPDX-License-Identifier: MIT
#include "crew/lane.h"

#include "crew/protocol.h"
#include "crew/wire.h"
#include "photo_work.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---------------------------------------------------------------- models */

struct srv_held {
    uint32_t         id;
    srv_model       *model;
    struct srv_held *next;
};

void srv_lanes_init(srv_lanes *l)
{
    pthread_mutex_init(&l->lock, NULL);
}

bool srv_lanes_add_model(srv_lanes *l, uint32_t id, srv_model *model)
{
    struct srv_held *held = malloc(sizeof *held);
    if (!held) return false;
    pthread_mutex_lock(&l->lock);
    *held = (struct srv_held){id, model, l->first};
    l->first = held;
    pthread_mutex_unlock(&l->lock);
    return true;
}

void srv_lanes_remove_model(srv_lanes *l, uint32_t id)
{
    pthread_mutex_lock(&l->lock);
    struct srv_held **at = &l->first, *held;
    while (*at && (*at)->id != id) at = &(*at)->next;
    held = *at;
    if (held) *at = held->next;
    pthread_mutex_unlock(&l->lock);
    if (held) srv_model_release(held->model);
    free(held);
}

/* The caller's reference; NULL: there is none of that number. */
static srv_model *find_model(srv_lanes *l, uint32_t id)
{
    pthread_mutex_lock(&l->lock);
    const struct srv_held *held = l->first;
    while (held && held->id != id) held = held->next;
    srv_model *model = held ? srv_model_refer(held->model) : NULL;
    pthread_mutex_unlock(&l->lock);
    return model;
}

/* ---------------------------------------------------------------- photos */

/* What was asked at once. Each photo is a job of its own, for each may be drawn or not. */
typedef struct asked {
    int       fd;
    srv_ask   ask;
    srv_task *task[SRV_MAX_BATCH];
    void     *data[SRV_MAX_BATCH];
} asked;

static void look_at(srv_task *t, const srv_ask_photo *photo, const void *data)
{
    memcpy(t->name, photo->name, sizeof t->name);
    t->job->drawing = (srv_drawing)photo->drawing;
    if (photo->width > 0) {
        t->pixels = (fov_image){data, photo->width, photo->height, (ptrdiff_t)3 * photo->width, FOV_RGB8};
    } else {
        t->data = data;
        t->bytes = photo->bytes;
    }
}

/* A photo for which there is no memory is told as such, and its bytes are let pass. */
static bool receive_photo(asked *a, size_t i, srv_model *model)
{
    srv_ask_photo photo;
    if (!srv_wire_receive(a->fd, &photo, sizeof photo)) return false;
    srv_job *job = srv_job_new(srv_model_refer(model), &a->ask.detect, 1);
    if (!job) _exit(SRV_WORKER_NO_MEMORY);
    srv_task *t = a->task[i] = job->task;
    a->data[i] = malloc(photo.bytes ? photo.bytes : 1);
    look_at(t, &photo, a->data[i]);
    if (a->data[i]) return srv_wire_receive(a->fd, a->data[i], photo.bytes);
    t->status = t->err.code = FOV_ERR_MEMORY;
    snprintf(t->err.message, sizeof t->err.message, "%s: no memory for its %llu bytes", t->name, (unsigned long long)photo.bytes);
    return srv_wire_throw_away(a->fd, photo.bytes);
}

static bool tell_photo(int fd, const srv_task *t)
{
    const size_t face_bytes = t->faces * sizeof *t->face;
    srv_told     told = {.status = (int32_t)t->status, .width = t->width, .height = t->height, .pass = (uint32_t)t->pass};
    told.times = t->times;
    if (t->status) memcpy(told.message, t->err.message, sizeof told.message);
    else told.faces = t->faces;
    if (!t->status) told.picture_bytes = t->picture_bytes;
    return srv_wire_send(fd, &told, sizeof told) &&
           (t->status || (srv_wire_send(fd, t->face, face_bytes) && srv_wire_send(fd, t->picture, t->picture_bytes)));
}

static void do_work(const asked *a, const srv_config *config)
{
    srv_task *live[SRV_MAX_BATCH];
    size_t    count = 0;
    for (size_t i = 0; i < a->ask.count; i++)
        if (!a->task[i]->status) live[count++] = a->task[i];
    if (count) srv_photo_work(live, count, a->ask.alone, config);
}

/* @return false: the front is gone */
static bool answer(srv_lanes *l, asked *a)
{
    bool here = srv_wire_receive(a->fd, &a->ask, sizeof a->ask);
    if (!here) return false;
    srv_model *model = find_model(l, a->ask.model);
    if (!model) _exit(EXIT_FAILURE); /* the front asks for what it loaded */
    for (size_t i = 0; i < a->ask.count && here; i++) here = receive_photo(a, i, model);
    if (here) do_work(a, l->config);
    for (size_t i = 0; i < a->ask.count && here; i++) here = tell_photo(a->fd, a->task[i]);
    for (size_t i = 0; i < a->ask.count && a->task[i]; i++) {
        srv_job_free(a->task[i]->job);
        free(a->data[i]);
    }
    srv_model_release(model);
    return here;
}

typedef struct lane {
    srv_lanes *all;
    int        fd;
} lane;

static void *serve_lane(void *user)
{
    const lane own = *(lane *)user;
    bool       here = true;
    free(user);
    while (here) {
        asked a = {.fd = own.fd};
        here = answer(own.all, &a);
    }
    close(own.fd);
    return NULL;
}

bool srv_lanes_open(srv_lanes *l, int fd)
{
    pthread_t thread;
    lane     *own = malloc(sizeof *own);
    if (!own) return false;
    *own = (lane){l, fd};
    const bool started = fd >= 0 && !pthread_create(&thread, NULL, serve_lane, own);
    if (started) pthread_detach(thread);
    else free(own);
    return started;
}
