// SPDX-License-Identifier: MIT
#ifndef FOVEA_MEDIA_DIGITS_H
#define FOVEA_MEDIA_DIGITS_H

#include "media/paint.h"

enum { FOV_DIGITS_MAX_SEGMENTS = 256 };

/**
 * The strokes of a number; characters other than 0-9 and '.' leave a gap.
 * @param x, y, height where the first character's top left corner is, and how high a digit is
 * @param segment out: room for FOV_DIGITS_MAX_SEGMENTS; characters that do not fit are left out
 * @return how many segments
 */
int fov_digits_strokes(const char *text, float x, float y, float height, fov_segment *segment);
/** Width of the same, without the width of the pen. */
float fov_digits_width(const char *text, float height);

#endif
