// SPDX-License-Identifier: MIT
/* What comes with the library, as part of its read-only data: the default model, and its certified engine (scripts/bundle). */
#ifndef FOVEA_API_BUNDLED_H
#define FOVEA_API_BUNDLED_H

#include <stddef.h>

typedef struct fov_bundled {
    const void *data;
    size_t      size;
} fov_bundled;

fov_bundled fov_bundled_model(void);  /* .safetensors */
fov_bundled fov_bundled_engine(void); /* .fov         */

#endif
