// SPDX-License-Identifier: MIT
/* A pool that runs one job at a time over a range of chunks. The caller works too, so a pool of 1 has no thread. Whoever waits,
 * a worker for a job or the caller for the last chunk, spins for 50 us at most and then sleeps. */
#ifndef FOVEA_BASE_THREADS_H
#define FOVEA_BASE_THREADS_H

#include "base/error.h"

#include <pthread.h>

/** pthread_create() of a thread that takes no signals: they belong to the program, and a thread of ours that took one would run its
 * handler on our stack. @return 0 or an error number */
int fov_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

typedef struct fov_pool fov_pool;

/** Work on chunk `index` of `count`. @param thread 0 .. size-1, for per-thread scratch */
typedef void fov_pool_job(void *context, size_t index, size_t thread);

/** @param threads 1 or more, the caller included */
fov_status fov_pool_new(int threads, fov_pool **pool, fov_error *err);
int        fov_pool_size(const fov_pool *pool);

/**
 * Run job(context, i, thread) for every i in [0, count), in any order and on any thread; returns when all are done. Chunks are
 * first shared out in order, as equal ranges: a job over the rows of a picture keeps a thread near the rows it had in the last one.
 * What a chunk computes must not depend on order or thread: that is what makes results equal for any pool size.
 * One caller at a time per pool, and no job calls its own; does not allocate. @param pool NULL: the caller runs all chunks
 */
void fov_pool_run(fov_pool *pool, fov_pool_job *job, void *context, size_t count);
void fov_pool_free(fov_pool *pool); /* NULL is allowed */

#endif
