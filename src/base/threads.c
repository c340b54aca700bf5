// SPDX-License-Identifier: MIT
/* The pool. A job is published as one 64-bit word, the ticket: generation (16 bits), number of chunks (24), next chunk (24).
 * Caller and workers advance it with compare-and-swap: a worker that wakes late for an old job finds the ticket changed and
 * takes nothing. Workers spin for a short while between jobs (the steps of a network follow each other within microseconds)
 * and then sleep. */
#include "base/threads.h"

#include "base/alloc.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

enum {
    SPIN_ROUNDS = 2000, /* some 50 us: longer than the gap between two layers, shorter than a scheduler slice */
    CHUNK_BITS = 24,
    MAX_CHUNKS = (1 << CHUNK_BITS) - 1,
};

static uint64_t ticket_generation(uint64_t ticket)
{
    return ticket >> (2 * CHUNK_BITS);
}

static size_t ticket_count(uint64_t ticket)
{
    return ticket >> CHUNK_BITS & MAX_CHUNKS;
}

static size_t ticket_next(uint64_t ticket)
{
    return ticket & MAX_CHUNKS;
}

struct fov_pool {
    _Atomic uint64_t ticket;
    _Atomic size_t   done; /* chunks finished in this generation */
    fov_pool_job    *job;
    void            *context;

    _Atomic bool    stop;
    _Atomic int     sleeping;
    pthread_mutex_t lock;
    pthread_cond_t  wake;
    int             size, started;
    pthread_t      *worker;
    struct seat {
        fov_pool *pool;
        size_t    index;
    } * seat;
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

static void work(fov_pool *pool, uint64_t generation, size_t thread)
{
    uint64_t ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    while (ticket_generation(ticket) == generation && ticket_next(ticket) < ticket_count(ticket)) {
        if (!atomic_compare_exchange_weak_explicit(&pool->ticket, &ticket, ticket + 1, memory_order_acq_rel, memory_order_acquire))
            continue;
        pool->job(pool->context, ticket_next(ticket), thread);
        atomic_fetch_add_explicit(&pool->done, 1, memory_order_release);
        ticket = atomic_load_explicit(&pool->ticket, memory_order_acquire);
    }
}

static bool wait_for_job(fov_pool *pool, uint64_t *generation)
{
    for (int round = 0; round < SPIN_ROUNDS; round++) {
        uint64_t now = ticket_generation(atomic_load_explicit(&pool->ticket, memory_order_acquire));
        if (atomic_load_explicit(&pool->stop, memory_order_relaxed)) return false;
        if (now != *generation) {
            *generation = now;
            return true;
        }
        relax();
    }
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->sleeping, 1);
    while (!atomic_load(&pool->stop) && ticket_generation(atomic_load(&pool->ticket)) == *generation)
        pthread_cond_wait(&pool->wake, &pool->lock);
    atomic_fetch_sub(&pool->sleeping, 1);
    *generation = ticket_generation(atomic_load(&pool->ticket));
    pthread_mutex_unlock(&pool->lock);
    return !atomic_load(&pool->stop);
}

static void *worker_main(void *argument)
{
    struct seat *seat = argument;
    uint64_t     generation = 0;
    while (wait_for_job(seat->pool, &generation)) work(seat->pool, generation, seat->index);
    return NULL;
}

int fov_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

fov_status fov_pool_new(int threads, fov_pool **out, fov_error *err)
{
    *out = NULL;
    if (threads < 1 || threads > 1024) return fov_fail(err, FOV_ERR_ARGUMENT, "threads: %d, need 1 to 1024", threads);
    fov_pool *pool = fov_calloc(1, sizeof *pool);
    if (!pool) return fov_fail_memory(err, "a thread pool");
    pool->size = threads;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pool->worker = fov_calloc((size_t)threads, sizeof *pool->worker);
    pool->seat = fov_calloc((size_t)threads, sizeof *pool->seat);
    if (!pool->worker || !pool->seat) {
        fov_pool_free(pool);
        return fov_fail_memory(err, "a thread pool");
    }
    for (int i = 0; i < threads - 1; i++) {
        pool->seat[i] = (struct seat){pool, (size_t)i + 1};
        int failed = fov_thread_start(&pool->worker[i], worker_main, &pool->seat[i]);
        if (failed) {
            fov_pool_free(pool);
            return fov_fail(err, FOV_ERR_DEVICE, "thread %d of %d could not be started: %s; ask for fewer threads", i + 2, threads,
                            strerror(failed));
        }
        pool->started++;
    }
    *out = pool;
    return FOV_OK;
}

int fov_pool_size(const fov_pool *pool)
{
    return pool ? pool->size : 1;
}

static void publish(fov_pool *pool, fov_pool_job *job, void *context, size_t count)
{
    uint64_t generation = ticket_generation(atomic_load_explicit(&pool->ticket, memory_order_relaxed)) + 1;
    pool->job = job;
    pool->context = context;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    atomic_store(&pool->ticket, generation << (2 * CHUNK_BITS) | (uint64_t)count << CHUNK_BITS);
    if (atomic_load(&pool->sleeping)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

/* A worker that holds the last chunk may have lost its core to another process: after a while, give ours away too. */
static void wait_until_done(fov_pool *pool, size_t count)
{
    for (unsigned round = 0; atomic_load_explicit(&pool->done, memory_order_acquire) < count; round++) {
        if (round < SPIN_ROUNDS) relax();
        else sched_yield();
    }
}

void fov_pool_run(fov_pool *pool, fov_pool_job *job, void *context, size_t count)
{
    if (!pool || !pool->started || count < 2 || count > MAX_CHUNKS) {
        for (size_t i = 0; i < count; i++) job(context, i, 0);
        return;
    }
    publish(pool, job, context, count);
    work(pool, ticket_generation(atomic_load_explicit(&pool->ticket, memory_order_relaxed)), 0);
    wait_until_done(pool, count);
}

void fov_pool_free(fov_pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->started; i++) pthread_join(pool->worker[i], NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    fov_free(pool->worker);
    fov_free(pool->seat);
    fov_free(pool);
}
