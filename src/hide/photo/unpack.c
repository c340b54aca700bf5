// SPDX-License-Identifier: MIT
#include "hide/photo/unpack.h"

#include "base/alloc.h"

#include <stdint.h>
#include <zlib.h>

enum { MOST_BYTES = 64 << 20 }; /* as of a PNG's chunk when it is read */

static void *inflate_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return fov_alloc_array(count, size);
}

static void inflate_free(void *opaque, void *block)
{
    (void)opaque;
    fov_free(block);
}

bool fov_unpack(const unsigned char *data, size_t size, fov_text *out)
{
    unsigned char part[1 << 14];
    z_stream      z = {.zalloc = inflate_alloc, .zfree = inflate_free};
    int           code = Z_OK;
    z.next_in = (unsigned char *)(uintptr_t)data;
    z.avail_in = (unsigned)size;
    if (inflateInit(&z) != Z_OK) out->failed = true;
    while (!out->failed && code == Z_OK && out->size < MOST_BYTES) {
        z.next_out = part;
        z.avail_out = sizeof part;
        code = inflate(&z, Z_NO_FLUSH);
        fov_text_add(out, part, sizeof part - z.avail_out);
    }
    if (code == Z_MEM_ERROR) out->failed = true;
    inflateEnd(&z);
    return code == Z_STREAM_END && !out->failed;
}
