// SPDX-License-Identifier: MIT
#include "quant/cache.h"

#include "base/alloc.h"

#include <string.h>

static char *trim(char *text)
{
    text += strspn(text, " \t");
    size_t size = strlen(text);
    while (size && strchr(" \t\r", text[size - 1])) text[--size] = '\0';
    return text;
}

/* One range may stand for several tensors of ours, so what is renamed is a copy, and the original stays an extra name. */
static fov_status copy_range(fov_calibration *calibration, const char *from, const char *to, fov_error *err)
{
    const fov_range *found = fov_range_find(calibration, from);
    if (!found) return FOV_OK; /* the name that stays missing is told when the cache is fitted to the model */
    const float scale = found->scale;
    fov_range  *range = fov_calibration_add(calibration, to, found->lo, found->hi, 0, err);
    if (!range) return FOV_ERR_MEMORY;
    range->scale = scale;
    return FOV_OK;
}

static fov_status map_line(const fov_lines *lines, char *line, fov_calibration *calibration, fov_error *err)
{
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (!*line) return FOV_OK;
    char *equals = strrchr(line, '=');
    if (!equals) return fov_lines_fail(lines, err, "'%.80s' is not 'their name = our name'", line);
    *equals = '\0';
    return copy_range(calibration, trim(line), trim(equals + 1), err);
}

fov_status fov_cache_rename(fov_calibration *calibration, const char *mapping, fov_error *err)
{
    char      *copy = fov_strdup(mapping), *line;
    fov_lines  lines = {copy, "mapping of names", 0};
    fov_status st = copy ? FOV_OK : fov_fail_memory(err, "the mapping of names");
    while (!st && (line = fov_lines_next(&lines))) st = map_line(&lines, line, calibration, err);
    fov_free(copy);
    return st;
}
