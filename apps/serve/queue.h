// SPDX-License-Identifier: MIT
/* Photos that wait for a worker, first come, first served. Bounded: room is reserved before anything is put in, so that a full
 * queue is told to the client at once. */
#ifndef FOVEA_SERVE_QUEUE_H
#define FOVEA_SERVE_QUEUE_H

#include "job.h"

typedef struct srv_queue srv_queue;

srv_queue *srv_queue_new(size_t capacity);   /* NULL: no memory */
void       srv_queue_free(srv_queue *queue); /* NULL is allowed */

/** Room for the photos of a request: all or none. @return false: full, or closed */
bool srv_queue_reserve(srv_queue *queue, size_t count);
/** Put a job's tasks into room that was reserved for them. The job may be done before this returns. */
void srv_queue_put(srv_queue *queue, srv_job *job);

/**
 * Wait for tasks: the first, and those behind it that may share its pass.
 * @param most    of them
 * @param delay_s how long the first may wait for others to come, and half of its time at most
 * @param alone   out: nobody else has work, nor does any wait
 * @return how many; 0: the queue was closed and is empty
 */
size_t srv_queue_take(srv_queue *queue, srv_task **task, size_t most, double delay_s, bool *alone);
/**
 * Take those whose time to wait is over, or, once the queue is closed, any; to be told so, not to be worked on.
 * @param most of them @return how many; `most`: there may be more
 */
size_t srv_queue_take_late(srv_queue *queue, double now_s, srv_task **task, size_t most);
/** The tasks taken to be worked on are done. */
void srv_queue_taken_done(srv_queue *queue);

/** Reserve nothing any more; whoever takes gets what is there or has room reserved, then 0. */
void   srv_queue_close(srv_queue *queue);
bool   srv_queue_is_closed(srv_queue *queue);
size_t srv_queue_depth(srv_queue *queue);

#endif
