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
    const fov_range old = *found;
    const size_t    bytes = (size_t)old.channels * sizeof(float);
    fov_range      *range = fov_calibration_add(calibration, to, old.lo, old.hi, old.channels, err);
    if (!range) return FOV_ERR_MEMORY;
    range->scale = old.scale;
    if (!old.channels) return FOV_OK;
    memcpy(range->channel_lo, old.channel_lo, bytes);
    memcpy(range->channel_hi, old.channel_hi, bytes);
    memcpy(range->channel_mean, old.channel_mean, bytes);
    return FOV_OK;
}

static void reverse(fov_range *range, size_t count)
{
    for (size_t i = 0; i < count / 2; i++) {
        const fov_range other = range[i];
        range[i] = range[count - 1 - i];
        range[count - 1 - i] = other;
    }
}

/* The first of a name is the one that counts: what the mapping says comes before what the cache had under that name. */
static void let_copies_win(fov_calibration *calibration, size_t originals)
{
    const size_t copies = calibration->count - originals;
    reverse(calibration->range, calibration->count);
    reverse(calibration->range, copies);
    reverse(calibration->range + copies, originals);
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
    const size_t originals = calibration->count;
    char        *copy = fov_strdup(mapping), *line;
    fov_lines    lines = {copy, "mapping of names", 0};
    fov_status   st = copy ? FOV_OK : fov_fail_memory(err, "the mapping of names");
    while (!st && (line = fov_lines_next(&lines))) st = map_line(&lines, line, calibration, err);
    if (calibration->count > originals) let_copies_win(calibration, originals);
    fov_free(copy);
    return st;
}
