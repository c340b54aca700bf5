// SPDX-License-Identifier: MIT
/* Damaged files: from a valid one, any number of broken variants, the same ones on every machine and in every run. */
#ifndef FOVEA_TESTS_DAMAGE_H
#define FOVEA_TESTS_DAMAGE_H

#include "support.h"

/** A variant in a block of exactly `size` bytes, so that a sanitizer sees the first byte read past the end. */
typedef struct damage {
    unsigned char *data;
    size_t         size;
    char           what[160]; /* "variant 17 of x.pth: bytes 30..61 zeroed" */
} damage;

/**
 * The k-th variant: bits flipped, cut anywhere, grown by garbage, a span repeated, removed, zeroed or set to 0xFF, or a
 * number replaced by an unlucky one. Half of the places are near the ends of the file, where formats keep headers and tables.
 * @param name  of the valid file, for `what`
 * @param seed  another seed gives other variants
 */
void damage_make(const void *data, size_t size, const char *name, uint64_t seed, uint64_t k, damage *out);
void damage_clear(damage *d);

/** Feed one file to the code under test and release whatever it gave. */
typedef fov_status damage_target(const void *data, size_t bytes, const char *name, fov_error *err);

/** What damage_try() and damage_check() accept. */
typedef struct damage_limits {
    int     variants;
    double  seconds;   /* each, at most, of the processor; 0: whoever calls watches  */
    int64_t max_bytes; /* the library's allocations at any moment; more are refused */
} damage_limits;

/**
 * Feed one input to a target; fails the running test, or ends the program where none runs, when it is taken badly: no message with
 * an error, an internal error, memory not given back, or too slow.
 */
fov_status damage_check(const damage *d, const damage_limits *limits, damage_target *target);

/**
 * Feed variants of a valid file to a target by damage_check(). Prints how many were refused and how many still passed.
 */
void damage_try(const void *data, size_t size, const char *name, uint64_t seed, damage_limits limits, damage_target *target);

#endif
