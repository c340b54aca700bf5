// SPDX-License-Identifier: MIT
/* What all requests share. */
#ifndef FOVEA_SERVE_SERVER_H
#define FOVEA_SERVE_SERVER_H

#include "access_log.h"
#include "budget.h"
#include "connections.h"
#include "crew/crew.h"
#include "metrics.h"
#include "queue.h"
#include "repository.h"

typedef struct srv_server {
    const srv_config *config;
    srv_repository   *repository;
    srv_crew         *crew; /* NULL: without isolation */
    srv_queue        *queue;
    srv_budget        bodies;
    srv_connections   connections;
    srv_metrics       metrics;
    srv_access_log    log;
    bool              is_local; /* it listens on this machine's own addresses only */
    atomic_bool       stopping;
    atomic_size_t     requests;  /* begun, and not answered to the end */
    atomic_size_t     suspended; /* of these, those that wait for work */
} srv_server;

#endif
