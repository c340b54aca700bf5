// SPDX-License-Identifier: MIT
#include "media/png_memory.h"

#include "base/alloc.h"

/* A compressed profile or text must not unfold without end, and libspng makes room for as much as a chunk says that it has. */
enum { MAX_CHUNK_BYTES = 64 << 20, MAX_RATIO = 1032 /* deflate makes at most as many bytes of one */ };

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

int fov_png_open(spng_ctx *ctx, const void *data, size_t size)
{
    const size_t most = size < MAX_CHUNK_BYTES / MAX_RATIO ? size * MAX_RATIO : MAX_CHUNK_BYTES;
    const int    code = spng_set_chunk_limits(ctx, most, most);
    return code ? code : spng_set_png_buffer(ctx, data, size);
}

bool fov_png_out_of_memory(void)
{
    return refused;
}
