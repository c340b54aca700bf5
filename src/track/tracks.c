// SPDX-License-Identifier: MIT
#include "track/tracks.h"

#include "base/alloc.h"

fov_status fov_tracks_new(size_t frames, size_t tracks, fov_tracks **out, fov_error *err)
{
    fov_tracks *t = *out = fov_calloc(1, sizeof *t);
    if (!t) return fov_fail_memory(err, "tracks");
    t->frames = frames;
    t->count = tracks;
    t->time_s = fov_calloc(frames, sizeof *t->time_s);
    t->first = fov_calloc(frames + 1, sizeof *t->first);
    t->track = fov_calloc(tracks, sizeof *t->track);
    if (t->time_s && t->first && t->track) return FOV_OK;
    fov_tracks_free(t);
    *out = NULL;
    return fov_fail_memory(err, "tracks");
}

fov_status fov_tracks_make_room(fov_tracks *t, fov_error *err)
{
    for (size_t i = 0; i < t->frames; i++) t->first[i + 1] += t->first[i];
    t->face = fov_calloc(t->first[t->frames], sizeof *t->face);
    return t->face ? FOV_OK : fov_fail_memory(err, "faces of tracks");
}

size_t fov_tracks_frames(const fov_tracks *t)
{
    return t->frames;
}

double fov_tracks_time(const fov_tracks *t, size_t frame)
{
    return frame < t->frames ? t->time_s[frame] : 0;
}

size_t fov_tracks_count(const fov_tracks *t)
{
    return t->count;
}

fov_track fov_tracks_get(const fov_tracks *t, size_t index)
{
    return index < t->count ? t->track[index] : (fov_track){0};
}

size_t fov_tracks_at(const fov_tracks *t, size_t frame, const fov_tracked_face **faces)
{
    if (frame >= t->frames) frame = t->frames;
    *faces = t->face + t->first[frame];
    return frame < t->frames ? t->first[frame + 1] - t->first[frame] : 0;
}

fov_status fov_tracks_set_hide(fov_tracks *t, size_t number, bool hide, fov_error *err)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->track[i].number == number) {
            t->track[i].hide = hide;
            return FOV_OK;
        }
    return fov_fail(err, FOV_ERR_ARGUMENT, "there is no track %zu among the %zu of this video", number, t->count);
}

void fov_tracks_free(fov_tracks *t)
{
    if (!t) return;
    fov_free(t->time_s);
    fov_free(t->first);
    fov_free(t->face);
    fov_free(t->track);
    fov_free(t);
}
