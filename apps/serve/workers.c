// SPDX-License-Identifier: MIT
#include "workers.h"

#include "clock.h"
#include "console.h"
#include "photo_work.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct srv_workers {
    srv_queue        *queue;
    const srv_config *config;
    pthread_t        *thread;
    int               count;
};

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

static bool give_up(srv_task *t, bool stopping, double now)
{
    if (!stopping && now < t->job->until_s) return false;
    t->status = t->err.code = FOV_ERR_CANCELLED;
    snprintf(t->err.message, sizeof t->err.message,
             stopping ? "the server is stopping: ask another, or later"
                      : "the photo waited too long for its turn: ask again later");
    return true;
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

static void do_tasks(srv_workers *w, srv_task **task, size_t count, bool alone)
{
    const double start = cli_now_s();
    const bool   stopping = srv_queue_is_closed(w->queue);
    srv_task    *live[SRV_MAX_BATCH];
    size_t       n = 0;
    for (size_t i = 0; i < count; i++)
        if (!give_up(task[i], stopping, start)) live[n++] = task[i];
    if (n) {
        srv_photo_work(live, n, alone, w->config);
        count_passes(live, n);
    }
    for (size_t i = 0; i < count; i++) finish(task[i], start);
}

static void *work(void *user)
{
    srv_workers *w = user;
    srv_task    *task[SRV_MAX_BATCH];
    bool         alone;
    size_t       count;
    while ((count = srv_queue_take(w->queue, task, (size_t)w->config->batch, w->config->batch_delay_s, &alone))) {
        do_tasks(w, task, count, alone);
        srv_queue_taken_done(w->queue);
    }
    return NULL;
}

srv_workers *srv_workers_start(srv_queue *queue, const srv_config *config)
{
    srv_workers *w = calloc(1, sizeof *w);
    if (w) w->thread = calloc((size_t)config->workers, sizeof *w->thread);
    if (!w || !w->thread) {
        free(w);
        cli_no_memory();
        return NULL;
    }
    w->queue = queue;
    w->config = config;
    for (; w->count < config->workers; w->count++) {
        const int error = pthread_create(w->thread + w->count, NULL, work, w);
        if (!error) continue;
        cli_error("worker %d of %d cannot be started: %s: use fewer --workers", w->count + 1, config->workers, strerror(error));
        srv_queue_close(queue);
        srv_workers_join(w);
        return NULL;
    }
    return w;
}

void srv_workers_join(srv_workers *w)
{
    if (!w) return;
    for (int i = 0; i < w->count; i++) pthread_join(w->thread[i], NULL);
    free(w->thread);
    free(w);
}
