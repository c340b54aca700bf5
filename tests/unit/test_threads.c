// SPDX-License-Identifier: MIT
/* The pool: every chunk exactly once, for any size, many jobs in a row, with sleeping and with busy workers. */
#include "base/threads.h"
#include "support.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 4096 };

typedef struct counts {
    _Atomic int chunk[MOST];
    size_t      threads;
    _Atomic int strangers;
} counts;

static void count_chunk(void *context, size_t index, size_t thread)
{
    counts *c = context;
    atomic_fetch_add(&c->chunk[index], 1);
    if (thread >= c->threads) atomic_fetch_add(&c->strangers, 1);
}

static void each_chunk_once(void **state)
{
    fov_error     err;
    test_random   r = {7};
    static counts c;
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        fov_pool *pool = NULL;
        assert_ok(fov_pool_new(threads, &pool, &err));
        for (int job = 0; job < 2000; job++) {
            size_t count = (size_t)test_random_int(&r, 0, job % 100 ? 40 : MOST);
            memset(&c, 0, sizeof c);
            c.threads = (size_t)threads;
            fov_pool_run(pool, count_chunk, &c, count);
            for (size_t i = 0; i < MOST; i++) assert_int_equal(c.chunk[i], i < count);
            assert_int_equal(c.strangers, 0);
            if (job % 500 == 0) usleep(2000); /* let the workers fall asleep */
        }
        fov_pool_free(pool);
    }
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_chunk_once), cmocka_unit_test(bad_sizes_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
