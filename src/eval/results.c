// SPDX-License-Identifier: MIT
#include "eval/results.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* All folders on the way to a file. */
static fov_status make_folders(char *path, fov_error *err)
{
    for (char *slash = path; (slash = strchr(slash + 1, '/'));) {
        *slash = '\0';
        int failed = mkdir(path, 0777) && errno != EEXIST ? errno : 0;
        if (failed) fov_fail(err, FOV_ERR_IO, "%s: cannot make this folder: %s", path, strerror(failed));
        *slash = '/';
        if (failed) return FOV_ERR_IO;
    }
    return FOV_OK;
}

static int stem_length(const char *file)
{
    const char *slash = strrchr(file, '/'), *dot = strrchr(file, '.');
    return (int)(dot && dot > (slash ? slash + 1 : file) ? (size_t)(dot - file) : strlen(file));
}

static void add_path(fov_text *text, const char *folder, const char *entrant, const char *file)
{
    fov_text_print(text, "%s/", folder);
    for (const char *c = entrant ? entrant : ""; *c; c++) fov_text_add(text, *c == '/' ? "_" : c, 1);
    fov_text_print(text, "%s%.*s.txt", entrant ? "/" : "", stem_length(file), file);
}

static void add_hits(fov_text *text, const char *file, const fov_hits *hits)
{
    fov_text_print(text, "%.*s\n%zu\n", stem_length(file), file, hits->count);
    for (size_t i = 0; i < hits->count; i++) {
        const float *b = hits->hit[i].box;
        fov_text_print(text, "%.3f %.3f %.3f %.3f %.6f\n", (double)b[0], (double)b[1], (double)b[2] - (double)b[0],
                       (double)b[3] - (double)b[1], (double)hits->hit[i].score);
    }
}

fov_status fov_results_write(const char *folder, const char *entrant, const char *file, const fov_hits *hits, fov_error *err)
{
    fov_text   path = {0}, text = {0};
    fov_status st = FOV_OK;
    add_path(&path, folder, entrant, file);
    add_hits(&text, file, hits);
    if (path.failed || text.failed) st = fov_fail_memory(err, "a file of detections");
    if (!st) st = make_folders(path.data, err);
    if (!st) st = fov_file_write(path.data, text.data, text.size, err);
    fov_text_clear(&path);
    fov_text_clear(&text);
    return st;
}
