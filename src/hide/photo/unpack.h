// SPDX-License-Identifier: MIT
/* What zlib packed into a PNG's texts and its colour profile. */
#ifndef FOVEA_HIDE_UNPACK_H
#define FOVEA_HIDE_UNPACK_H

#include "base/text.h"

/** @param out is added to; failed: no memory. @return false: it cannot be unpacked, or is far too much */
bool fov_unpack(const unsigned char *data, size_t size, fov_text *out);

#endif
