// SPDX-License-Identifier: MIT
/* What kernels want to know of a storage type, made from what the graph says. */
#ifndef FOVEA_BACKEND_CPU_STORAGE_H
#define FOVEA_BACKEND_CPU_STORAGE_H

#include "backend/cpu/kernels.h"
#include "base/error.h"

/**
 * @param quant  of U8; else NULL
 * @param repeat kernels see this many pixels that lie side by side as one, whose channels repeat; usually 1
 */
fov_status fov_storage_init(fov_storage *storage, fov_dtype dtype, const fov_quant *quant, size_t repeat, fov_error *err);
/** Of storage that was never made (all 0), nothing. */
void fov_storage_free(fov_storage *storage);

/** Both stand for the same reals, so that elements can be moved, or compared, as they are: their largest is the largest real. */
bool fov_storage_same(fov_dtype a, const fov_quant *qa, fov_dtype b, const fov_quant *qb);

#endif
