// SPDX-License-Identifier: MIT
#include "crew/remote_work.h"

#include "clock.h"
#include "crew/answer.h"
#include "crew/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

/* ---------------------------------------------------------------- messages */

static void fail(srv_task *t, fov_status status)
{
    t->status = t->err.code = status;
}

static const char *why_not_in(srv_process_state state)
{
    switch (state) {
    case SRV_UP:
        return "after a crash, the worker process looks at one photo at a time";
    case SRV_STARTING:
        return "the worker process is being started anew";
    default:
        return "the worker process is given up, or ends";
    }
}

static void not_in_time(srv_task *t, srv_process_state state)
{
    snprintf(t->err.message, sizeof t->err.message, "%s: %s: ask again later", t->name, why_not_in(state));
    fail(t, FOV_ERR_CANCELLED);
}

static void took_too_long(srv_task *t)
{
    snprintf(t->err.message, sizeof t->err.message,
             "%s: looking at it took longer than a photo may, and was ended (fovea serve --work-time)", t->name);
    fail(t, FOV_ERR_INTERNAL);
}

static void took_long_beside(srv_task *t)
{
    snprintf(
        t->err.message, sizeof t->err.message,
        "%s: looking at it took more than half of what a photo may, and was ended with another that took too long (fovea serve "
        "--work-time)",
        t->name);
    fail(t, FOV_ERR_INTERNAL);
}

static void crashed_twice(srv_process *p, srv_task *t)
{
    char how[128];
    srv_process_last_end(p, how, sizeof how);
    snprintf(t->err.message, sizeof t->err.message,
             "%s: the worker process that looked at it crashed, and again when it looked at nothing else (the first time, it %s): "
             "please report the photo to Fovea's makers",
             t->name, how);
    fail(t, FOV_ERR_INTERNAL);
}

/* ---------------------------------------------------------------- trying */

typedef struct outcome {
    size_t  done;    /* tasks; the others have no answer, for the process was lost */
    srv_end end;     /* why it was */
    double  seconds; /* that it took, but for what tuning may take in each process */
} outcome;

/* One that is left when time is up is what took it. */
static outcome attempt(const srv_place *at, const srv_entry *entry, srv_task *const *task, size_t count, bool alone)
{
    srv_process *p = at->process;
    const int    fd = srv_process_enter(p, entry);
    const double start = cli_now_s();
    outcome      o = {0};
    for (size_t i = 0; fd < 0 && i < count; i++) not_in_time(task[i], srv_process_state_of(p));
    if (fd < 0) return (outcome){.done = count};
    if (ask(fd, task, count, alone))
        while (o.done < count && srv_answer_receive(fd, task[o.done])) o.done++;
    o.end = srv_process_leave(p, entry, o.done < count);
    o.seconds = fmax(cli_now_s() - start - at->config->tune_seconds, 0);
    if (o.end == SRV_TOO_LATE && o.done + 1 == count) took_too_long(task[o.done++]);
    return o;
}

/* A photo's time is the same however often it is tried. Nothing else waits for one that is no suspect; and what has run for long is
 * not let end another process. */
static void try_again(const srv_place *at, srv_task *t, double whole_s, double left_s, srv_end end)
{
    for (;;) {
        const bool suspect = end == SRV_CRASHED || end == SRV_LOST_WITH_MODEL;
        if (!suspect && left_s < whole_s / 2) {
            took_long_beside(t);
            return;
        }
        const srv_entry entry = {at->lane, suspect, fmax(t->job->until_s, cli_now_s() + SRV_RESTART_S), left_s};
        const outcome   o = attempt(at, &entry, &t, 1, suspect);
        if (o.done) return;
        if (suspect && o.end == SRV_CRASHED) {
            crashed_twice(at->process, t);
            return;
        }
        left_s -= o.seconds;
        end = o.end;
    }
}

/* What a pass may take its photos share. */
void srv_remote_work(const srv_place *at, srv_task *const *task, size_t count, bool alone)
{
    const double    work_s = at->config->work_s, share_s = work_s / (double)count;
    const srv_entry entry = {at->lane, false, task[0]->job->until_s, work_s};
    const outcome   o = attempt(at, &entry, task, count, alone);
    const double    left_s = count > 1 ? share_s : work_s - o.seconds;
    for (size_t i = o.done; i < count; i++) try_again(at, task[i], share_s, left_s, o.end);
}
