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

enum { MAX_CHANNELS = 1 << 22 };

typedef struct renaming {
    fov_lines        lines;
    fov_calibration *calibration;
    size_t           channels; /* of all copies */
    fov_error       *err;
} renaming;

/* One range may stand for several tensors of ours, so what is renamed is a copy, and the original stays an extra name. */
static fov_status copy_range(renaming *r, const char *from, const char *to)
{
    const fov_range *found = fov_range_find(r->calibration, from);
    if (!found) return FOV_OK; /* the name that stays missing is told when the cache is fitted to the model */
    const fov_range old = *found;
    const size_t    bytes = (size_t)old.channels * sizeof(float);
    if (r->calibration->count >= FOV_MAX_RANGES || (r->channels += (size_t)old.channels) > MAX_CHANNELS)
        return fov_lines_fail(&r->lines, r->err, "more than %d tensors or %d channels come of it", FOV_MAX_RANGES, MAX_CHANNELS);
    fov_range *range = fov_calibration_add(r->calibration, to, old.lo, old.hi, old.channels, r->err);
    if (!range) return FOV_ERR_MEMORY;
    range->scale = old.scale;
    if (!old.channels) return FOV_OK;
    memcpy(range->channel_lo, old.channel_lo, bytes);
    memcpy(range->channel_hi, old.channel_hi, bytes);
    memcpy(range->channel_mean, old.channel_mean, bytes);
    return FOV_OK;
}

static fov_status map_line(renaming *r, char *line)
{
    line[strcspn(line, "#")] = '\0';
    line = trim(line);
    if (!*line) return FOV_OK;
    char *equals = strrchr(line, '=');
    if (!equals) return fov_lines_fail(&r->lines, r->err, "'%.80s' is not 'their name = our name'", line);
    *equals = '\0';
    return copy_range(r, trim(line), trim(equals + 1));
}

fov_status fov_cache_rename(fov_calibration *calibration, const char *mapping, fov_error *err)
{
    const size_t originals = calibration->count;
    char        *copy = fov_strdup(mapping), *line;
    renaming     r = {{copy, "mapping of names", 0}, calibration, 0, err};
    fov_status   st = copy ? FOV_OK : fov_fail_memory(err, "the mapping of names");
    while (!st && (line = fov_lines_next(&r.lines))) st = map_line(&r, line);
    /* What the mapping says comes before what the cache had under that name. */
    if (!st) fov_calibration_turn(calibration, calibration->count - originals);
    fov_free(copy);
    return st;
}
