// SPDX-License-Identifier: MIT
/* The pool: every chunk exactly once, for any size, many jobs in a row, with sleeping and with busy workers; and no thread that
 * burns a core while it waits. */
#include "base/threads.h"
#include "support.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 4096, MOST_THREADS = 8 };

static const int sizes[] = {1, 2, 3, MOST_THREADS};

/* Chunks write plain memory, as kernels do: what the caller reads after a job must be there. */
typedef struct counts {
    int         chunk[MOST];
    size_t      threads;
    _Atomic int inside[MOST_THREADS];
    _Atomic int strangers, clashes; /* indices that are none, or that two threads have at once */
} counts;

static void count_chunk(void *context, size_t index, size_t thread)
{
    counts *c = context;
    if (thread >= c->threads) {
        atomic_fetch_add(&c->strangers, 1);
        return;
    }
    if (atomic_fetch_add(&c->inside[thread], 1)) atomic_fetch_add(&c->clashes, 1);
    c->chunk[index]++;
    atomic_fetch_sub(&c->inside[thread], 1);
}

static fov_pool *new_pool(int threads)
{
    fov_error err;
    fov_pool *pool = NULL;
    assert_ok(fov_pool_new(threads, &pool, &err));
    assert_int_equal(fov_pool_size(pool), threads);
    return pool;
}

static void each_chunk_once(void **state)
{
    test_random   r = {7};
    static counts c;
    (void)state;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        fov_pool *pool = new_pool(sizes[s]);
        for (int job = 0; job < 2000; job++) {
            size_t count = (size_t)test_random_int(&r, 0, job % 100 ? 40 : MOST);
            memset(&c, 0, sizeof c);
            c.threads = (size_t)sizes[s];
            fov_pool_run(pool, count_chunk, &c, count);
            for (size_t i = 0; i < MOST; i++) assert_int_equal(c.chunk[i], i < count);
            assert_int_equal(c.strangers, 0);
            assert_int_equal(c.clashes, 0);
            if (job % 500 == 0) usleep(2000); /* let the workers fall asleep */
        }
        fov_pool_free(pool);
    }
}

/* More jobs than a share's generation has numbers. */
static void generations_begin_anew(void **state)
{
    static counts c;
    fov_pool     *pool = new_pool(2);
    (void)state;
    memset(&c, 0, sizeof c);
    c.threads = 2;
    for (int job = 0; job < 70000; job++) fov_pool_run(pool, count_chunk, &c, 3);
    for (size_t i = 0; i < 3; i++) assert_int_equal(c.chunk[i], 70000);
    fov_pool_free(pool);
}

typedef struct meeting {
    int         chunks;
    _Atomic int arrived;
    size_t      thread[MOST_THREADS];
} meeting;

/* Returns when all chunks have begun, for which each needs a thread of its own. */
static void meet(void *context, size_t index, size_t thread)
{
    meeting *m = context;
    m->thread[index] = thread;
    atomic_fetch_add(&m->arrived, 1);
    while (atomic_load(&m->arrived) < m->chunks) usleep(100);
}

static void all_threads_work(void **state)
{
    fov_pool *pool = new_pool(MOST_THREADS);
    (void)state;
    for (int job = 0; job < 20; job++) {
        meeting m = {.chunks = MOST_THREADS};
        bool    seen[MOST_THREADS] = {false};
        fov_pool_run(pool, meet, &m, MOST_THREADS);
        for (int i = 0; i < MOST_THREADS; i++) {
            assert_false(seen[m.thread[i]]);
            seen[m.thread[i]] = true;
        }
        if (job % 2) usleep(2000);
    }
    fov_pool_free(pool);
}

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* The worker's chunk takes long, and no processor. */
static void meet_and_linger(void *context, size_t index, size_t thread)
{
    meet(context, index, thread);
    if (thread) usleep(100000);
}

static void waiting_takes_no_processor(void **state)
{
    fov_pool *pool = new_pool(2);
    meeting   m = {.chunks = 2};
    (void)state;
    double before = cpu_ms();
    fov_pool_run(pool, meet_and_linger, &m, 2); /* the caller waits for the worker */
    assert_true(cpu_ms() - before < 50);
    before = cpu_ms();
    usleep(100000); /* the worker waits for a job */
    assert_true(cpu_ms() - before < 50);
    fov_pool_free(pool);
}

typedef struct affinity {
    cpu_set_t   whole;
    _Atomic int other; /* chunks whose thread may run elsewhere than the process */
} affinity;

static void compare_affinity(void *context, size_t index, size_t thread)
{
    affinity *a = context;
    cpu_set_t mine;
    (void)index;
    (void)thread;
    if (pthread_getaffinity_np(pthread_self(), sizeof mine, &mine) || !CPU_EQUAL(&mine, &a->whole)) atomic_fetch_add(&a->other, 1);
}

/* Workers that wake up too late are moved to another processor, but may run wherever they might before. */
static void moving_binds_nobody(void **state)
{
    fov_pool *pool = new_pool(MOST_THREADS);
    affinity  a = {.other = 0};
    (void)state;
    assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof a.whole, &a.whole), 0);
    for (int burst = 0; burst < 20; burst++) {
        for (int job = 0; job < 20; job++) fov_pool_run(pool, compare_affinity, &a, 2); /* most have nothing to do, and miss it */
        usleep(1000);
    }
    fov_pool_run(pool, compare_affinity, &a, MOST);
    fov_pool_free(pool);
    assert_int_equal(a.other, 0);
}

/* As in a worker of `fovea serve`: whoever names another thread is refused. */
static _Atomic bool confined;
static _Atomic int  moved_itself;

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set)
{
    return confined ? EPERM : NEXT(pthread_setaffinity_np)(thread, size, set);
}

int sched_setaffinity(pid_t thread, size_t size, const cpu_set_t *set)
{
    atomic_fetch_add(&moved_itself, confined && !thread);
    return NEXT(sched_setaffinity)(thread, size, set);
}

static void where_threads_may_not_move_others_they_move_themselves(void **state)
{
    affinity a = {.other = 0};
    (void)state;
    assert_int_equal(pthread_getaffinity_np(pthread_self(), sizeof a.whole, &a.whole), 0);
    if (CPU_COUNT(&a.whole) < 2) skip();
    fov_pool *pool = new_pool(MOST_THREADS);
    confined = true;
    for (int burst = 0; burst < 1000 && !moved_itself; burst++) {
        for (int job = 0; job < 20; job++) fov_pool_run(pool, compare_affinity, &a, 2);
        usleep(1000);
    }
    fov_pool_run(pool, compare_affinity, &a, MOST);
    fov_pool_free(pool);
    confined = false;
    assert_true(moved_itself > 0);
    assert_int_equal(a.other, 0);
}

static void bad_sizes_are_refused(void **state)
{
    fov_error err;
    fov_pool *pool;
    (void)state;
    assert_int_equal(fov_pool_new(0, &pool, &err), FOV_ERR_ARGUMENT);
    assert_null(pool);
    assert_int_equal(fov_pool_new(100000, &pool, &err), FOV_ERR_ARGUMENT);
    assert_null(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_chunk_once),
        cmocka_unit_test(generations_begin_anew),
        cmocka_unit_test(all_threads_work),
        cmocka_unit_test(waiting_takes_no_processor),
        cmocka_unit_test(bad_sizes_are_refused),
        cmocka_unit_test(moving_binds_nobody),
        cmocka_unit_test(where_threads_may_not_move_others_they_move_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
