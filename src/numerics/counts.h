// SPDX-License-Identifier: MIT
/* What becomes of weights when they are rounded to a narrower format: docs/weight-health.md. */
#ifndef FOVEA_NUMERICS_COUNTS_H
#define FOVEA_NUMERICS_COUNTS_H

#include "fovea/fovea.h"
#include "graph/view.h"

#include <jansson.h>

/** The limits of a binary floating-point format (IEEE 754-2019, 3.3), all powers of two but the last. */
typedef struct fov_float_limits {
    float normal;    /* smallest normal number                                             */
    float subnormal; /* smallest subnormal number                                          */
    float zero;      /* what is not above it rounds to zero: half of the smallest subnormal */
    float infinite;  /* what is not below it rounds to infinity                            */
} fov_float_limits;

/** Of FP16 or BF16. */
const fov_float_limits *fov_float_limits_of(fov_precision precision);

typedef struct fov_counts {
    size_t elements;
    size_t subnormal; /* kept with fewer bits: FP16, BF16: below the smallest normal; INT8: of size 1         */
    size_t tiny;      /* below the smallest subnormal; INT8: as flushed                                      */
    size_t flushed;   /* not zero, and rounds to zero                                                        */
    size_t overflow;  /* finite, and rounds to infinity                                                      */
    size_t nan, inf, zero;
    double min, max;      /* of the finite ones; min > max: there are none                                   */
    double smallest;      /* magnitude above zero; 0: there is none                                          */
    size_t dead_channels; /* output channels of a Conv whose weights are all zero                            */
    size_t channels;      /* INT8: those that have a scale of their own                                      */
    size_t outliers;      /* INT8: channels that come out with an SNR below FOV_OUTLIER_DB                   */
    double signal, noise; /* INT8: sums of squares, of weights and of what rounding changes                  */
    double worst_db;      /* INT8: of all channels; above 1000: none is known                                */
} fov_counts;

/** A channel whose largest weight is so far above the others that 8 bits keep those with less than this is marked. */
#define FOV_OUTLIER_DB 30.0

fov_counts fov_counts_start(void);
void       fov_counts_join(fov_counts *total, const fov_counts *part);
/** Count a tensor as floats. */
fov_counts fov_counts_of_floats(const float *data, size_t count, const fov_float_limits *limits);
/** Count a tensor as 8-bit integers with one scale a row, the largest magnitude of the row being 127. */
fov_counts fov_counts_of_rows(const float *data, size_t rows, size_t per_row);
/** Count a tensor that INT8 keeps wider: only what it holds. */
fov_counts fov_counts_of_wide(const float *data, size_t count);
/** Rows that are zero all over. */
size_t fov_count_dead_rows(const float *data, size_t rows, size_t per_row);

/** Add the counts to a JSON object. @param precision INT8 has some of its own */
void fov_counts_to_json(const fov_counts *counts, fov_precision precision, json_t **object);

#endif
