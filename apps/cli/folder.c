// SPDX-License-Identifier: MIT
#include "folder.h"

#include "console.h"
#include "file_set.h"
#include "memory.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct walk {
    cli_folder  *folder;
    size_t       root_bytes; /* length of the root's path with its slash */
    const char  *endings;
    cli_file_set visited;
} walk;

static bool has_ending(const char *name, const char *endings)
{
    const char *dot = strrchr(name, '.');
    size_t      size = dot ? strlen(dot) : 0;
    if (size < 2) return false;
    for (const char *e = endings; *e; e += strspn(e, " ")) {
        size_t n = strcspn(e, " ");
        if (n == size && !strncasecmp(e, dot, n)) return true;
        e += n;
    }
    return false;
}

static void append(walk *w, const char *path, int error, const struct stat *info)
{
    cli_folder *f = w->folder;
    f->entry = cli_grow(f->entry, f->count, &f->capacity, sizeof *f->entry);
    cli_folder_entry *e = f->entry + f->count++;
    *e = (cli_folder_entry){.path = cli_strdup(path), .error = error};
    size_t size = strlen(path);
    e->name = e->path + (w->root_bytes < size ? w->root_bytes : 0);
    if (info) e->info = *info;
}

/* Names first, descent afterwards: a deep tree then needs one open folder, not one a level. */
static char **read_names(const char *path, size_t *count)
{
    DIR   *dir = opendir(path);
    char **names = NULL;
    size_t capacity = 0;
    *count = 0;
    if (!dir) return NULL;
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[0] == '.') continue;
        names = cli_grow(names, *count, &capacity, sizeof *names);
        names[(*count)++] = cli_strdup(d->d_name);
    }
    closedir(dir);
    return names ? names : cli_calloc(1, sizeof *names);
}

static void visit_folder(walk *w, const char *path);

static void visit(walk *w, const char *path)
{
    struct stat info;
    bool        picture = has_ending(path, w->endings);
    if (stat(path, &info)) {
        if (picture) append(w, path, errno, NULL); /* a dangling link, or gone meanwhile */
    } else if (S_ISDIR(info.st_mode)) {
        if (cli_file_set_add(&w->visited, &info)) visit_folder(w, path);
    } else if (S_ISREG(info.st_mode) && picture) {
        append(w, path, 0, &info);
    } else {
        cli_detail("%s: skipped, %s", path, picture ? "not a regular file" : "not a picture by its name");
        w->folder->skipped++;
    }
}

static void visit_folder(walk *w, const char *path)
{
    size_t      count, size = strlen(path);
    const char *slash = size && path[size - 1] == '/' ? "" : "/";
    char      **names = read_names(path, &count);
    if (!names) {
        append(w, path, errno, NULL);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char *below = cli_format("%s%s%s", path, slash, names[i]);
        visit(w, below);
        free(below);
        free(names[i]);
    }
    free(names);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const cli_folder_entry *)a)->path, ((const cli_folder_entry *)b)->path);
}

cli_folder cli_folder_list(const char *root, const char *endings)
{
    cli_folder folder = {0};
    size_t     size = strlen(root);
    walk       w = {&folder, size + (size && root[size - 1] != '/'), endings, {0}};
    visit(&w, root);
    if (folder.count) qsort(folder.entry, folder.count, sizeof *folder.entry, by_path);
    cli_file_set_clear(&w.visited);
    return folder;
}

void cli_folder_clear(cli_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++) free(folder->entry[i].path);
    free(folder->entry);
    *folder = (cli_folder){0};
}
