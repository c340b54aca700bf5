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

static void tell_frames(const fov_tracks *tracks, cli_result *r, cli_detect_frame *frame, void *user)
{
    fov_tracked_face *kept = NULL;
    size_t            capacity = 0;
    for (bool go_on = true; go_on && r->frame < fov_tracks_frames(tracks); r->frame++) {
        const fov_tracked_face *faces;
        const size_t            count = fov_tracks_at(tracks, r->frame, &faces);
        while (count > capacity) kept = cli_grow(kept, capacity, &capacity, sizeof *kept);
        r->time_s = fov_tracks_time(tracks, r->frame);
        r->tracked = kept;
        r->n_tracked = keep_seen(faces, count, kept);
        go_on = frame(user, r);
    }
    free(kept);
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
    st = cli_video_faces(engine, file, detect, &(fov_video_options){.progress = cli_progress_of_frames}, &tracks, err);
    if (st) return st;
    tell_frames(tracks, &(cli_result){.file = file, .is_frame = true, .width = info.width, .height = info.height}, frame, user);
    fov_tracks_free(tracks);
    return FOV_OK;
}
