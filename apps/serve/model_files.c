// SPDX-License-Identifier: MIT
#include "model_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static const char *const endings[] = {".fov", ".onnx", ".safetensors", ".pth", ".wts"};

static const char *ending_of(const char *name)
{
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i])) return dot;
    return NULL;
}

char *srv_model_stem(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *ending = ending_of(name);
    return ending && ending > name ? strndup(name, (size_t)(ending - name)) : strdup(name);
}

bool srv_model_name_serves(const char *name)
{
    if (!*name || *name == '.' || strlen(name) > 200) return false;
    for (; *name; name++)
        if (*name <= ' ' || *name > '~' || strchr("/\\\"?#%&", *name)) return false;
    return true;
}

static bool is_version(const char *name)
{
    return *name >= '1' && *name <= '9' && strlen(name) <= 9 && strspn(name, "0123456789") == strlen(name);
}

static bool is_folder(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

static int by_version(const struct dirent **a, const struct dirent **b)
{
    const long x = strtol((*a)->d_name, NULL, 10), y = strtol((*b)->d_name, NULL, 10);
    return x != y ? (x > y) - (x < y) : strcmp((*a)->d_name, (*b)->d_name);
}

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

/* FOLDER/NAME/VERSION/model.* */
static void visit_version(const char *folder, const char *name, const char *version, srv_model_file *visit, void *user)
{
    char path[4096];
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        struct stat info;
        const int   size = snprintf(path, sizeof path, "%s/%s/model%s", folder, version, endings[i]);
        if (size >= (int)sizeof path || stat(path, &info) || !S_ISREG(info.st_mode)) continue;
        visit(user, name, version, path);
        return;
    }
}

/* @return false: no memory */
static bool visit_name(const char *folder, const char *name, srv_model_file *visit, void *user)
{
    struct dirent **entry;
    const int       count = scandir(folder, &entry, NULL, by_version);
    for (int i = 0; i < count; i++) {
        if (is_version(entry[i]->d_name)) visit_version(folder, name, entry[i]->d_name, visit, user);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    return count >= 0 || errno != ENOMEM;
}

/* FOLDER/NAME.fov. @return false: no memory */
static bool visit_file(const char *path, const char *file, srv_model_file *visit, void *user)
{
    char *stem = srv_model_stem(file);
    if (stem && srv_model_name_serves(stem)) visit(user, stem, "1", path);
    free(stem);
    return stem != NULL;
}

/* @return false: no memory */
static bool visit_entry(const char *folder, const char *entry, srv_model_file *visit, void *user)
{
    if (*entry == '.') return true;
    char *path = join(folder, entry);
    bool  good = path != NULL;
    if (path && is_folder(path)) good = !srv_model_name_serves(entry) || visit_name(path, entry, visit, user);
    else if (path && ending_of(entry)) good = visit_file(path, entry, visit, user);
    free(path);
    return good;
}

bool srv_model_files(const char *folder, srv_model_file *visit, void *user)
{
    struct dirent **entry;
    const int       count = scandir(folder, &entry, NULL, alphasort);
    if (count < 0) return false;
    bool good = true;
    for (int i = 0; i < count; i++) {
        good &= visit_entry(folder, entry[i]->d_name, visit, user);
        free(entry[i]);
    }
    free(entry);
    if (!good) errno = ENOMEM;
    return good;
}
