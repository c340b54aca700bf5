// SPDX-License-Identifier: MIT
/* Pictures for tests, made from the bundled photo: the same faces, stored in every troublesome way. All paths are absolute. */
#ifndef FOVEA_TESTS_PICTURES_H
#define FOVEA_TESTS_PICTURES_H

#include "support.h"

/** The bundled photo's upper part: width 512, height 400, one face. Release with fov_photo_free(). */
fov_photo *picture_of_face(void);

void picture_save(const fov_photo *photo, const char *path); /* by the ending of `path`           */
void picture_save_blank(int width, int height, const char *path);
void picture_save_cmyk(const fov_photo *photo, const char *path); /* JPEG, inverted as Adobe writes it */
/** JPEG stored turned to the left, with EXIF orientation 6, which says to turn it back. */
void picture_save_turned(const fov_photo *photo, const char *path);

void file_write(const char *path, const void *data, size_t bytes);
/** @return malloc'ed bytes, with a NUL behind them */
char *file_read(const char *path, size_t *bytes);
/** Write the first `share` of a file's bytes. */
void file_truncate(const char *from, const char *to, double share);

#endif
