// SPDX-License-Identifier: MIT
#include "crew/remote_work.h"

#include "clock.h"
#include "crew/answer.h"
#include "crew/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For how long at least a process that is being started is waited for. */
static const double RESTART_S = 10;

/* ---------------------------------------------------------------- asking */

/* RGB8 without gaps, as requests bring pixels. */
static size_t bytes_of(const srv_task *t)
{
    return t->data ? t->bytes : (size_t)3 * (size_t)t->pixels.width * (size_t)t->pixels.height;
}

static bool send_photo(int fd, const srv_task *t)
{
    srv_ask_photo photo;
    memset(&photo, 0, sizeof photo); /* nothing of the front's memory goes along */
    photo.bytes = bytes_of(t);
    photo.drawing = (int32_t)t->job->drawing;
    photo.width = t->data ? 0 : t->pixels.width;
    photo.height = t->data ? 0 : t->pixels.height;
    snprintf(photo.name, sizeof photo.name, "%s", t->name);
    return srv_wire_send(fd, &photo, sizeof photo) && srv_wire_send(fd, t->data ? t->data : t->pixels.data, photo.bytes);
}

static bool ask(int fd, srv_task *const *task, size_t count, bool alone)
{
    srv_ask a;
    memset(&a, 0, sizeof a);
    a.model = srv_model_id(task[0]->job->model);
    a.count = (uint32_t)count;
    a.alone = alone;
    memcpy(&a.detect, &task[0]->job->detect, sizeof a.detect);
    bool sent = srv_wire_send(fd, &a, sizeof a);
    for (size_t i = 0; i < count && sent; i++) sent = send_photo(fd, task[i]);
    return sent;
}

static void fail(srv_task *t, fov_status status)
{
    t->status = t->err.code = status;
}

static void not_up_in_time(srv_task *t)
{
    snprintf(t->err.message, sizeof t->err.message, "%s: the worker process is being started anew: ask again later", t->name);
    fail(t, FOV_ERR_CANCELLED);
}

static void took_too_long(srv_task *t)
{
    snprintf(t->err.message, sizeof t->err.message,
             "%s: looking at it took longer than a photo may, and was ended (fovea serve --work-time)", t->name);
    fail(t, FOV_ERR_INTERNAL);
}

/* One that is left when time is up is what took it. @return how many are done; all, or fewer where the process was lost */
static size_t exchange(srv_process *p, const srv_entry *entry, srv_task *const *task, size_t count, bool alone)
{
    const int fd = srv_process_enter(p, entry);
    size_t    done = 0;
    for (size_t i = 0; fd < 0 && i < count; i++) not_up_in_time(task[i]);
    if (fd < 0) return count;
    if (ask(fd, task, count, alone))
        while (done < count && srv_answer_receive(fd, task[done])) done++;
    const bool in_time = srv_process_leave(p, entry, done < count);
    if (in_time || done + 1 != count) return done;
    took_too_long(task[done]);
    return count;
}

/* ---------------------------------------------------------------- after a crash */

static double wait_until(const srv_task *t)
{
    return fmax(t->job->until_s, cli_now_s() + RESTART_S);
}

static void try_alone(srv_process *p, size_t lane, srv_task *t)
{
    char            how[128];
    const srv_entry entry = {lane, true, wait_until(t)};
    if (exchange(p, &entry, &t, 1, true)) return;
    srv_process_last_end(p, how, sizeof how);
    snprintf(t->err.message, sizeof t->err.message,
             "%s: the worker process that looked at it crashed, and again when it looked at nothing else (the first time, it %s): "
             "please report the photo to Fovea's makers",
             t->name, how);
    fail(t, FOV_ERR_INTERNAL);
}

void srv_remote_work(srv_process *p, size_t lane, srv_task *const *task, size_t count, bool alone)
{
    const srv_entry entry = {lane, false, wait_until(task[0])};
    for (size_t i = exchange(p, &entry, task, count, alone); i < count; i++) try_alone(p, lane, task[i]);
}
