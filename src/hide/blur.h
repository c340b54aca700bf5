// SPDX-License-Identifier: MIT
#ifndef FOVEA_HIDE_BLUR_H
#define FOVEA_HIDE_BLUR_H

#include "hide/style.h"

/** @param sigma of the Gaussian, in pixels */
void fov_tile_blur(const fov_tile *tile, float sigma);

#endif
