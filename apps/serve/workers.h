// SPDX-License-Identifier: MIT
/* The threads that take photos out of the queue and look at them, or have a worker process do so: each has a lane of its own there.
 */
#ifndef FOVEA_SERVE_WORKERS_H
#define FOVEA_SERVE_WORKERS_H

#include "queue.h"

typedef struct srv_workers srv_workers;

/** @param crew the processes that do the work; NULL: the threads do it themselves
 * @return NULL: there was no memory, or a thread could not be started, which was said */
srv_workers *srv_workers_start(srv_queue *queue, srv_crew *crew, const srv_config *config);
/** Give up photos that have waited in the queue for too long, or that wait once it is closed. To be called now and then: the
 * threads themselves may all be busy. NULL is allowed. */
void srv_workers_sweep(srv_workers *workers);
/** Wait until all have left, which they do when the queue is closed and empty. NULL is allowed. */
void srv_workers_join(srv_workers *workers);

#endif
