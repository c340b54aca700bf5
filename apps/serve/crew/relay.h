// SPDX-License-Identifier: MIT
/* What worker processes print on standard error: the front prints it for them, as theirs. One that was taken over can neither forge
 * a line of the server's nor send a terminal its commands, nor fill a disk at once: in ten seconds a thousand lines of a KiB are
 * printed at most, of all workers together, so that a log is worth a limit of its own. */
#ifndef FOVEA_SERVE_CREW_RELAY_H
#define FOVEA_SERVE_CREW_RELAY_H

#include <pthread.h>
#include <stdbool.h>

typedef struct srv_relay {
    int       from, to; /* a pipe: the front reads, workers write; -1: closed, or handed on */
    pthread_t thread;
    bool      runs;
} srv_relay;

/** Before processes are started. @return false: no descriptor is left */
bool srv_relay_open(srv_relay *relay);

/* In a process that is to be heard: its standard error is the pipe. */
void srv_relay_join(srv_relay *relay);

/* In the front, once it is confined. @return false: it was said why not */
bool srv_relay_start(srv_relay *relay);
/** Until the last process that writes has ended. What was not opened may be closed. */
void srv_relay_close(srv_relay *relay);

#endif
