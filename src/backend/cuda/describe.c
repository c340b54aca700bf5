// SPDX-License-Identifier: MIT
/* What `fovea doctor` tells of CUDA: each thing looked at by itself, so that one that is missing hides no other. */
#include "backend/cuda/available.h"
#include "backend/cuda/device.h"
#include "backend/cuda/images.h"
#include "base/json.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>

static json_t *version_json(int major, int minor)
{
    return json_sprintf("%d.%d", major, minor);
}

/* Never closed: such libraries leave threads behind. NULL if none of them is here. */
static void *open_library(const char *const *names, json_t **path)
{
    void *handle = NULL;
    for (; *names && !handle; names++) handle = dlopen(*names, RTLD_LAZY | RTLD_LOCAL);
    struct link_map *map = NULL;
    *path = handle && !dlinfo(handle, RTLD_DI_LINKMAP, &map) ? fov_json_name(map->l_name) : json_null();
    return handle;
}

static json_t *driver_json(void)
{
    static const char *const names[] = {"libcuda.so.1", NULL};

    json_t                         *path;
    void                           *handle = open_library(names, &path);
    __typeof__(cuDriverGetVersion) *get = NULL;
    int                             version = 0;
    if (handle) *(void **)&get = dlsym(handle, "cuDriverGetVersion");
    const bool known = get && !get(&version);
    return json_pack("{s:o, s:o, s:o}", "library", path, "version",
                     known ? version_json(version / 1000, version % 1000 / 10) : json_null(), "least",
                     version_json(FOV_CUDA_LEAST_VERSION / 1000, 0));
}

/* Part of the toolkit, not of the driver; its header is not needed to build Fovea. */
static json_t *nvjpeg_json(void)
{
    static const char *const names[] = {"libnvjpeg.so.13", "libnvjpeg.so.12", NULL};

    json_t *path;
    void   *handle = open_library(names, &path);
    int (*get)(int which, int *value) = NULL; /* which: 0 major, 1 minor; 0: it went well */
    int major = 0, minor = 0;
    if (handle) *(void **)&get = dlsym(handle, "nvjpegGetProperty");
    const bool known = get && !get(0, &major) && !get(1, &minor);
    return json_pack("{s:o, s:o}", "library", path, "version", known ? version_json(major, minor) : json_null());
}

static json_t *kernels_json(void)
{
    json_t    *capabilities = json_array();
    int        c;
    json_int_t images = 0, bytes = 0;
    for (size_t i = 0; (c = fov_cuda_image_capability(i)) != 0; i++) fov_json_add(&capabilities, version_json(c / 10, c % 10));
    for (const fov_cuda_image *image; (image = fov_cuda_image_at((size_t)images)) != NULL; images++)
        bytes += image->end - image->start;
    return json_pack("{s:I, s:I, s:o}", "images", images, "bytes", bytes, "capabilities", capabilities);
}

static json_t *uuid_json(const fov_cuda_device *d)
{
    CUuuid uuid;
    char   text[64] = "GPU-";
    if (d->driver->DeviceGetUuid(&uuid, d->handle)) return json_null();
    for (size_t i = 0, at = 4; i < sizeof uuid.bytes; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
                               (unsigned char)uuid.bytes[i]);
    return json_string(text);
}

/* What runs on a GPU that could be opened. */
static const char *kernels_for(int capability)
{
    return fov_cuda_image_is_native(capability) ? "native" : "ptx";
}

static json_t *free_json(const fov_cuda_device *d)
{
    size_t free_bytes, total;
    if (fov_cuda_device_use(d, NULL) || d->driver->MemGetInfo(&free_bytes, &total)) return json_null();
    return json_integer((json_int_t)free_bytes);
}

static json_t *device_json(int index, bool *usable)
{
    fov_cuda_device        seen;
    const fov_cuda_device *d;
    fov_error              err;
    if (fov_cuda_device_look(index, &seen, &err))
        return json_pack("{s:i, s:o}", "index", index, "problem", fov_json_name(err.message));
    const bool opened = !fov_cuda_device_open(index, &d, &err);
    *usable |= opened;
    return json_pack("{s:i, s:o, s:o, s:o, s:i, s:I, s:o, s:s?, s:o}", "index", index, "name", fov_json_name(seen.name), "uuid",
                     uuid_json(&seen), "capability", version_json(seen.capability / 10, seen.capability % 10), "processors",
                     seen.processors, "memory", (json_int_t)seen.memory_bytes, "free", opened ? free_json(d) : json_null(),
                     "kernels", opened ? kernels_for(seen.capability) : NULL, "problem",
                     fov_json_name(opened ? NULL : err.message));
}

static json_t *devices_json(bool *usable, fov_error *err)
{
    const fov_cuda_driver *driver;
    json_t                *devices = json_array();
    int                    count = 0;
    if (fov_cuda_driver_open(&driver, err)) return devices;
    if (driver->DeviceGetCount(&count)) count = 0;
    for (int i = 0; i < count && i < FOV_CUDA_MAX_DEVICES; i++) fov_json_add(&devices, device_json(i, usable));
    if (!*usable) fov_cuda_available(err);
    return devices;
}

json_t *fov_cuda_json(void)
{
    bool      usable = false;
    fov_error err;
    json_t   *devices = devices_json(&usable, &err);
    return json_pack("{s:b, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "built", true, "usable", usable, "problem",
                     fov_json_name(usable ? NULL : err.message), "toolkit",
                     version_json(CUDA_VERSION / 1000, CUDA_VERSION % 1000 / 10), "kernels", kernels_json(), "driver",
                     driver_json(), "nvjpeg", nvjpeg_json(), "devices", devices);
}
