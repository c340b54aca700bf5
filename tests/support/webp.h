// SPDX-License-Identifier: MIT
/* WebP photos with more in them than a picture. */
#ifndef FOVEA_TESTS_WEBP_H
#define FOVEA_TESTS_WEBP_H

#include "support.h"

#include <webp/mux.h>

typedef struct webp_chunk {
    const char *name; /* four letters */
    WebPData    data;
} webp_chunk;

/** The picture of a file of its own, with these chunks; release with WebPDataClear(). */
static inline WebPData webp_with(const uint8_t *picture, size_t bytes, const webp_chunk *chunk, size_t count)
{
    const WebPData image = {picture, bytes};
    WebPData       file;
    WebPMux       *mux = WebPMuxNew();
    assert_int_equal(WebPMuxSetImage(mux, &image, 0), WEBP_MUX_OK);
    for (size_t i = 0; i < count; i++) assert_int_equal(WebPMuxSetChunk(mux, chunk[i].name, &chunk[i].data, 1), WEBP_MUX_OK);
    assert_int_equal(WebPMuxAssemble(mux, &file), WEBP_MUX_OK);
    WebPMuxDelete(mux);
    return file;
}

#endif
