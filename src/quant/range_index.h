// SPDX-License-Identifier: MIT
/* Names of ranges -> ranges: a cache from outside may have as many as a network has values, each of which asks for its own. */
#ifndef FOVEA_QUANT_RANGE_INDEX_H
#define FOVEA_QUANT_RANGE_INDEX_H

#include "base/error.h"

struct fov_range;

typedef struct fov_range_index {
    uint32_t *slot; /* of a hash table: 0, or 1 + where the range is */
    size_t    slots;
} fov_range_index;

/** Take in ranges[count - 1], unless one before it has its name. @return false: no memory */
bool fov_range_index_add(fov_range_index *index, const struct fov_range *ranges, size_t count);
/** @return where the first one of this name is, SIZE_MAX: nowhere */
size_t fov_range_index_find(const fov_range_index *index, const struct fov_range *ranges, const char *name);
void   fov_range_index_clear(fov_range_index *index); /* sets it to {0} */

#endif
