// SPDX-License-Identifier: MIT
/* The pool. A job's chunks are shared out among the threads as ranges, so that a thread works on the same part of a picture in one
 * step of a network after the other and finds it in its own cache. Whoever is through with its range takes chunks from the ends of
 * others'. A thread's share is one 64-bit word: generation of the job (16 bits), end (24) and begin (24) of what is left. All
 * advance it with compare-and-swap: a worker that wakes late for an old job finds the generation changed and takes nothing.
 *
 * Who waits spins for SPIN_S and then sleeps: workers for the next job (the steps of a network follow each other within
 * microseconds), the caller for the last chunks. A caller that waits longer waits for a worker that lost its core to another
 * process; asleep, it leaves its own core to that worker. */
#include "base/threads.h"

#include "base/alloc.h"
#include "base/clock.h"

#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define SPIN_S 50e-6 /* longer than the gap between two layers, much shorter than a scheduler slice */

enum {
    ROUNDS_PER_CLOCK = 32, /* a microsecond or two: the clock costs as much as a round */
    CACHE_LINE = 64,
    MISSED_JOBS = 2, /* one is missed by whoever wakes up for it */
    CHUNK_BITS = 24,
    MAX_CHUNKS = (1 << CHUNK_BITS) - 1,
};

static uint64_t share_of(uint64_t generation, size_t begin, size_t end)
{
    return generation << (2 * CHUNK_BITS) | (uint64_t)end << CHUNK_BITS | (uint64_t)begin;
}

static uint64_t generation_of(uint64_t share)
{
    return share >> (2 * CHUNK_BITS);
}

static size_t end_of(uint64_t share)
{
    return share >> CHUNK_BITS & MAX_CHUNKS;
}

static size_t begin_of(uint64_t share)
{
    return share & MAX_CHUNKS;
}

/* A thread's place: number 0 is the caller's. */
typedef struct seat {
    _Alignas(CACHE_LINE) _Atomic uint64_t share;
    _Atomic uint64_t arrived; /* the last job that the thread began to look at */
    int              missed;  /* jobs in a row that were over before it did; the caller's */
    _Atomic int      leave;   /* the processor that the thread is to leave, plus 1; 0: none */
    fov_pool        *pool;
    size_t           index;
    pthread_t        thread;
} seat;

struct fov_pool {
    fov_pool_job *job;
    void         *context;
    size_t        count;
    uint64_t      generation; /* 16 bits */
    seat         *seat;
    int           size, started; /* threads, the caller included; workers that run */

    _Alignas(CACHE_LINE) _Atomic size_t done; /* chunks finished in this generation */
    _Atomic bool    stop, caller_sleeps;
    _Atomic int     sleeping; /* workers */
    pthread_mutex_t lock;
    pthread_cond_t  wake, finished;
};

static void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
}

/* Spin until `ready` or for SPIN_S. @return whether it is */
static bool spin(bool (*ready)(seat *mine, uint64_t generation), seat *mine, uint64_t generation)
{
    const double end = fov_clock_s() + SPIN_S;
    do {
        for (int round = 0; round < ROUNDS_PER_CLOCK; round++) {
            if (ready(mine, generation)) return true;
            relax();
        }
    } while (fov_clock_s() < end);
    return false;
}

static void wake_caller(fov_pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pthread_cond_signal(&pool->finished);
    pthread_mutex_unlock(&pool->lock);
}

/* A chunk of this generation's job: the first that is left of the own share, the last of another's. */
static bool take(seat *from, uint64_t generation, bool own, size_t *index)
{
    uint64_t share = atomic_load_explicit(&from->share, memory_order_acquire);
    while (generation_of(share) == generation && begin_of(share) < end_of(share)) {
        const uint64_t rest = own ? share_of(generation, begin_of(share) + 1, end_of(share))
                                  : share_of(generation, begin_of(share), end_of(share) - 1);
        *index = own ? begin_of(share) : end_of(share) - 1;
        if (atomic_compare_exchange_weak_explicit(&from->share, &share, rest, memory_order_acq_rel, memory_order_acquire))
            return true;
    }
    return false;
}

static void work(seat *mine, uint64_t generation)
{
    fov_pool *pool = mine->pool;
    size_t    finished = 0, index;
    atomic_store_explicit(&mine->arrived, generation, memory_order_relaxed);
    for (size_t k = 0; k < (size_t)pool->size; k++) {
        seat *from = &pool->seat[(mine->index + k) % (size_t)pool->size];
        for (; take(from, generation, k == 0, &index); finished++) pool->job(pool->context, index, mine->index);
    }
    if (!finished) return;
    /* The caller is in its call until all are counted: `count` stands. */
    const size_t count = pool->count;
    if (atomic_fetch_add(&pool->done, finished) + finished == count && atomic_load(&pool->caller_sleeps)) wake_caller(pool);
}

static bool has_job(seat *mine, uint64_t last)
{
    return generation_of(atomic_load(&mine->share)) != last || atomic_load_explicit(&mine->pool->stop, memory_order_relaxed);
}

/* @param generation of the last job. @return the next one's */
static uint64_t wait_for_job(seat *mine, uint64_t generation)
{
    fov_pool *pool = mine->pool;
    if (!spin(has_job, mine, generation)) {
        pthread_mutex_lock(&pool->lock);
        atomic_fetch_add(&pool->sleeping, 1);
        while (!has_job(mine, generation)) pthread_cond_wait(&pool->wake, &pool->lock);
        atomic_fetch_sub(&pool->sleeping, 1);
        pthread_mutex_unlock(&pool->lock);
    }
    return generation_of(atomic_load_explicit(&mine->share, memory_order_acquire));
}

/* @return negative: not known */
static int processor_here(void)
{
#if defined(__linux__)
    return sched_getcpu();
#else
    return -1;
#endif
}

/* From this processor to any other, and then wherever it may run. @param thread NULL: the calling one, named by 0, which is all
 * that a sandbox may allow. @return whether that was allowed */
static bool move_away(const pthread_t *thread, int processor)
{
#if defined(__linux__)
    cpu_set_t allowed, others;
    if (processor < 0 || processor >= CPU_SETSIZE) return true;
    if (pthread_getaffinity_np(thread ? *thread : pthread_self(), sizeof allowed, &allowed)) return true;
    others = allowed;
    CPU_CLR((size_t)processor, &others);
    if (!CPU_COUNT(&others)) return true;
    if (!thread) return !sched_setaffinity(0, sizeof others, &others) && !sched_setaffinity(0, sizeof allowed, &allowed);
    return !pthread_setaffinity_np(*thread, sizeof others, &others) && !pthread_setaffinity_np(*thread, sizeof allowed, &allowed);
#else
    (void)thread;
    (void)processor;
    return true;
#endif
}

static void move_where_told(seat *mine)
{
    const int leave = atomic_exchange_explicit(&mine->leave, 0, memory_order_relaxed);
    if (leave) move_away(NULL, leave - 1);
}

static void *worker_main(void *argument)
{
    seat *mine = argument;
    for (uint64_t generation = 0; !atomic_load(&mine->pool->stop);) {
        generation = wait_for_job(mine, generation);
        move_where_told(mine);
        work(mine, generation);
    }
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

static fov_status start_workers(fov_pool *pool, fov_error *err)
{
    for (int i = 1; i < pool->size; i++) {
        int failed = fov_thread_start(&pool->seat[i].thread, worker_main, &pool->seat[i]);
        if (failed)
            return fov_fail(err, FOV_ERR_DEVICE, "thread %d of %d could not be started: %s; ask for fewer threads", i + 1,
                            pool->size, strerror(failed));
        pool->started++;
    }
    return FOV_OK;
}

fov_status fov_pool_new(int threads, fov_pool **out, fov_error *err)
{
    *out = NULL;
    if (threads < 1 || threads > 1024) return fov_fail(err, FOV_ERR_ARGUMENT, "threads: %d, need 1 to 1024", threads);
    fov_pool *pool = fov_alloc_aligned(sizeof *pool);
    seat     *seats = fov_alloc_aligned((size_t)threads * sizeof *seats);
    if (!pool || !seats) {
        fov_free_aligned(pool);
        fov_free_aligned(seats);
        return fov_fail_memory(err, "a thread pool");
    }
    *pool = (fov_pool){.size = threads, .seat = seats};
    for (int i = 0; i < threads; i++) seats[i] = (seat){.pool = pool, .index = (size_t)i};
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->finished, NULL);
    fov_status st = start_workers(pool, err);
    if (st) fov_pool_free(pool);
    else *out = pool;
    return st;
}

int fov_pool_size(const fov_pool *pool)
{
    return pool ? pool->size : 1;
}

static void publish(fov_pool *pool, fov_pool_job *job, void *context, size_t count)
{
    const size_t size = (size_t)pool->size;
    pool->generation = generation_of(share_of(pool->generation + 1, 0, 0));
    pool->job = job;
    pool->context = context;
    pool->count = count;
    atomic_store_explicit(&pool->done, 0, memory_order_relaxed);
    for (size_t i = size; i-- > 0;)
        atomic_store(&pool->seat[i].share, share_of(pool->generation, count * i / size, count * (i + 1) / size));
    if (atomic_load(&pool->sleeping)) {
        pthread_mutex_lock(&pool->lock);
        pthread_cond_broadcast(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
    }
}

static bool is_done(seat *mine, uint64_t generation)
{
    (void)generation;
    return atomic_load(&mine->pool->done) == mine->pool->count;
}

static void wait_until_done(fov_pool *pool)
{
    seat *mine = &pool->seat[0];
    if (spin(is_done, mine, pool->generation)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_sleeps, true);
    while (!is_done(mine, pool->generation)) pthread_cond_wait(&pool->finished, &pool->lock);
    atomic_store(&pool->caller_sleeps, false);
    pthread_mutex_unlock(&pool->lock);
}

/* Schedulers put a thread that wakes up where its waker runs when no processor is idle at that moment, and then leave it waiting
 * there for milliseconds, which is all the photos of a burst: the caller would do the work of both. So who misses a job, and the
 * next one, is moved; where a sandbox does not let threads move each other, it moves itself once it runs. */
static void move_late(fov_pool *pool)
{
    for (int i = 1; i < pool->size; i++) {
        seat      *worker = &pool->seat[i];
        const bool late = atomic_load_explicit(&worker->arrived, memory_order_relaxed) != pool->generation;
        worker->missed = late ? worker->missed + 1 : 0;
        if (worker->missed < MISSED_JOBS) continue;
        worker->missed = 0;
        const int here = processor_here();
        if (!move_away(&worker->thread, here)) atomic_store_explicit(&worker->leave, here + 1, memory_order_relaxed);
    }
}

void fov_pool_run(fov_pool *pool, fov_pool_job *job, void *context, size_t count)
{
    if (!pool || !pool->started || count < 2 || count > MAX_CHUNKS) {
        for (size_t i = 0; i < count; i++) job(context, i, 0);
        return;
    }
    publish(pool, job, context, count);
    work(&pool->seat[0], pool->generation);
    move_late(pool);
    wait_until_done(pool);
}

void fov_pool_free(fov_pool *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->stop, true);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++) pthread_join(pool->seat[i].thread, NULL);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->finished);
    pthread_mutex_destroy(&pool->lock);
    fov_free_aligned(pool->seat);
    fov_free_aligned(pool);
}
