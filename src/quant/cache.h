// SPDX-License-Identifier: MIT
/* Calibration caches: Fovea's own text and TensorRT's, a file each. docs/calibration.md says what stands in them. */
#ifndef FOVEA_QUANT_CACHE_H
#define FOVEA_QUANT_CACHE_H

#include "base/text.h"
#include "quant/ranges.h"

/** A line-by-line reader over text in memory, which it changes. */
typedef struct fov_lines {
    char       *next; /* NULL: no more */
    const char *path; /* for messages */
    size_t      number;
} fov_lines;

/** The next line without its end, NULL after the last. */
char *fov_lines_next(fov_lines *lines);
/** Fail with "<path>:<number>: <message>". */
fov_status fov_lines_fail(const fov_lines *lines, fov_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool       fov_cache_is_tensorrt(const char *text);
bool       fov_cache_is_fovea(const char *text);
fov_status fov_cache_read_tensorrt(fov_lines *lines, struct fov_calibration *calibration, fov_error *err);
fov_status fov_cache_read_fovea(fov_lines *lines, struct fov_calibration *calibration, fov_error *err);
void       fov_cache_print_tensorrt(const struct fov_calibration *calibration, fov_text *text);
void       fov_cache_print_fovea(const struct fov_calibration *calibration, fov_text *text);

/** Give ranges our names by "their name = our name" lines; # starts a comment. */
fov_status fov_cache_rename(struct fov_calibration *calibration, const char *mapping, fov_error *err);

#endif
