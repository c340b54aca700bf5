// SPDX-License-Identifier: MIT
#include "backend/backend.h"

#include <stdio.h>
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

static fov_status fail_unknown(const char *name, fov_error *err)
{
    const fov_backend *backend;
    char               names[128] = "";
    size_t             length = 0;
    for (size_t i = 0; (backend = fov_backend_at(i)) != NULL && length < sizeof names; i++)
        length += (size_t)snprintf(names + length, sizeof names - length, ", %s", backend->name);
    return fov_fail(err, FOV_ERR_ARGUMENT, "unknown backend '%s': there are auto%s", name, names);
}

static const fov_backend *choose_usable(int device)
{
    const fov_backend *backend;
    for (size_t i = 0; (backend = fov_backend_at(i)) != NULL; i++)
        if (backend->remote && !backend->remote->check(device, NULL)) return backend;
    return fov_backend_find("cpu");
}

void fov_backend_explain(const fov_backend *chosen, int device, char *text, size_t bytes)
{
    const fov_backend *backend;
    size_t             length = 0;
    char               name[128];
    *text = '\0';
    if (chosen->remote && !chosen->remote->name(device, name, sizeof name, NULL)) {
        snprintf(text, bytes, "GPU %d can be used: %s", device, name);
        return;
    }
    for (size_t i = 0; (backend = fov_backend_at(i)) != NULL && length < bytes; i++) {
        fov_error err = {0};
        if (backend->remote && backend->remote->check(device, &err))
            length += (size_t)snprintf(text + length, bytes - length, "%s%s cannot be used: %s", length ? "; " : "", backend->name,
                                       err.message);
    }
}

fov_status fov_backend_choose(const char *name, int device, const fov_backend **backend, fov_error *err)
{
    if (name && !strcmp(name, "auto")) {
        *backend = choose_usable(device);
        return FOV_OK;
    }
    *backend = fov_backend_find(name ? name : "cpu");
    if (!*backend) return fail_unknown(name, err);
    return (*backend)->remote ? (*backend)->remote->check(device, err) : FOV_OK;
}
