// SPDX-License-Identifier: MIT
/* How long clients may take. libmicrohttpd's own limit begins anew with every byte, so a client that sends one now and then would
 * hold its connection forever: here the whole of the headers, of the body, and of the answer's way out have a limit each. */
#ifndef FOVEA_SERVE_CONNECTIONS_H
#define FOVEA_SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct srv_connection {
    int                    fd;
    bool                   in_body; /* nothing was answered yet, so that a 408 may be */
    double                 until_s; /* 0: no limit, for it waits for us */
    struct srv_connection *before, *after;
} srv_connection;

typedef struct srv_connections {
    pthread_mutex_t lock;
    srv_connection *first;
    bool            tls; /* what is sent past the library would not be encrypted */
    atomic_size_t   open;
    atomic_size_t   timed_out;
} srv_connections;

void srv_connections_init(srv_connections *all, bool tls);
void srv_connections_clear(srv_connections *all);

srv_connection *srv_connection_open(srv_connections *all, int fd, double limit_s);      /* NULL: no memory, it has no limit then */
void            srv_connection_close(srv_connections *all, srv_connection *connection); /* NULL is allowed, here and below */
/** It has so long for what comes next. @param limit_s 0: as long as it takes */
void srv_connection_allow(srv_connections *all, srv_connection *connection, double limit_s, bool in_body);

/** End those that took too long. To be called now and then. */
void srv_connections_sweep(srv_connections *all);

#endif
