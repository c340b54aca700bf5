// SPDX-License-Identifier: MIT
#include "crew/answer.h"

#include "crew/wire.h"
#include "json_text.h"
#include "photo_work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SIDE = 1000000 };

static const double MOST_SECONDS = 1e6;

/* ---------------------------------------------------------------- what can be */

static bool is_time(double seconds)
{
    return seconds >= 0 && seconds < MOST_SECONDS; /* not a number is neither */
}

static bool are_times(const srv_times *t)
{
    return is_time(t->decode_s) && is_time(t->preprocess_s) && is_time(t->network_s) && is_time(t->postprocess_s);
}

static bool is_side(int32_t side)
{
    return side > 0 && side <= MOST_SIDE;
}

static bool makes_sense(srv_told *t, const srv_task *task)
{
    t->message[sizeof t->message - 1] = '\0';
    cli_utf8_settle(t->message);
    if (!are_times(&t->times) || t->pass > SRV_MAX_BATCH) return false;
    if (t->status) return t->status > FOV_OK && t->status <= FOV_ERR_CANCELLED && !t->faces && !t->picture_bytes;
    return is_side(t->width) && is_side(t->height) && t->pass >= 1 && t->faces <= (uint64_t)task->job->detect.max_faces &&
           (task->job->drawing == SRV_DRAW_NOTHING || !task->data ? !t->picture_bytes : t->picture_bytes > 0);
}

static bool are_faces(const srv_task *t)
{
    const float *number = (const float *)t->face;
    for (size_t i = 0; i < t->faces * (sizeof *t->face / sizeof *number); i++)
        if (!isfinite(number[i])) return false;
    return true;
}

/* ---------------------------------------------------------------- taking it */

static void fail(srv_task *t, fov_status status)
{
    t->status = t->err.code = status;
}

static bool receive_faces(int fd, srv_task *t, size_t count)
{
    const size_t bytes = count * sizeof *t->face;
    t->face = malloc(bytes ? bytes : 1);
    if (!t->face) {
        snprintf(t->err.message, sizeof t->err.message, "%s: no memory for %zu faces", t->name, count);
        fail(t, FOV_ERR_MEMORY);
        return srv_wire_throw_away(fd, bytes);
    }
    t->faces = count;
    return srv_wire_receive(fd, t->face, bytes) && are_faces(t);
}

/* A picture may be much larger than the photo that was sent. */
static bool receive_picture(int fd, srv_task *t, size_t bytes)
{
    const bool room = srv_budget_take(t->job->budget, bytes);
    if (room && (t->picture = malloc(bytes))) {
        t->picture_bytes = bytes;
        t->picture_free = free;
        return srv_wire_receive(fd, t->picture, bytes);
    }
    if (room) srv_budget_give_back(t->job->budget, bytes);
    srv_task_no_room(t, bytes);
    return srv_wire_throw_away(fd, bytes);
}

static void take_back(srv_task *t)
{
    if (t->picture) srv_budget_give_back(t->job->budget, t->picture_bytes);
    free(t->picture);
    free(t->face);
    t->picture = NULL;
    t->face = NULL;
    t->faces = t->picture_bytes = 0;
}

static bool take(int fd, srv_task *t, const srv_told *told)
{
    fail(t, (fov_status)told->status);
    memcpy(t->err.message, told->message, sizeof t->err.message);
    t->width = told->width;
    t->height = told->height;
    t->pass = told->pass;
    t->times = told->times;
    return t->status ||
           (receive_faces(fd, t, told->faces) && (!told->picture_bytes || receive_picture(fd, t, told->picture_bytes)));
}

bool srv_answer_receive(int fd, srv_task *t)
{
    srv_told told;
    if (!srv_wire_receive(fd, &told, sizeof told) || !makes_sense(&told, t)) return false;
    if (take(fd, t, &told)) return true;
    take_back(t);
    fail(t, FOV_OK);
    return false;
}
