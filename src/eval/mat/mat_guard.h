// SPDX-License-Identifier: MIT
/* What a MATLAB file would make libmatio allocate, seen before it does: dimensions of any size, cells in cells, and compressed
 * parts that unpack to a thousand times their bytes. */
#ifndef FOVEA_EVAL_MAT_MAT_GUARD_H
#define FOVEA_EVAL_MAT_MAT_GUARD_H

#include "base/file.h"

/** @return FOV_ERR_LIMIT: it would be more than 64 MiB and 16 times the file; FOV_ERR_UNSUPPORTED: it holds what is neither
 * numbers, text nor cells of them; FOV_ERR_FORMAT: it is damaged. @param path for messages */
fov_status fov_mat_guard(const char *path, const fov_buffer *file, fov_error *err);

#endif
