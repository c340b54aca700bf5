// SPDX-License-Identifier: MIT
#include "outputs.h"

#include "console.h"
#include "memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { JPEG_QUALITY = 92 };

typedef struct named {
    const cli_input *item;
    size_t           input;
} named;

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    int          order = strcmp(x->item->name, y->item->name);
    if (!order) order = strcmp(x->item->path, y->item->path);
    return order ? order : (x->input > y->input) - (x->input < y->input);
}

/* @param list inputs of one name, by path */
static void mark_equal_names(cli_outputs *outputs, const named *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        outputs->ambiguous[list[i].input] = strcmp(list[0].item->path, list[n - 1].item->path) != 0;
        outputs->repeated[list[i].input] = i && !strcmp(list[i].item->path, list[i - 1].item->path);
    }
}

void cli_outputs_init(cli_outputs *outputs, const cli_inputs *inputs)
{
    size_t n = inputs->count;
    named *list = cli_calloc(n, sizeof *list);
    *outputs = (cli_outputs){.inputs = inputs,
                             .ambiguous = cli_calloc(n, sizeof *outputs->ambiguous),
                             .repeated = cli_calloc(n, sizeof *outputs->repeated)};
    for (size_t i = 0; i < n; i++) list[i] = (named){&inputs->item[i], i};
    qsort(list, n, sizeof *list, by_name);
    for (size_t first = 0, end; first < n; first = end) {
        for (end = first + 1; end < n && !strcmp(list[end].item->name, list[first].item->name);) end++;
        mark_equal_names(outputs, list + first, end - first);
    }
    free(list);
}

void cli_outputs_clear(cli_outputs *outputs)
{
    free(outputs->ambiguous);
    free(outputs->repeated);
    cli_file_set_clear(&outputs->written);
}

static bool make_one(const char *folder)
{
    struct stat info;
    if (!mkdir(folder, 0777)) return true;
    int error = errno;
    if (error == EEXIST && !stat(folder, &info) && S_ISDIR(info.st_mode)) return true;
    cli_error("%s: cannot make this folder: %s", folder, error == EEXIST ? "a file has its name" : strerror(error));
    return false;
}

static bool make_each(char *folder)
{
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        bool made = make_one(folder);
        *slash = '/';
        if (!made) return false;
    }
    return make_one(folder);
}

bool cli_folder_make(const char *folder)
{
    struct stat info;
    if (!stat(folder, &info) && S_ISDIR(info.st_mode)) return true; /* also below folders that we may not write */
    char *copy = cli_strdup(folder);
    bool  made = *copy && make_each(copy);
    if (!*copy) cli_error("an output folder has an empty name");
    free(copy);
    return made;
}

/* "../a/./b.jpg" -> "a/b.jpg": what is written stays below the output folder. */
static char *inside(const char *path)
{
    char *clean = cli_calloc(strlen(path) + 1, 1), *end = clean;
    while (*path) {
        size_t n = strcspn(path, "/");
        bool   keep = n && !(n == 1 && path[0] == '.') && !(n == 2 && path[0] == '.' && path[1] == '.');
        if (keep) {
            if (end != clean) *end++ = '/';
            memcpy(end, path, n);
            end += n;
        }
        path += n + (path[n] == '/');
    }
    return clean;
}

static char *path_for(const cli_outputs *outputs, size_t input, const char *folder, size_t number)
{
    const cli_input *in = outputs->inputs->item + input;
    char            *name = inside(outputs->ambiguous[input] ? in->path : in->name);
    char            *dot = strrchr(name, '.');
    bool             jpeg = dot && (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg"));
    bool             same = jpeg || (dot && !strcasecmp(dot, ".png"));
    int              stem = (int)(same ? (size_t)(dot - name) : strlen(name));
    const char      *ending = same ? dot : ".png";
    char            *path = number ? cli_format("%s/%.*s_%zu%s", folder, stem, name, number, ending)
                                   : cli_format("%s/%.*s%s", folder, stem, name, ending);
    free(name);
    return path;
}

bool cli_outputs_may_replace(const cli_outputs *outputs, const char *path)
{
    struct stat info;
    const char *reason = NULL;
    if (stat(path, &info)) return true;
    if (cli_file_set_has(&outputs->inputs->files, &info)) reason = "it is one of the photos to read";
    else if (cli_file_set_has(&outputs->written, &info)) reason = "this run wrote it for another input of that name";
    if (reason) cli_error("%s: not replaced, %s; name another folder", path, reason);
    return !reason;
}

static bool make_folder_of(char *path)
{
    char *slash = strrchr(path, '/');
    *slash = '\0';
    bool made = cli_folder_make(path);
    *slash = '/';
    return made;
}

bool cli_outputs_write(cli_outputs *outputs, size_t input, const char *folder, size_t number, const fov_image *image)
{
    fov_error err = {0};
    if (outputs->repeated[input]) return true; /* written already */
    char *path = path_for(outputs, input, folder, number);
    bool  done = make_folder_of(path) && cli_outputs_may_replace(outputs, path);
    if (done && fov_image_save(image, path, JPEG_QUALITY, &err)) {
        cli_error("%s", err.message);
        done = false;
    }
    if (done) cli_outputs_wrote(outputs, path);
    free(path);
    return done;
}

char *cli_outputs_claim(cli_outputs *outputs, size_t input, const char *folder)
{
    const cli_input *in = outputs->inputs->item + input;
    char            *name = inside(outputs->ambiguous[input] ? in->path : in->name);
    char            *path = cli_format("%s/%s", folder, name);
    free(name);
    if (make_folder_of(path) && cli_outputs_may_replace(outputs, path)) return path;
    free(path);
    return NULL;
}

void cli_outputs_wrote(cli_outputs *outputs, const char *path)
{
    struct stat info;
    if (!stat(path, &info)) cli_file_set_add(&outputs->written, &info);
}
