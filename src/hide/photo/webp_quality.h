// SPDX-License-Identifier: MIT
#ifndef FOVEA_HIDE_WEBP_QUALITY_H
#define FOVEA_HIDE_WEBP_QUALITY_H

#include <stddef.h>

/** The quality, 0 to 100, at which libwebp would have made this lossy frame. @param data of the "VP8 " chunk */
float fov_webp_quality(const unsigned char *data, size_t size);

#endif
