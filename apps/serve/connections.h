// SPDX-License-Identifier: MIT
/* How long clients may take. libmicrohttpd's own limit begins anew with every byte, so a client that sends one now and then would
 * hold its connection forever: here the whole of the headers, of the body, and of the answer's way out have a limit each. Nor does
 * it see a client leave whose last bytes came together with the end.
 *
 * Nor may clients that send half of a request, or nothing, or one that is refused anyway, keep others out: where all connections
 * are taken, a new one takes the place of the one that has been before a request, in its headers, or in the body of such a one, for
 * the longest. */
#ifndef FOVEA_SERVE_CONNECTIONS_H
#define FOVEA_SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/** What a connection is at. */
typedef enum srv_phase {
    SRV_IN_HEADERS, /* or before them */
    SRV_IN_REFUSED, /* a body that is thrown away: the client hears that once it is through */
    SRV_IN_BODY,    /* nothing was answered yet, here and above, so that a 408 may be */
    SRV_IN_ANSWER   /* made, or on its way out */
} srv_phase;

typedef struct srv_connection {
    int                    fd;
    srv_phase              phase;
    bool                   ended;   /* by us; the library will find it closed */
    double                 since_s; /* its phase began */
    double                 until_s; /* 0: no limit, for it waits for us */
    double                 left_s;  /* since when its client is known to send nothing more; 0: it may */
    struct srv_connection *before, *after;
} srv_connection;

typedef struct srv_connections {
    pthread_mutex_t lock;
    srv_connection *first;
    bool            tls;   /* what is sent past the library would not be encrypted */
    size_t          most;  /* that may be open, where one of them can make room */
    size_t          ended; /* of those that are open */
    atomic_size_t   open;
    atomic_size_t   timed_out, displaced;
} srv_connections;

void srv_connections_init(srv_connections *all, size_t most, bool tls);
void srv_connections_clear(srv_connections *all);

srv_connection *srv_connection_open(srv_connections *all, int fd, double limit_s);      /* NULL: no memory, it has no limit then */
void            srv_connection_close(srv_connections *all, srv_connection *connection); /* NULL is allowed, here and below */
/** It has so long for what comes next. @param limit_s 0: as long as it takes */
void srv_connection_allow(srv_connections *all, srv_connection *connection, double limit_s, srv_phase phase);

/** End those that took too long, those whose clients left in the middle of a request, and those in the way of others. To be called
 * now and then. */
void srv_connections_sweep(srv_connections *all);

#endif
