// SPDX-License-Identifier: MIT
#include "backend/cuda/choices.h"

#include "backend/cuda/images.h"
#include "base/alloc.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>

enum { MOST_BYTES = 16 << 20, FOLDER_MODE = 0700 };

/* Of each device that was asked about. */
static struct {
    json_t *choices; /* an object: step to name */
    bool    changed;
} known[FOV_CUDA_MAX_DEVICES];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* ---------------------------------------------------------------- where */

/* Choices of other kernels are of no use. */
static uint64_t kernels_digest(void)
{
    const fov_cuda_image *image;
    uint64_t              digest = 0;
    for (size_t i = 0; (image = fov_cuda_image_at(i)) != NULL; i++)
        digest = XXH3_64bits_withSeed(image->start, (size_t)(image->end - image->start), digest);
    return digest;
}

/* @return false: there is no such place. The XDG Base Directory Specification has relative paths ignored. */
static bool print_folder(fov_text *path)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && *cache == '/') fov_text_print(path, "%s/fovea", cache);
    else if (home && *home == '/') fov_text_print(path, "%s/.cache/fovea", home);
    return path->size > 0;
}

static void print_file(const fov_cuda_device *device, fov_text *path)
{
    fov_text_print(path, "/tuned-");
    for (const char *c = device->name; *c; c++) fov_text_print(path, "%c", isalnum((unsigned char)*c) ? *c : '_');
    fov_text_print(path, "-%d-%s-%016llx.json", device->processors, FOVEA_VERSION, (unsigned long long)kernels_digest());
}

/* NULL: there is none. Release with fov_free(). */
static char *path_of(const fov_cuda_device *device)
{
    fov_text path = {0};
    if (!print_folder(&path)) return NULL;
    print_file(device, &path);
    return fov_text_take(&path);
}

static void make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(path, FOLDER_MODE);
        *slash = '/';
    }
}

/* ---------------------------------------------------------------- reading and writing */

/* What is not as it was written is as good as nothing: it is measured again, and replaced. */
static json_t *read_choices(const fov_cuda_device *device)
{
    char      *path = path_of(device);
    fov_buffer file = {0};
    json_t    *all = NULL;
    if (path && !fov_file_read(path, MOST_BYTES, &file, NULL)) all = json_loadb((const char *)file.data, file.size, 0, NULL);
    if (!json_is_object(all)) {
        json_decref(all);
        all = json_object();
    }
    fov_buffer_clear(&file);
    fov_free(path);
    return all;
}

/* NULL without memory. */
static json_t *choices_of(const fov_cuda_device *device)
{
    if (!known[device->index].choices) known[device->index].choices = read_choices(device);
    return known[device->index].choices;
}

bool fov_choices_find(const fov_cuda_device *device, const char *step, char *name, size_t bytes)
{
    pthread_mutex_lock(&mutex);
    const char *found = json_string_value(json_object_get(choices_of(device), step));
    if (found) snprintf(name, bytes, "%s", found);
    pthread_mutex_unlock(&mutex);
    return found != NULL;
}

void fov_choices_put(const fov_cuda_device *device, const char *step, const char *name)
{
    pthread_mutex_lock(&mutex);
    if (!json_object_set_new(choices_of(device), step, json_string(name))) known[device->index].changed = true;
    pthread_mutex_unlock(&mutex);
}

static void write_choices(const fov_cuda_device *device)
{
    char    *path = path_of(device);
    json_t  *all = path ? read_choices(device) : NULL;
    fov_text text = {0};
    if (all && !json_object_update(all, known[device->index].choices)) fov_json_print(all, JSON_INDENT(1) | JSON_SORT_KEYS, &text);
    if (text.data && !text.failed) {
        make_folders(path);
        (void)fov_file_write(path, text.data, text.size, NULL);
    }
    fov_text_clear(&text);
    json_decref(all);
    fov_free(path);
}

void fov_choices_save(const fov_cuda_device *device)
{
    pthread_mutex_lock(&mutex);
    if (known[device->index].changed) write_choices(device);
    known[device->index].changed = false;
    pthread_mutex_unlock(&mutex);
}
