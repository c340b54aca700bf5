// SPDX-License-Identifier: MIT
/* The bundled model, part of the library's read-only data. */
#ifndef FOVEA_API_DEFAULT_MODEL_H
#define FOVEA_API_DEFAULT_MODEL_H

#include <stddef.h>

extern const unsigned char fov_default_model[];
size_t                     fov_default_model_size(void);

#endif
