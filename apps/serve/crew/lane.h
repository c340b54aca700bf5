// SPDX-License-Identifier: MIT
/* Lanes of a worker process: sockets on each of which a thread is asked for the faces of photos, and answers. */
#ifndef FOVEA_SERVE_CREW_LANE_H
#define FOVEA_SERVE_CREW_LANE_H

#include <pthread.h>

#include "model.h"

/** The models that lanes may be asked for. */
typedef struct srv_lanes {
    const srv_config *config;
    pthread_mutex_t   lock;
    struct srv_held  *first;
} srv_lanes;

void srv_lanes_init(srv_lanes *lanes);
/** A thread for the socket, which becomes the lane's. @return false: it could not be started */
bool srv_lanes_open(srv_lanes *lanes, int fd);
/** @param model becomes theirs @return false: no memory */
bool srv_lanes_add_model(srv_lanes *lanes, uint32_t id, srv_model *model);
void srv_lanes_remove_model(srv_lanes *lanes, uint32_t id);

#endif
