// SPDX-License-Identifier: MIT
/* What this machine's processor can do and how much of it we may use. */
#ifndef FOVEA_BASE_CPU_H
#define FOVEA_BASE_CPU_H

#include "base/error.h"

/* Feature levels that kernels are written for; a bit is set only when the processor has the instructions and the
 * operating system saves their registers. */
enum {
    FOV_CPU_AVX2 = 1 << 0,        /* AVX2, FMA, F16C                        */
    FOV_CPU_AVX_VNNI = 1 << 1,    /* dot products of bytes in 256 bits      */
    FOV_CPU_AVX512 = 1 << 2,      /* AVX-512 F, BW, DQ, VL                  */
    FOV_CPU_AVX512_VNNI = 1 << 3, /* dot products of bytes in 512 bits      */
    FOV_CPU_AVX512_BF16 = 1 << 4, /* dot products of bfloat16 in 512 bits   */
    FOV_CPU_AVX512_FP16 = 1 << 5, /* halves multiplied in 512 bits          */
    FOV_CPU_AMX = 1 << 6,         /* tiles of bytes and of bfloat16         */
};

/** Features of the machine, less those masked by fov_cpu_limit(). */
unsigned fov_cpu_features(void);
/** Features of the machine, whatever the mask. */
unsigned fov_cpu_detected(void);
/** Name of a single feature bit, as fov_cpu_limit() takes it; NULL for an unknown bit. */
const char *fov_cpu_feature_name(unsigned bit);
/** fov_cpu_features(), less what the processor has and other instructions do faster: what engines should be made of. */
unsigned fov_cpu_worthwhile(void);
/**
 * Restrict what the calling thread sees of fov_cpu_features(), besides fov_cpu_limit(): for an engine that is made as another
 * machine would make it. ~0U: no more.
 */
void fov_cpu_limit_thread(unsigned bits);
/** Brand string of the processor, "" if unknown. */
const char *fov_cpu_brand(void);

#endif
