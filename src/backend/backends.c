// SPDX-License-Identifier: MIT
#include "backend/backend.h"

#include <string.h>

#define FOV_BACKEND(symbol) extern const fov_backend symbol;
#include "backend/backends.def"
#undef FOV_BACKEND

static const fov_backend *const backends[] = {
#define FOV_BACKEND(symbol) &symbol,
#include "backend/backends.def"
#undef FOV_BACKEND
};

const fov_backend *fov_backend_at(size_t index)
{
    return index < sizeof backends / sizeof *backends ? backends[index] : NULL;
}

const fov_backend *fov_backend_find(const char *name)
{
    const fov_backend *backend;
    for (size_t i = 0; (backend = fov_backend_at(i)) != NULL; i++)
        if (!strcmp(backend->name, name)) return backend;
    return NULL;
}
