// SPDX-License-Identifier: MIT
#include "sandbox/confine.h"

#include "console.h"
#include "sandbox/filter.h"
#include "sandbox/gpu.h"
#include "sandbox/limits.h"
#include "sandbox/paths.h"
#include "sandbox/user.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { SPARE_FILES = 64, GPU_FILES = 4096, FIRST_LANDLOCK_WITH_TCP = 4, FIRST_LANDLOCK_WITH_SIGNALS = 6 };

static srv_confinement here; /* set once, before any thread is started */

srv_confinement srv_confinement_here(void)
{
    return here;
}

/* ---------------------------------------------------------------- what can be done */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER true
#elif defined(__has_feature)
#define HAS_SANITIZER (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer))
#else
#define HAS_SANITIZER false
#endif

static fov_status cannot(const srv_config *config, const char *what, fov_error *err)
{
    if (config->isolation != SRV_ISOLATION_REQUIRED) {
        cli_warning("isolation: %s: going on without (--isolation required would not)", what);
        return FOV_OK;
    }
    err->code = FOV_ERR_UNSUPPORTED;
    snprintf(err->message, sizeof err->message, "--isolation required: %s", what);
    return FOV_ERR_UNSUPPORTED;
}

/* Sanitizers read files about the process, and stop its threads from a process of their own. */
fov_status srv_confine_begin(const srv_config *config, fov_error *err)
{
    fov_status st = FOV_OK;
    if (HAS_SANITIZER) return cannot(config, "a build with a sanitizer needs more than would be left to it", err);
    if (srv_user_is_root() && !config->user)
        cli_detail(
            "isolation: started by root: the front keeps its power to read files, and no other; workers are nobody (--user)");
    here = (srv_confinement){srv_filter_is_possible(), srv_landlock_version()};
    if (!here.filters)
        st = cannot(config, "system calls are not filtered: the kernel has no seccomp, or libseccomp is missing", err);
    if (!st && !here.landlock) st = cannot(config, "files are not kept from it: the kernel has no Landlock (Linux 5.13)", err);
    if (!st && here.landlock && here.landlock < FIRST_LANDLOCK_WITH_TCP)
        st = cannot(config,
                    "Landlock does not keep TCP from it: the kernel is older than Linux 6.7; its filter of system calls does", err);
    if (!st && here.landlock && here.landlock < FIRST_LANDLOCK_WITH_SIGNALS && srv_gpu_is_possible(config))
        st = cannot(config,
                    "Landlock keeps neither signals nor sockets without a file from a worker with a GPU: the kernel is older than "
                    "Linux 6.12",
                    err);
    return st;
}

/* ---------------------------------------------------------------- steps */

static fov_status refused(const char *what, fov_error *err)
{
    err->code = FOV_ERR_UNSUPPORTED;
    snprintf(err->message, sizeof err->message, "isolation: %s: %s: --isolation off starts the server without", what,
             strerror(errno));
    return FOV_ERR_UNSUPPORTED;
}

/* A limit of 0 does not keep a core from a program that the kernel pipes it to; a process that cannot be dumped has none, and no
 * other of its user may read its memory. */
static fov_status no_new_powers(fov_error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return refused("no new privileges (PR_SET_NO_NEW_PRIVS)", err);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return refused("no reading of memory (PR_SET_DUMPABLE)", err);
    return srv_limit_core() ? FOV_OK : refused("no core files", err);
}

static fov_status restrict_files(const srv_path_rule *rule, size_t count, fov_error *err)
{
    return !here.landlock || srv_landlock_restrict(rule, count) ? FOV_OK : refused("Landlock", err);
}

static fov_status set_filter(srv_filter filter, fov_error *err)
{
    return !here.filters || srv_filter_set(filter) ? FOV_OK : refused("seccomp", err);
}

/* A user who was named must be had; that nobody cannot be, as in some containers, is a lack like others. */
static fov_status become(const srv_config *config, fov_error *err)
{
    char why[160];
    if (!srv_user_is_root() || srv_user_become(config->user)) return FOV_OK;
    snprintf(why, sizeof why, "the user %s cannot be had: %s", config->user ? config->user : "nobody", strerror(errno));
    if (!config->user) return cannot(config, why, err);
    err->code = FOV_ERR_ARGUMENT;
    snprintf(err->message, sizeof err->message, "--user: %s", why);
    return FOV_ERR_ARGUMENT;
}

/* ---------------------------------------------------------------- front */

static char *folder_of(const char *path)
{
    char *copy = strdup(path), *folder = copy ? strdup(dirname(copy)) : NULL;
    free(copy);
    return folder;
}

/* Where requests may load a model anew, it may be another file by then, of the same name. */
static void add_model(srv_paths *paths, const char *argument, bool control)
{
    const char *equals = strchr(argument, '='), *path = equals ? equals + 1 : argument;
    char       *settings = NULL;
    if (control) {
        srv_paths_add(paths, folder_of(path), SRV_MAY_READ);
        return;
    }
    srv_paths_add(paths, strdup(path), SRV_MAY_READ);
    if (asprintf(&settings, "%s.settings", path) < 0) settings = NULL;
    srv_paths_add(paths, settings, SRV_MAY_READ);
}

/* The paths are the list's no more. */
static fov_status restrict_to(srv_paths *paths, fov_error *err)
{
    const fov_status st = paths->failed ? refused("Landlock", err) : restrict_files(paths->rule, paths->count, err);
    srv_paths_clear(paths);
    return st;
}

static fov_status restrict_front(const srv_config *c, fov_error *err)
{
    srv_paths paths = {.count = 0};
    if (c->folder) srv_paths_add(&paths, strdup(c->folder), SRV_MAY_READ);
    for (const char *const *file = c->files; file && *file; file++) add_model(&paths, *file, c->control);
    if (c->ready_file) srv_paths_add(&paths, folder_of(c->ready_file), SRV_MAY_REPLACE);
    return restrict_to(&paths, err);
}

static fov_status give_up_root(const srv_config *config, fov_error *err)
{
    const fov_status st = config->user ? become(config, err) : FOV_OK;
    return st || srv_user_keep_reading() ? st : refused("root's powers", err);
}

fov_status srv_confine_front(const srv_config *config, fov_error *err)
{
    fov_status st = give_up_root(config, err);
    if (!st) st = no_new_powers(err);
    if (!st) st = restrict_front(config, err);
    return st ? st : set_filter(SRV_FILTER_FRONT, err);
}

/* ---------------------------------------------------------------- nursery and workers */

/* A worker can give up more, and have nothing back: with a GPU its driver's files, and the names of threads, each in a folder of a
 * process that is not there yet. */
static fov_status restrict_nursery(const srv_config *config, bool gpu, fov_error *err)
{
    srv_paths paths = {.count = 0};
    if (gpu && here.landlock) {
        srv_gpu_paths(config, &paths);
        srv_paths_add(&paths, strdup("/proc"), SRV_MAY_WRITE);
    }
    return restrict_to(&paths, err);
}

fov_status srv_confine_nursery(const srv_config *config, fov_error *err)
{
    const bool gpu = srv_gpu_is_possible(config);
    fov_status st = become(config, err);
    if (!st && !srv_user_keep_nothing()) st = refused("root's powers", err);
    if (!st) st = no_new_powers(err);
    if (!st) st = restrict_nursery(config, gpu, err);
    return st ? st : set_filter(gpu ? SRV_FILTER_GPU_NURSERY : SRV_FILTER_NURSERY, err);
}

static fov_status limit_worker(const srv_config *config, bool gpu, fov_error *err)
{
    if (!srv_limit_files(gpu ? GPU_FILES : (size_t)config->workers + SPARE_FILES)) return refused("fewer files", err);
    return srv_limit_memory(config->worker_bytes) ? FOV_OK : refused("--worker-memory", err);
}

/* The driver starts threads, which have the limits of whoever starts it: files are given up before, and system calls, which
 * no thread can keep, after. */
static fov_status confine_gpu(const srv_config *config, fov_error *err)
{
    srv_paths paths = {.count = 0};
    srv_gpu_paths(config, &paths);
    srv_gpu_thread_paths(&paths);
    const fov_status st = restrict_to(&paths, err);
    if (!st) srv_gpu_start(config);
    return st;
}

static srv_filter filter_of_gpu(void)
{
    return srv_gpu_is_shared() ? SRV_FILTER_SHARED_GPU_WORKER : SRV_FILTER_GPU_WORKER;
}

fov_status srv_confine_worker(const srv_config *config, fov_error *err)
{
    const bool gpu = srv_gpu_is_possible(config);
    fov_status st = gpu ? confine_gpu(config, err) : FOV_OK;
    if (!st) st = limit_worker(config, gpu, err);
    return st ? st : set_filter(gpu ? filter_of_gpu() : SRV_FILTER_WORKER, err);
}
