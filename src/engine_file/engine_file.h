// SPDX-License-Identifier: MIT
/* Engines as files (docs/engine-format.md): everything of an engine but what its backend packed, portable between machines and
 * releases. A file is never trusted: nothing in it is executed, every count and offset is checked before it is used. */
#ifndef FOVEA_ENGINE_FILE_ENGINE_FILE_H
#define FOVEA_ENGINE_FILE_ENGINE_FILE_H

#include "base/file.h"
#include "base/text.h"
#include "engine/engine.h"

/** By the first bytes. */
bool fov_engine_file_recognise(const void *data, size_t size);

/**
 * An engine as a file's bytes; the same engine gives the same bytes.
 * @param file out: added to. @return FOV_ERR_ARGUMENT for an engine without weights to write
 */
fov_status fov_engine_file_write(const fov_engine *engine, fov_text *file, fov_error *err);

/**
 * @param owner   holds `data`: cleared once all is read, before weights are packed, lest they be in memory three times; or NULL
 * @param name    of the file, for messages
 * @param options backend, keep_weights and plugins are looked at
 * @param engine  out: keeps no pointer into `data`
 */
fov_status fov_engine_file_read(const void *data, size_t size, fov_buffer *owner, const char *name,
                                const fov_engine_options *options, fov_engine **engine, fov_error *err);

#endif
