// SPDX-License-Identifier: MIT
/* What one version of a model has done since the server started. Any thread may add at any time. */
#ifndef FOVEA_SERVE_STATS_H
#define FOVEA_SERVE_STATS_H

#include "histogram.h"

#include <stdbool.h>

/** Why a request failed, in Triton's words. */
typedef enum srv_failure {
    SRV_FAILED_REJECTED,
    SRV_FAILED_CANCELED,
    SRV_FAILED_BACKEND,
    SRV_FAILED_OTHER,
    SRV_FAILURES
} srv_failure;

typedef struct srv_stats {
    _Atomic uint64_t success, failure[SRV_FAILURES];                      /* requests */
    _Atomic bool     device_failed;                                       /* the last photo was not looked at for that */
    _Atomic uint64_t photos, passes, faces, pending;                      /* pending: photos that wait */
    _Atomic uint64_t request_us, queue_us, input_us, infer_us, output_us; /* of requests that succeeded */
    _Atomic uint64_t last_ms;                                             /* of the wall clock, when the last one did */
    srv_histogram    queue, decode, preprocess, network, postprocess;     /* of photos */
} srv_stats;

#endif
