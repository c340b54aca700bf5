// SPDX-License-Identifier: MIT
/* How long things took, in buckets, as Prometheus wants it. Any thread may add at any time. */
#ifndef FOVEA_SERVE_HISTOGRAM_H
#define FOVEA_SERVE_HISTOGRAM_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

enum { SRV_BUCKETS = 14 }; /* the last one has no upper bound */

typedef struct srv_histogram {
    _Atomic uint64_t count[SRV_BUCKETS];
    _Atomic uint64_t sum_us;
} srv_histogram;

void     srv_histogram_add(srv_histogram *histogram, double seconds);
uint64_t srv_histogram_count(const srv_histogram *histogram); /* how many were added */
/** The lines of one histogram. @param labels such as `route="/detect"`, not empty */
void srv_histogram_print(FILE *out, const char *name, const char *labels, const srv_histogram *histogram);

#endif
