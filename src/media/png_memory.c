// SPDX-License-Identifier: MIT
#include "media/png_memory.h"

#include "base/alloc.h"

/* libspng calls it a damaged stream when zlib could not get memory, and its hooks carry no context: so they leave word here. */
static _Thread_local bool refused;

static void *noted(void *block)
{
    if (!block) refused = true;
    return block;
}

static void *take(size_t bytes)
{
    return noted(fov_alloc(bytes));
}

static void *take_zeroed(size_t count, size_t size)
{
    return noted(fov_calloc(count, size));
}

static void *resize(void *block, size_t bytes)
{
    return noted(fov_realloc_array(block, bytes, 1));
}

spng_ctx *fov_png_context(int flags)
{
    struct spng_alloc hooks = {.malloc_fn = take, .realloc_fn = resize, .calloc_fn = take_zeroed, .free_fn = fov_free};
    refused = false;
    return spng_ctx_new2(&hooks, flags);
}

bool fov_png_out_of_memory(void)
{
    return refused;
}
