// SPDX-License-Identifier: MIT
#include "histogram.h"

static const double bounds_s[SRV_BUCKETS - 1] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};

void srv_histogram_add(srv_histogram *histogram, double seconds)
{
    int bucket = 0;
    while (bucket < SRV_BUCKETS - 1 && seconds > bounds_s[bucket]) bucket++;
    histogram->count[bucket]++;
    histogram->sum_us += seconds > 0 ? (uint64_t)(seconds * 1e6) : 0;
}

uint64_t srv_histogram_count(const srv_histogram *histogram)
{
    uint64_t count = 0;
    for (int i = 0; i < SRV_BUCKETS; i++) count += histogram->count[i];
    return count;
}

void srv_histogram_print(FILE *out, const char *name, const char *labels, const srv_histogram *histogram)
{
    uint64_t below = 0;
    for (int i = 0; i < SRV_BUCKETS - 1; i++) {
        below += histogram->count[i];
        fprintf(out, "%s_bucket{%s,le=\"%g\"} %llu\n", name, labels, bounds_s[i], (unsigned long long)below);
    }
    below += histogram->count[SRV_BUCKETS - 1];
    fprintf(out, "%s_bucket{%s,le=\"+Inf\"} %llu\n", name, labels, (unsigned long long)below);
    fprintf(out, "%s_sum{%s} %.6f\n", name, labels, (double)histogram->sum_us * 1e-6);
    fprintf(out, "%s_count{%s} %llu\n", name, labels, (unsigned long long)below);
}
