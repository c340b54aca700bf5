// SPDX-License-Identifier: MIT
/* How a PNG or WebP says that its picture is to be turned: as EXIF does, from 1 to 8; 1 where it says nothing, 0 without memory
 * to tell. */
#ifndef FOVEA_MEDIA_STORED_ORIENTATION_H
#define FOVEA_MEDIA_STORED_ORIENTATION_H

#include <spng.h>
#include <webp/demux.h>

/** Of the chunks that were read so far: the block may stand before the pixels or behind them. */
int fov_png_orientation(spng_ctx *ctx);
int fov_webp_orientation(const WebPDemuxer *demux);

#endif
