// SPDX-License-Identifier: MIT
#include "photo_writers.h"

#include "console.h"
#include "memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_THREADS = 8 }; /* each holds a photo's coefficients and samples */

typedef enum state { FREE, WAITING, AT_WORK, DONE } state;

typedef struct slot {
    cli_photo_write write;
    state           state;
} slot;

struct cli_photo_writers {
    const fov_hide_options *options;
    cli_photo_written      *written;
    void                   *user;
    pthread_mutex_t         lock;
    pthread_cond_t          work, done;
    slot                    slot[MOST_THREADS]; /* write i: slot i % threads */
    size_t                  added, told;
    bool                    stop;
    pthread_t               thread[MOST_THREADS];
    int                     threads;
};

/* Behind the lock. @return NULL: there is none */
static slot *next_waiting(cli_photo_writers *w)
{
    for (size_t i = w->told; i < w->added; i++)
        if (w->slot[i % (size_t)w->threads].state == WAITING) return &w->slot[i % (size_t)w->threads];
    return NULL;
}

static void hide(const cli_photo_writers *w, cli_photo_write *p)
{
    p->status = fov_photo_hide_data(p->data, p->bytes, p->file, &(fov_faces){p->count, p->face}, w->options, p->path, &p->err);
}

static void *work(void *argument)
{
    cli_photo_writers *w = argument;
    pthread_mutex_lock(&w->lock);
    for (;;) {
        slot *s = next_waiting(w);
        if (!s && w->stop) break;
        if (!s) {
            pthread_cond_wait(&w->work, &w->lock);
            continue;
        }
        s->state = AT_WORK;
        pthread_mutex_unlock(&w->lock);
        hide(w, &s->write);
        pthread_mutex_lock(&w->lock);
        s->state = DONE;
        pthread_cond_signal(&w->done);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* Signals are the main thread's. */
static void start_threads(cli_photo_writers *w, int threads)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (w->threads < threads && !pthread_create(&w->thread[w->threads], NULL, work, w)) w->threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

cli_photo_writers *cli_photo_writers_start(int threads, const fov_hide_options *options, cli_photo_written *written, void *user)
{
    cli_photo_writers *w = cli_calloc(1, sizeof *w);
    w->options = options;
    w->written = written;
    w->user = user;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->work, NULL);
    pthread_cond_init(&w->done, NULL);
    pthread_mutex_lock(&w->lock); /* until it is known how many there are */
    start_threads(w, threads < MOST_THREADS ? threads : MOST_THREADS);
    pthread_mutex_unlock(&w->lock);
    if (w->threads) return w;
    cli_error("no thread could be started to write photos");
    cli_photo_writers_finish(w);
    return NULL;
}

static void tell_oldest(cli_photo_writers *w)
{
    slot *s = &w->slot[w->told % (size_t)w->threads];
    pthread_mutex_lock(&w->lock);
    while (s->state != DONE) pthread_cond_wait(&w->done, &w->lock);
    pthread_mutex_unlock(&w->lock);
    w->written(w->user, &s->write);
    fov_data_free(s->write.data);
    free(s->write.path);
    free(s->write.face);
    pthread_mutex_lock(&w->lock);
    s->state = FREE;
    w->told++;
    pthread_mutex_unlock(&w->lock);
}

bool cli_photo_writers_has(const cli_photo_writers *w, const char *path)
{
    for (size_t i = w->told; i < w->added; i++)
        if (!strcmp(w->slot[i % (size_t)w->threads].write.path, path)) return true;
    return false;
}

void cli_photo_writers_wait(cli_photo_writers *w)
{
    while (w->told < w->added) tell_oldest(w);
}

void cli_photo_writers_add(cli_photo_writers *w, const cli_photo_write *write)
{
    if (w->added - w->told == (size_t)w->threads) tell_oldest(w);
    pthread_mutex_lock(&w->lock);
    w->slot[w->added++ % (size_t)w->threads] = (slot){*write, WAITING};
    pthread_cond_signal(&w->work);
    pthread_mutex_unlock(&w->lock);
}

void cli_photo_writers_finish(cli_photo_writers *w)
{
    if (!w) return;
    cli_photo_writers_wait(w);
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->work);
    pthread_mutex_unlock(&w->lock);
    for (int i = 0; i < w->threads; i++) pthread_join(w->thread[i], NULL);
    pthread_cond_destroy(&w->work);
    pthread_cond_destroy(&w->done);
    pthread_mutex_destroy(&w->lock);
    free(w);
}
