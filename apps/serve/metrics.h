// SPDX-License-Identifier: MIT
/* What GET /metrics tells: of models what Triton tells, by its names (docs/serve.md), and the server's own under fovea_. */
#ifndef FOVEA_SERVE_METRICS_H
#define FOVEA_SERVE_METRICS_H

#include "histogram.h"

enum { SRV_STATUSES = 600, SRV_TIMED_ROUTES = 32 };

typedef struct srv_metrics {
    _Atomic uint64_t responses[SRV_STATUSES];   /* by status */
    srv_histogram    request[SRV_TIMED_ROUTES]; /* by the route's row: from the headers to the end of the answer */
    double           start_unix_s;
    int              memory; /* the system's file about it, open from the start; -1: there is none */
} srv_metrics;

void srv_metrics_begin(srv_metrics *metrics);
void srv_metrics_end(srv_metrics *metrics);

#endif
