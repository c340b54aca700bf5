// SPDX-License-Identifier: MIT
/* fov-check: proves every CPU kernel and lowering against plain sums in double, loops over pixels to the bit, and times them. After
 * dav1d's checkasm.
 *
 * A check belongs to a level (generic, avx2, avx512 ...); kernels of a level are tested where the level below has another pointer.
 */
#ifndef FOVEA_TESTS_CHECK_H
#define FOVEA_TESTS_CHECK_H

#include "support.h"

#include "backend/cpu/kernels.h"
#include "media/resize_rows.h"

#include <stdbool.h>

typedef struct check {
    uint64_t        seed;
    const char     *filter;     /* part of the names wanted, or NULL */
    const char     *level_name; /* of the level being checked */
    unsigned        level;      /* its bits of base/cpu.h */
    fov_kernels     below, now;
    fov_resize_rows rows_below, rows_now;
    test_random     random;
    int             number, failed; /* checks so far */
    bool            failing;        /* the one that runs */
} check;

/** Begin "<name> <level>"; false when the filter leaves it out. Seeds `random` by the name, so that a filter changes nothing. */
bool check_begin(check *t, const char *name);
/** Record a failure with a line that says where; only the first of a check is printed. */
void check_fail(check *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void check_end(check *t);

/* ---- floats surrounded by guards: whatever a kernel should neither write nor use */

typedef struct guarded {
    float *block, *data; /* `data` begins after the guard */
    size_t floats;       /* from data on */
} guarded;

/** All floats are guards: not-a-numbers of one pattern. `offset` moves data off its 64-byte alignment. */
guarded guarded_new(size_t floats, size_t offset);
void    guarded_free(guarded *g);
bool    guarded_is_guard(float v);
/** True when the guards in front of and behind data are as they were. */
bool guarded_intact(const guarded *g);

/** Compare with an exact value: |got - want| <= (terms + 2) * 2^-24 * magnitude, where magnitude is the sum of all |terms|. */
bool check_near(float got, double want, size_t terms, double magnitude);

/** Those kernels that `below` has not. */
void check_dot_kernels(check *t, const fov_gemm_dot *now, const fov_gemm_dot *below);
/** The same of tiles. */
void check_dot_tiles(check *t, const fov_gemm_tiles *now, const fov_gemm_tiles *below);

/** Random convolutions of inputs of a type against their definition, lowered with these kernels; NULL: the backend's own. */
void check_conv_with(check *t, const char *name, fov_dtype x_type, const fov_kernels *kernels);

/* ---- the checks */

void check_gemm(check *t);
void check_dot(check *t);
void check_tiles(check *t);
void check_halves(check *t);
void check_gemm_end(check *t);
void check_winograd(check *t);
void check_winograd_int8(check *t);
void check_depthwise(check *t);
void check_rows(check *t);
void check_typed(check *t);
void check_lowerings(check *t);
void check_conv(check *t);
void check_resize(check *t);

/* ---- speed */

int bench_layers(check *t, int threads, fov_dtype dtype);

#endif
