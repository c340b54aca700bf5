// SPDX-License-Identifier: MIT
#include "media/png_memory.h"

#include "base/alloc.h"

static void *resize(void *block, size_t bytes)
{
    return fov_realloc_array(block, bytes, 1);
}

spng_ctx *fov_png_context(int flags)
{
    struct spng_alloc hooks = {.malloc_fn = fov_alloc, .realloc_fn = resize, .calloc_fn = fov_calloc, .free_fn = fov_free};
    return spng_ctx_new2(&hooks, flags);
}
