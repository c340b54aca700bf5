// SPDX-License-Identifier: MIT
#include "backend/cpu/storage.h"

#include "base/alloc.h"

#include <string.h>

fov_status fov_storage_init(fov_storage *storage, fov_dtype dtype, const fov_quant *quant, size_t repeat, fov_error *err)
{
    *storage = (fov_storage){.dtype = dtype};
    if (dtype != FOV_U8) return FOV_OK;
    const size_t count = (size_t)quant->count, room = count * repeat;
    const size_t padded = (room / FOV_STORAGE_PAD + 2) * FOV_STORAGE_PAD; /* parts of it may begin anywhere */
    storage->block = fov_alloc_aligned(padded * (2 * sizeof(float) + sizeof(int32_t)));
    if (!storage->block) return fov_fail_memory(err, "scales of a layer");
    float   *scale = storage->block, *inverse = scale + padded;
    int32_t *zero_point = (int32_t *)(void *)(inverse + padded);
    for (size_t i = 0; i < padded; i++) {
        scale[i] = quant->scale[i % count];
        inverse[i] = 1.0F / scale[i];
        zero_point[i] = quant->zero_point[i % count];
    }
    storage->mask = count == 1 ? 0 : SIZE_MAX;
    storage->scale = scale;
    storage->inverse = inverse;
    storage->zero_point = zero_point;
    return FOV_OK;
}

void fov_storage_free(fov_storage *storage)
{
    fov_free_aligned(storage->block);
    *storage = (fov_storage){0};
}

/* Outside of this range products and reciprocals lose bits, and a number does not come back from its real. */
static bool moderate(float scale)
{
    return scale > 0x1p-100F && scale < 0x1p100F;
}

bool fov_storage_same(fov_dtype a, const fov_quant *qa, fov_dtype b, const fov_quant *qb)
{
    if (a != b) return false;
    if (a != FOV_U8) return true;
    const int count = qa->count > qb->count ? qa->count : qb->count;
    for (int c = 0; c < count; c++)
        if (fov_quant_scale(qa, c) != fov_quant_scale(qb, c) || fov_quant_zero_point(qa, c) != fov_quant_zero_point(qb, c) ||
            !moderate(fov_quant_scale(qa, c)))
            return false;
    return true;
}
