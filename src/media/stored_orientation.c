// SPDX-License-Identifier: MIT
#include "media/stored_orientation.h"

#include "media/media.h"

int fov_png_orientation(spng_ctx *ctx)
{
    struct spng_exif exif;
    return spng_get_exif(ctx, &exif) ? 1 : fov_exif_orientation((const unsigned char *)exif.data, exif.length);
}

int fov_webp_orientation(const WebPDemuxer *demux)
{
    WebPChunkIterator chunk;
    int               orientation = 1;
    if (WebPDemuxGetChunk(demux, "EXIF", 1, &chunk)) orientation = fov_exif_orientation(chunk.chunk.bytes, chunk.chunk.size);
    WebPDemuxReleaseChunkIterator(&chunk);
    return orientation;
}
