// SPDX-License-Identifier: MIT
#include "backend/backend.h"
#include "backend/cuda/available.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/json.h"

#include <stdio.h>

const char *fov_version(void)
{
    return FOVEA_VERSION;
}

void fov_string_free(char *string)
{
    fov_free(string);
}

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

/* Features from the lowest bit up; the last one that is on names the level that kernels use. */
static json_t *cpu_json(void)
{
    json_t     *features = json_array();
    const char *used = "generic";
    for (unsigned bit = 1; fov_cpu_feature_name(bit); bit <<= 1) {
        if (fov_cpu_detected() & bit) fov_json_add(&features, json_string(fov_cpu_feature_name(bit)));
        if (fov_cpu_features() & bit) used = fov_cpu_feature_name(bit);
    }
    return json_pack("{s:s, s:o, s:s}", "brand", fov_cpu_brand(), "features", features, "used", used);
}

static json_t *build_json(void)
{
    json_t *backends = json_array();
    for (size_t i = 0; fov_backend_at(i); i++) fov_json_add(&backends, json_string(fov_backend_at(i)->name));
    return json_pack("{s:s, s:s, s:o, s:o, s:i}", "version", fov_version(), "compiler", COMPILER, "cpu", cpu_json(), "backends",
                     backends, "threads", fov_cpu_threads());
}

char *fov_build_info_json(void)
{
    return fov_json_take(build_json());
}

char *fov_doctor_json(void)
{
    json_t *info = build_json();
    if (info && json_object_set_new(info, "cuda", fov_cuda_json())) {
        json_decref(info);
        return NULL;
    }
    return fov_json_take(info);
}

fov_status fov_device_name(const char *backend, int device, char *name, size_t bytes, fov_error *err)
{
    const fov_backend *found = fov_backend_find(backend);
    if (bytes) *name = '\0';
    if (!found) return fov_fail(err, FOV_ERR_ARGUMENT, "unknown backend '%s': `fovea version` lists them", backend);
    if (found->remote) return found->remote->name(device, name, bytes, err);
    if (bytes) snprintf(name, bytes, "%s", fov_cpu_brand());
    return FOV_OK;
}
