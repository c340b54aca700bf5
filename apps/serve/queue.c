// SPDX-License-Identifier: MIT
#include "queue.h"

#include "clock.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>

struct srv_queue {
    pthread_mutex_t lock;
    pthread_cond_t  changed; /* by CLOCK_MONOTONIC */
    srv_task      **ring;
    size_t          capacity, first, count, reserved;
    size_t          working;   /* workers that have tasks */
    bool            gathering; /* a worker waits for others to join its first task; the rest waits for it */
    bool            closed;
};

srv_queue *srv_queue_new(size_t capacity)
{
    pthread_condattr_t monotonic;
    srv_queue         *q = calloc(1, sizeof *q);
    if (q) q->ring = calloc(capacity, sizeof(srv_task *));
    if (!q || !q->ring) {
        free(q);
        return NULL;
    }
    q->capacity = capacity;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&q->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void srv_queue_free(srv_queue *q)
{
    if (!q) return;
    pthread_cond_destroy(&q->changed);
    pthread_mutex_destroy(&q->lock);
    free(q->ring);
    free(q);
}

bool srv_queue_reserve(srv_queue *q, size_t count)
{
    pthread_mutex_lock(&q->lock);
    const bool room = !q->closed && count <= q->capacity - q->count - q->reserved;
    if (room) q->reserved += count;
    pthread_mutex_unlock(&q->lock);
    return room;
}

void srv_queue_put(srv_queue *q, srv_job *job)
{
    const double now = cli_now_s();
    const size_t count = job->count; /* the job may be gone once the last is in */
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < count; i++) {
        job->task[i].queued_s = now;
        q->ring[(q->first + q->count++) % q->capacity] = job->task + i;
    }
    q->reserved -= count;
    srv_model_stats(job->model)->pending += count;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

static srv_task *take_first(srv_queue *q)
{
    srv_task *task = q->ring[q->first];
    q->first = (q->first + 1) % q->capacity;
    q->count--;
    srv_model_stats(task->job->model)->pending--;
    return task;
}

static size_t take_those_that_fit(srv_queue *q, srv_task **task, size_t count, size_t most)
{
    while (count < most && q->count && (!count || srv_job_goes_with(task[0]->job, q->ring[q->first]->job)))
        task[count++] = take_first(q);
    return count;
}

/* Of what the first may wait at all, half is left for a worker to begin. */
static double end_of_gathering(const srv_task *first, double delay_s)
{
    return first->queued_s + fmin(delay_s, (first->job->until_s - first->queued_s) / 2);
}

/* Only while nothing stands in front that cannot join. */
static size_t gather(srv_queue *q, srv_task **task, size_t count, size_t most, double delay_s)
{
    const struct timespec t = cli_timespec(end_of_gathering(task[0], delay_s));
    q->gathering = true;
    while (count < most && !q->count && !q->closed && !pthread_cond_timedwait(&q->changed, &q->lock, &t))
        count = take_those_that_fit(q, task, count, most);
    q->gathering = false;
    pthread_cond_broadcast(&q->changed);
    return count;
}

size_t srv_queue_take(srv_queue *q, srv_task **task, size_t most, double delay_s, bool *alone)
{
    pthread_mutex_lock(&q->lock);
    while (q->gathering || (!q->count && !(q->closed && !q->reserved))) pthread_cond_wait(&q->changed, &q->lock);
    size_t count = take_those_that_fit(q, task, 0, most);
    if (count && count < most && delay_s > 0) count = gather(q, task, count, most, delay_s);
    *alone = count == 1 && !q->working && !q->count;
    q->working += count > 0;
    pthread_mutex_unlock(&q->lock);
    return count;
}

size_t srv_queue_take_late(srv_queue *q, double now_s, srv_task **task, size_t most)
{
    size_t late = 0, kept = 0;
    pthread_mutex_lock(&q->lock);
    for (size_t i = 0; i < q->count; i++) {
        srv_task *t = q->ring[(q->first + i) % q->capacity];
        if (late < most && (q->closed || now_s >= t->job->until_s)) {
            srv_model_stats(t->job->model)->pending--;
            task[late++] = t;
        } else {
            q->ring[(q->first + kept++) % q->capacity] = t;
        }
    }
    q->count = kept;
    pthread_mutex_unlock(&q->lock);
    return late;
}

void srv_queue_taken_done(srv_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->working--;
    pthread_mutex_unlock(&q->lock);
}

void srv_queue_close(srv_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->changed);
    pthread_mutex_unlock(&q->lock);
}

bool srv_queue_is_closed(srv_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const bool closed = q->closed;
    pthread_mutex_unlock(&q->lock);
    return closed;
}

size_t srv_queue_depth(srv_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const size_t count = q->count;
    pthread_mutex_unlock(&q->lock);
    return count;
}
