// SPDX-License-Identifier: MIT
/* A model out of a file that was read already: what fov_model_load() and fov_engine_open() share. */
#ifndef FOVEA_API_MODEL_FILE_H
#define FOVEA_API_MODEL_FILE_H

#include "base/file.h"

/** The largest checkpoint of the family is 110 MB; this bounds what a mistaken name (a disk image, say) can cost. */
#define FOV_MAX_MODEL_BYTES ((size_t)4 << 30)

/** fov_file_wanted: begins like a model, or an engine. */
bool fov_model_file_wanted(const unsigned char *start, size_t bytes);

/** @param path where `file` was read from: for messages, and for the settings that may lie beside it; "-": standard input */
fov_status fov_model_from_file(const fov_buffer *file, const char *path, const fov_model_options *options, fov_model **model,
                               fov_error *err);

#endif
