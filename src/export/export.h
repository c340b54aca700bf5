// SPDX-License-Identifier: MIT
/* Exporters: model -> bytes. One file a format, one row in exporters.def; chosen by the ending of the output's name. */
#ifndef FOVEA_EXPORT_EXPORT_H
#define FOVEA_EXPORT_EXPORT_H

#include "base/file.h"
#include "models/model.h"

typedef struct fov_exporter {
    const char *format; /* also the ending, without the dot */
    bool        carries_settings; /* false: fov_export() writes them to PATH.settings */
    fov_status (*export)(const struct fov_model *model, fov_buffer *out, fov_error *err);
} fov_exporter;

/** Write `model` to `path`, atomically; also the settings file where the format cannot carry them. */
fov_status fov_export(const struct fov_model *model, const char *path, fov_error *err);

#endif
