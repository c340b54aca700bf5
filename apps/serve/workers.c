// SPDX-License-Identifier: MIT
#include "workers.h"

#include "clock.h"
#include "console.h"
#include "crew/crew.h"
#include "crew/remote_work.h"
#include "photo_work.h"
#include "signals.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct srv_workers {
    srv_queue        *queue;
    const srv_config *config;
    srv_crew         *crew; /* NULL: the threads do the work themselves */
    struct worker    *worker;
    size_t            count;
};

typedef struct worker {
    srv_workers *all;
    pthread_t    thread;
    srv_process *process; /* NULL: this one */
    size_t       lane;    /* there */
} worker;

static void count_photo(const srv_task *t, double start_s)
{
    srv_stats *s = srv_model_stats(t->job->model);
    srv_histogram_add(&s->queue, start_s - t->queued_s);
    if (!t->status || t->status == FOV_ERR_DEVICE) s->device_failed = t->status != FOV_OK;
    if (t->status) return;
    s->photos++;
    s->faces += t->faces;
    srv_histogram_add(&s->decode, t->times.decode_s);
    srv_histogram_add(&s->preprocess, t->times.preprocess_s);
    srv_histogram_add(&s->network, t->times.network_s);
    srv_histogram_add(&s->postprocess, t->times.postprocess_s);
}

/* Nothing of the job may be touched after the last of its tasks. */
static void finish(srv_task *t, double start_s)
{
    srv_job *job = t->job;
    t->times.queue_s = start_s - t->queued_s;
    t->times.total_s = cli_now_s() - t->queued_s;
    count_photo(t, start_s);
    if (--job->left == 0) job->done(job->user);
}

static void cancel(srv_task *t, bool stopping)
{
    t->status = t->err.code = FOV_ERR_CANCELLED;
    snprintf(t->err.message, sizeof t->err.message,
             stopping ? SRV_IS_STOPPING : "the photo waited too long for its turn: ask again later");
}

/* Passes are counted where they are run: a pass of n photos is told by each of them. */
static void count_passes(srv_task *const *task, size_t count)
{
    srv_stats *s = srv_model_stats(task[0]->job->model);
    double     passes = 0;
    for (size_t i = 0; i < count; i++)
        if (task[i]->pass) passes += 1 / (double)task[i]->pass;
    s->passes += (uint64_t)(passes + 0.5);
}

static void look_at(const worker *w, srv_task *const *task, size_t count, bool alone)
{
    if (w->process) srv_remote_work(&(srv_place){w->process, w->lane, w->all->config}, task, count, alone);
    else srv_photo_work(task, count, alone, w->all->config);
}

static void do_tasks(const worker *w, srv_task **task, size_t count, bool alone)
{
    const double start = cli_now_s();
    const bool   stopping = srv_queue_is_closed(w->all->queue);
    srv_task    *live[SRV_MAX_BATCH];
    size_t       n = 0;
    for (size_t i = 0; i < count; i++)
        if (stopping || start >= task[i]->job->until_s) cancel(task[i], stopping);
        else live[n++] = task[i];
    if (n) {
        look_at(w, live, n, alone);
        count_passes(live, n);
    }
    for (size_t i = 0; i < count; i++) finish(task[i], start);
}

/* Is there a process that is more likely to look at a photo? One that is given up will not, however long another takes to start. */
static bool has_better(const worker *w)
{
    const srv_process_state own = w->process ? srv_process_state_of(w->process) : SRV_UP;
    return own != SRV_UP &&
           (srv_crew_count(w->all->crew, SRV_UP) || (own == SRV_GIVEN_UP && srv_crew_count(w->all->crew, SRV_STARTING)));
}

/* While its process is being started, or was given up, others take what waits; with none, it takes what comes to tell why not. */
static void leave_to_others(const worker *w)
{
    const struct timespec t = {0, 10000000};
    while (has_better(w) && !srv_queue_is_closed(w->all->queue)) nanosleep(&t, NULL);
}

static size_t take(const worker *w, srv_task **task, bool *alone)
{
    const srv_workers *all = w->all;
    leave_to_others(w);
    return srv_queue_take(all->queue, task, (size_t)all->config->batch, all->config->batch_delay_s, alone);
}

static void *work(void *user)
{
    const worker *w = user;
    srv_task     *task[SRV_MAX_BATCH];
    bool          alone;
    size_t        count;
    while ((count = take(w, task, &alone))) {
        do_tasks(w, task, count, alone);
        srv_queue_taken_done(w->all->queue);
    }
    return NULL;
}

static int start(srv_workers *w, size_t i)
{
    worker *next = w->worker + i;
    next->all = w;
    if (w->crew) next->process = srv_crew_process(w->crew, i, &next->lane);
    return srv_thread_start(&next->thread, work, next);
}

srv_workers *srv_workers_start(srv_queue *queue, srv_crew *crew, const srv_config *config)
{
    const size_t count = (size_t)config->workers * (crew ? (size_t)config->processes : 1);
    srv_workers *w = calloc(1, sizeof *w);
    if (w) w->worker = calloc(count, sizeof *w->worker);
    if (!w || !w->worker) {
        free(w);
        cli_no_memory();
        return NULL;
    }
    w->queue = queue;
    w->config = config;
    w->crew = crew;
    for (; w->count < count; w->count++) {
        const int error = start(w, w->count);
        if (!error) continue;
        cli_error("worker %zu of %zu cannot be started: %s: use fewer --workers", w->count + 1, count, strerror(error));
        srv_queue_close(queue);
        srv_workers_join(w);
        return NULL;
    }
    return w;
}

void srv_workers_sweep(srv_workers *w)
{
    srv_task    *late[64];
    size_t       count;
    const double now = cli_now_s();
    if (!w) return;
    const bool stopping = srv_queue_is_closed(w->queue);
    do {
        count = srv_queue_take_late(w->queue, now, late, sizeof late / sizeof *late);
        for (size_t i = 0; i < count; i++) {
            cancel(late[i], stopping);
            finish(late[i], now);
        }
    } while (count == sizeof late / sizeof *late);
}

void srv_workers_join(srv_workers *w)
{
    if (!w) return;
    for (size_t i = 0; i < w->count; i++) pthread_join(w->worker[i].thread, NULL);
    free(w->worker);
    free(w);
}
