// SPDX-License-Identifier: MIT
#include "sandbox/gpu.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool srv_gpu_is_possible(const srv_config *config)
{
    return !strcmp(config->engine.backend, "cuda") || !strcmp(config->engine.backend, "auto");
}

/* ---------------------------------------------------------------- paths */

/* The driver loads more of its own from where its library is. Never closed again. */
static void add_driver(srv_paths *paths)
{
    char  folder[PATH_MAX] = "";
    void *driver = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (driver && !dlinfo(driver, RTLD_DI_ORIGIN, folder)) srv_paths_add(paths, strdup(folder), SRV_MAY_READ);
}

/* Where else libraries are looked for: nvJPEG, of a Python environment say. */
static void add_library_path(srv_paths *paths)
{
    const char *list = getenv("LD_LIBRARY_PATH");
    char       *copy = list ? strdup(list) : NULL, *rest = copy;
    for (const char *folder; rest && (folder = strsep(&rest, ":;"));)
        if (*folder == '/') srv_paths_add(paths, strdup(folder), SRV_MAY_READ);
    free(copy);
}

static const char usual_folder[] = "/tmp/nvidia-mps";

static const char *service_folder(void)
{
    const char *folder = getenv("CUDA_MPS_PIPE_DIRECTORY");
    return folder && *folder == '/' ? folder : usual_folder;
}

/* Anybody may make the usual folder, or a link of its name to all files there are: another's is no service of this user's, and
 * would give the worker more to reach. */
bool srv_gpu_is_shared(void)
{
    struct stat info;
    const char *folder = service_folder();
    if (folder != usual_folder) return !access(folder, F_OK);
    return !lstat(folder, &info) && S_ISDIR(info.st_mode) && (info.st_uid == 0 || info.st_uid == geteuid());
}

/* The service's pipes, and the memory that it shares. */
static void add_service(srv_paths *paths)
{
    if (!srv_gpu_is_shared()) return;
    srv_paths_add(paths, strdup(service_folder()), SRV_MAY_CONTROL);
    srv_paths_add(paths, strdup("/dev/shm"), SRV_MAY_CONTROL);
}

/* The nodes that NVIDIA's driver has on every Linux, and what any program reads; elsewhere (WSL, Jetson) they have other names. */
static void add_devices(srv_paths *paths)
{
    static const char *const plain[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"};
    glob_t                   found;
    if (access("/dev/nvidiactl", F_OK)) {
        srv_paths_add(paths, strdup("/dev"), SRV_MAY_CONTROL);
        return;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) srv_paths_add(paths, strdup(plain[i]), SRV_MAY_CONTROL);
    srv_paths_add(paths, strdup("/dev"), SRV_MAY_LIST);
    if (glob("/dev/nvidia*", 0, NULL, &found)) return;
    for (size_t i = 0; i < found.gl_pathc; i++) srv_paths_add(paths, strdup(found.gl_pathv[i]), SRV_MAY_CONTROL);
    globfree(&found);
}

/* Where what --tune measured is kept, as docs/cuda.md says; made here, for a rule needs something to be there. */
static void add_tuned(srv_paths *paths)
{
    char        path[PATH_MAX] = "";
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') snprintf(path, sizeof path, "%s/fovea", cache);
    else if (home && *home == '/') snprintf(path, sizeof path, "%s/.cache/fovea", home);
    if (!*path) return;
    (void)mkdir(path, 0700);
    srv_paths_add(paths, strdup(path), SRV_MAY_KEEP);
}

void srv_gpu_paths(const srv_config *config, srv_paths *paths)
{
    static const srv_path_rule always[] = {{"/proc", SRV_MAY_READ}, {"/sys", SRV_MAY_READ},   {"/usr", SRV_MAY_READ},
                                           {"/lib", SRV_MAY_READ},  {"/lib64", SRV_MAY_READ}, {"/etc", SRV_MAY_READ}};
    for (size_t i = 0; i < sizeof always / sizeof *always; i++) srv_paths_add(paths, strdup(always[i].path), always[i].may);
    add_devices(paths);
    add_driver(paths);
    add_library_path(paths);
    add_service(paths);
    if (config->tune_seconds > 0) add_tuned(paths);
}

/* The driver gives its threads names, and does not start where it cannot. The folder is held open: a rule is of what is there now,
 * and the kernel may forget that, and make another of the same name. */
void srv_gpu_thread_paths(srv_paths *paths)
{
    static const char folder[] = "/proc/self/task";
    (void)open(folder, O_PATH | O_CLOEXEC);
    srv_paths_add(paths, strdup(folder), SRV_MAY_WRITE);
}

/* ---------------------------------------------------------------- the driver */

void srv_gpu_start(const srv_config *config)
{
    char         name[128];
    const int    one[] = {config->engine.device}, *device = config->n_device ? config->devices : one;
    const size_t count = config->n_device ? config->n_device : 1;
    for (size_t i = 0; i < count; i++) (void)fov_device_name("cuda", device[i], name, sizeof name, NULL);
}
