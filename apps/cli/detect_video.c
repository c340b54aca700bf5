// SPDX-License-Identifier: MIT
#include "detect_video.h"

#include "console.h"
#include "memory.h"
#include "video_faces.h"

#include <stdlib.h>

/* Those between a track's first and last sighting. @param kept room for all. @return how many */
static size_t keep_seen(const fov_tracked_face *faces, size_t count, fov_tracked_face *kept)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (!faces[i].around) kept[n++] = faces[i];
    return n;
}

typedef struct telling {
    cli_result        frame;
    cli_detect_frame *tell;
    void             *user;
    fov_tracked_face *kept;
    size_t            capacity;
} telling;

static bool tell_scene(void *user, const fov_tracks *tracks, size_t first)
{
    telling    *t = user;
    cli_result *r = &t->frame;
    bool        go_on = true;
    for (size_t i = 0; go_on && i < fov_tracks_frames(tracks); i++) {
        const fov_tracked_face *faces;
        const size_t            count = fov_tracks_at(tracks, i, &faces);
        while (count > t->capacity) t->kept = cli_grow(t->kept, t->capacity, &t->capacity, sizeof *t->kept);
        r->frame = first + i;
        r->time_s = fov_tracks_time(tracks, i);
        r->tracked = t->kept;
        r->n_tracked = keep_seen(faces, count, t->kept);
        go_on = t->tell(t->user, r);
    }
    return go_on;
}

fov_status cli_detect_video(const cli_engine *engine, const char *file, const fov_detect_options *detect, cli_detect_frame *frame,
                            void *user, fov_error *err)
{
    fov_video  *video;
    fov_tracks *tracks;
    fov_status  st = fov_video_open(file, &video, err);
    if (st) return st;
    const fov_video_info info = fov_video_describe(video);
    fov_video_close(video);
    telling t = {
        .frame = {.file = file, .is_frame = true, .width = info.width, .height = info.height}, .tell = frame, .user = user};
    const fov_video_options options = {.progress = cli_progress_of_frames, .scene = tell_scene, .scene_user = &t};
    st = cli_video_faces(engine, file, detect, &options, &tracks, err);
    free(t.kept);
    return st;
}
