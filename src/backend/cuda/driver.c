// SPDX-License-Identifier: MIT
#include "backend/cuda/driver.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The link editor's name, libcuda.so, comes with development packages only. */
static const char library[] = "libcuda.so.1";

#define MAJOR(version) ((version) / 1000)
#define MINOR(version) ((version) % 1000 / 10)

static fov_status fail_to_load(fov_error *err, const char *reason)
{
    const char *missing = strstr(reason, library);
    if (missing && strstr(reason, "No such file"))
        return fov_fail(
            err, FOV_ERR_DEVICE,
            "NVIDIA's driver (%s) is not here: install it, for CUDA %d.%d or later (in a container: start it with --gpus all); "
            "without an NVIDIA GPU, use the backend cpu",
            library, MAJOR(FOV_CUDA_LEAST_VERSION), MINOR(FOV_CUDA_LEAST_VERSION));
    return fov_fail(err, FOV_ERR_DEVICE, "NVIDIA's driver cannot be loaded: %s", reason);
}

static fov_status fail_as_old(fov_error *err, const char *version)
{
    return fov_fail(err, FOV_ERR_DEVICE,
                    "NVIDIA's driver is too old: %s, this build of Fovea needs CUDA %d.%d: update NVIDIA's driver, "
                    "or build Fovea with a CUDA toolkit as old as the driver",
                    version, MAJOR(FOV_CUDA_LEAST_VERSION), MINOR(FOV_CUDA_LEAST_VERSION));
}

/* The driver itself knows its errors' names; one that does not is newer or older than the error. */
static const char *error_text(const fov_cuda_driver *driver, CUresult result, char *text, size_t size)
{
    const char *name = NULL, *words = NULL;
    if (driver->GetErrorName(result, &name) || !name) name = "an unknown error";
    if (driver->GetErrorString(result, &words) || !words) words = "error";
    snprintf(text, size, "%s (%s, %d)", words, name, (int)result);
    return text;
}

/* Why cuInit() finds nothing is often in the environment. */
static fov_status fail_to_start(const fov_cuda_driver *driver, CUresult result, fov_error *err)
{
    char        text[256];
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    error_text(driver, result, text, sizeof text);
    if (result == CUDA_ERROR_NO_DEVICE && visible)
        return fov_fail(err, FOV_ERR_DEVICE,
                        "CUDA_VISIBLE_DEVICES=\"%s\" leaves no GPU to use: unset it, or name one that is there "
                        "(nvidia-smi -L lists them)",
                        visible);
    if (result == CUDA_ERROR_NO_DEVICE)
        return fov_fail(err, FOV_ERR_DEVICE,
                        "NVIDIA's driver finds no GPU: see whether nvidia-smi lists one (in a container: start it "
                        "with --gpus all); without an NVIDIA GPU, use the backend cpu");
    if (result == CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)
        return fov_fail(err, FOV_ERR_DEVICE,
                        "%s and the driver in the kernel are of different versions, as after an update: "
                        "restart the machine (in a container: see that no other %s was installed in it)",
                        library, library);
    return fov_fail(err, FOV_ERR_DEVICE, "NVIDIA's driver cannot be started: %s: see what nvidia-smi says", text);
}

/* Rows are fetched before the version is known; so a symbol that is missing is told with the version where that can be had. */
static const char *find_symbols(void *handle, fov_cuda_driver *driver)
{
    const char *missing = NULL;
#define FOV_CUDA_CALL(name, symbol)                                                                                                \
    *(void **)&driver->name = dlsym(handle, #symbol);                                                                              \
    if (!driver->name && !missing) missing = #symbol;
#include "backend/cuda/driver.def"
#undef FOV_CUDA_CALL
    return missing;
}

static fov_status check_version(void *handle, fov_cuda_driver *driver, fov_error *err)
{
    char        version[96];
    const char *missing = find_symbols(handle, driver);
    if (!driver->DriverGetVersion || driver->DriverGetVersion(&driver->version)) driver->version = 0;
    if (driver->version && driver->version < FOV_CUDA_LEAST_VERSION) {
        snprintf(version, sizeof version, "it is for CUDA %d.%d", MAJOR(driver->version), MINOR(driver->version));
        return fail_as_old(err, version);
    }
    if (!missing) return FOV_OK;
    snprintf(version, sizeof version, "%s has no %s", library, missing);
    return fail_as_old(err, version);
}

/* Stays loaded where later steps fail: the driver leaves threads and handlers behind that need its code. */
static fov_status load(void **handle, fov_cuda_driver *driver, fov_error *err)
{
    if (!*handle) *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!*handle) {
        const char *reason = dlerror();
        return fail_to_load(err, reason ? reason : "no reason was told");
    }
    fov_status st = check_version(*handle, driver, err);
    if (st) return st;
    const CUresult result = driver->Init(0);
    return result ? fail_to_start(driver, result, err) : FOV_OK;
}

fov_status fov_cuda_driver_open(const fov_cuda_driver **driver, fov_error *err)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static fov_cuda_driver loaded;
    static void           *handle;
    static bool            ready;

    fov_status st = FOV_OK;
    pthread_mutex_lock(&mutex);
    if (!ready) st = load(&handle, &loaded, err);
    if (!st) ready = true;
    pthread_mutex_unlock(&mutex);
    *driver = st ? NULL : &loaded;
    return st;
}

fov_status fov_cuda_check(const fov_cuda_driver *driver, CUresult result, fov_error *err, const char *format, ...)
{
    if (result == CUDA_SUCCESS) return FOV_OK;
    char    what[512], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return fov_fail(err, result == CUDA_ERROR_OUT_OF_MEMORY ? FOV_ERR_MEMORY : FOV_ERR_DEVICE, "%s: %s", what,
                    error_text(driver, result, text, sizeof text));
}
