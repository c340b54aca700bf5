// SPDX-License-Identifier: MIT
#ifndef FOVEA_HIDE_JPEG_DCT_H
#define FOVEA_HIDE_JPEG_DCT_H

#include <stddef.h>
#include <stdint.h>

/** The quantised coefficients of 8 x 8 samples, both row by row (ITU-T T.81, A.3.3 and A.3.4). @param step of each coefficient */
void fov_jpeg_forward(const uint8_t *samples, ptrdiff_t pitch, const uint16_t step[64], int16_t coefficient[64]);

#endif
