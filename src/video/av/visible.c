// SPDX-License-Identifier: MIT
#include "video/av/visible.h"

#include "base/alloc.h"

#include <stdlib.h>

/* By number, and of one number those first that are hidden. */
static int by_number(const void *a, const void *b)
{
    const fov_track *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return (int)y->hide - (int)x->hide;
}

static int compare(const void *a, const void *b)
{
    const size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

fov_status fov_visible_init(fov_visible *v, const fov_tracks *tracks, fov_error *err)
{
    const size_t count = fov_tracks_count(tracks);
    fov_track   *track = fov_alloc_array(count + 1, sizeof *track);
    *v = (fov_visible){fov_alloc_array(count + 1, sizeof *v->number), 0};
    if (!track || !v->number) {
        fov_free(track);
        fov_visible_clear(v);
        return fov_fail_memory(err, "tracks");
    }
    for (size_t i = 0; i < count; i++) track[i] = fov_tracks_get(tracks, i);
    qsort(track, count, sizeof *track, by_number);
    for (size_t i = 0; i < count; i++)
        if (!track[i].hide && (i == 0 || track[i].number != track[i - 1].number)) v->number[v->count++] = track[i].number;
    fov_free(track);
    return FOV_OK;
}

void fov_visible_clear(fov_visible *v)
{
    fov_free(v->number);
    *v = (fov_visible){0};
}

bool fov_visible_has(const fov_visible *v, size_t number)
{
    return v->count && bsearch(&number, v->number, v->count, sizeof number, compare);
}
