// SPDX-License-Identifier: MIT
/* The process that starts workers. It is forked off before the server has threads, keys or requests, so that every worker,
 * whenever it is started, begins with nothing of anybody's in its memory; and the front itself need not be able to fork. It hears
 * the front alone, and sees neither photos nor models. */
#ifndef FOVEA_SERVE_CREW_NURSERY_H
#define FOVEA_SERVE_CREW_NURSERY_H

#include <pthread.h>

#include "config.h"
#include "crew/relay.h"

typedef struct srv_nursery {
    int             fd;
    pid_t           pid;
    srv_relay       relay; /* what it and its workers print: to be started once the front is confined */
    pthread_mutex_t lock;  /* an order at a time */
} srv_nursery;

/** Before any thread is started. @return false: it was said why not */
bool srv_nursery_start(srv_nursery *nursery, const srv_config *config);
/** Its workers end with it. */
void srv_nursery_stop(srv_nursery *nursery);

/** @param control the worker's end of its control socket, which stays the caller's @return its number; 0: it could not be started,
 * errno says why; EPIPE: the nursery is gone */
pid_t srv_nursery_start_worker(srv_nursery *nursery, int control);
/** End it if it has not ended yet. @return its status, as waitpid() has it; -1: the nursery is gone */
int srv_nursery_end_worker(srv_nursery *nursery, pid_t pid);

#endif
