// SPDX-License-Identifier: MIT
/* Importers: bytes -> model. One file a format, one row in importers.def; recognised by content. */
#ifndef FOVEA_IMPORT_IMPORT_H
#define FOVEA_IMPORT_IMPORT_H

#include "models/model.h"

/** A model file in memory. */
typedef struct fov_source {
    const unsigned char *data;
    size_t               size;
    const char          *name;     /* for messages */
    const char          *settings; /* text laid over what the file carries: sidecar and options, may be "" */
    fov_plugin_set       plugins;  /* whose operators the file may use */
} fov_source;

typedef struct fov_importer {
    const char *format; /* "pth" */
    /** Cheap look at the first bytes. */
    bool (*recognise)(const fov_source *source);
    /** Fill graph, settings, family, warnings of a new model. Never trusts a size, offset or name in the file. */
    fov_status (*import)(const fov_source *source, struct fov_model *model, fov_error *err);
} fov_importer;

/** Whether some importer takes what begins so. */
bool fov_import_recognises(const unsigned char *start, size_t bytes);

/** Recognise and import. */
fov_status fov_import(const fov_source *source, struct fov_model **model, fov_error *err);

/** Settings that the file carries (may be NULL), then source->settings, laid over `settings`. */
fov_status fov_import_settings(const fov_source *source, const char *carried, fov_settings *settings, fov_error *err);

/** Warn of weights that are infinite or not a number. Every importer asks this of the graph it made. */
fov_status fov_import_warn_non_finite(struct fov_model *model, fov_error *err);

/**
 * For importers of bare weights: settings of the family, then `carried` (metadata in the file, may be NULL), then
 * source->settings; then fov_family_build().
 */
fov_status fov_import_weights(const fov_source *source, const char *carried, fov_weights *weights, struct fov_model *model,
                              fov_error *err);

#endif
