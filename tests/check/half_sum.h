// SPDX-License-Identifier: MIT
/* Sums of products in half precision, as backend/cpu/half_tile.h defines them: plain C, to the bit, and how far they may be from
 * exact ones. */
#ifndef FOVEA_TESTS_HALF_SUM_H
#define FOVEA_TESTS_HALF_SUM_H

#include <stddef.h>
#include <stdint.h>

/** a * b + c of halves, rounded once to the nearest half, ties to even. */
uint16_t half_fma(uint16_t a, uint16_t b, uint16_t c);

/** One sum under way. Starts as zeros. */
typedef struct half_sum {
    size_t   group;      /* counted through all taps */
    uint16_t run[2];     /* of even and of odd places */
    float    whole[2];   /* of the runs before */
    double   exact;      /* the sum itself */
    double   magnitudes; /* of its terms */
    double   inputs;     /* magnitudes of the input, and one for each: what weights and sums that are subnormal multiply */
} half_sum;

/** The products of one group: two halves of A with two of W. */
void half_sum_add(half_sum *sum, const uint16_t *a, const uint16_t *w);
/** What the kernel gives. */
float half_sum_of(const half_sum *sum, float factor);

/**
 * |computed - exact| at most. A run's chain rounds FOV_HALF_RUN times to 11 bits, or to a multiple of 2^-24 where it is subnormal;
 * weights are off by 2^-25 where they are. Floats round as often as there are runs, and twice at the end.
 * @param groups     of the whole sum
 * @param magnitudes sum of |weight * input|
 * @param inputs     sum of 1 + |input|
 * @param factor     what sums are multiplied by
 */
double half_sum_bound(size_t groups, double magnitudes, double inputs, double factor);

#endif
