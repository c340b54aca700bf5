// SPDX-License-Identifier: MIT
/* What the front says to a worker outside of its lanes, over a socket of its own: what it is to load, and what to forget. A worker
 * that was taken over may stop in the middle of a word, so that all of it has a time. Thread-safe, but for what is said of it. */
#ifndef FOVEA_SERVE_CREW_CONTROL_H
#define FOVEA_SERVE_CREW_CONTROL_H

#include "config.h"
#include "facts.h"
#include "model_source.h"

#include <pthread.h>

typedef struct srv_control {
    const srv_config *config;
    pthread_mutex_t   sending; /* a command goes out in one piece; the socket is not closed meanwhile */
    pthread_mutex_t   lock;    /* of what follows, which changes with both */
    int               fd;      /* -1: none */
} srv_control;

void srv_control_init(srv_control *control, const srv_config *config);
void srv_control_clear(srv_control *control);

/** @return the worker's end; -1: no descriptor is left */
int srv_control_open(srv_control *control);
/** Not while anybody hears from it. */
void srv_control_close(srv_control *control);
/** Whoever talks over it sees that it is gone; so does the worker. */
void srv_control_shut(srv_control *control);

/* One thread at a time may hear from a worker, by these two. All return false where it is gone, takes too long, or says what cannot
 * be. */

/** A worker's first words. Prints why it is not confined, where it is not. */
bool srv_control_hear_hello(srv_control *control);

/** A model to load, which has a number of its own. */
typedef struct srv_load {
    uint32_t                id;
    const char             *name, *version;
    const srv_model_source *source;
} srv_load;

/** What came of it. */
typedef struct srv_load_done {
    fov_status status;
    bool       late; /* it took longer than it may */
    srv_facts  facts;
    char      *certificate; /* to free() */
} srv_load_done;

bool srv_control_load(srv_control *control, const srv_load *load, srv_load_done *done, fov_error *err);

/** At any time. One that does not hear is ended. */
void srv_control_unload(srv_control *control, uint32_t id);
/** @param end the worker's, which it gets a descriptor of its own for */
bool srv_control_open_lane(srv_control *control, int end);

#endif
