// SPDX-License-Identifier: MIT
/* Integers in the words of depthwise_int8_tile.h, for the vectors of vec.h. */
#ifndef FOVEA_BACKEND_CPU_GENERIC_INTEGERS_H
#define FOVEA_BACKEND_CPU_GENERIC_INTEGERS_H

#include "backend/cpu/generic/storage.h"

/** Fields of `high` moved up by `bits` beside those of `low`. */
static inline ivec ivec_join(ivec low, ivec high, int bits)
{
    return low | high << bits;
}

/** q less its zero point, 16 bits. */
static inline ivec ivec_center(ivec q, ivec zero_point)
{
    return q - zero_point;
}

/** Of numbers of 16 bits. */
static inline ivec ivec_add_product(ivec sum, ivec x, ivec w)
{
    return sum + x * w;
}

#endif
