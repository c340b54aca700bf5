// SPDX-License-Identifier: MIT
#ifndef FOVEA_EVAL_LETTERS_H
#define FOVEA_EVAL_LETTERS_H

#include "media/paint.h"

/** Write words with a pen, small letters as capitals. @param x, y left end of the line they stand on. @param height of a capital */
void  fov_letters_paint(fov_photo *photo, const char *words, float x, float y, float height, fov_ink ink);
float fov_letters_width(const char *words, float height);

#endif
