// SPDX-License-Identifier: MIT
/* The bytes of a model file, read once into memory that nobody can change any more: whoever parses them, here or in another
 * process, now or after a restart, reads what was there when the model was loaded. Nothing is parsed here. */
#ifndef FOVEA_SERVE_MODEL_SOURCE_H
#define FOVEA_SERVE_MODEL_SOURCE_H

#include "config.h"

enum { SRV_SETTINGS_BYTES = 64 << 10 }; /* of the text beside a model */

typedef struct srv_model_source {
    char  *path; /* for messages */
    int    fd;   /* sealed memory; -1: the bundled model, which needs none */
    size_t bytes;
    char  *settings; /* what the text beside the model says, then what the configuration says; NULL: nothing */
} srv_model_source;

/** @param source release with srv_model_source_close(), also after a failure */
fov_status srv_model_source_open(const char *path, const srv_config *config, srv_model_source *source, fov_error *err);
void       srv_model_source_close(srv_model_source *source);

/** The bytes, to be read only. @return NULL: no memory */
const void *srv_model_source_map(const srv_model_source *source);
void        srv_model_source_unmap(const srv_model_source *source, const void *bytes);

/** Do they begin as those of an engine? */
bool srv_is_engine(const void *data, size_t bytes);

#endif
