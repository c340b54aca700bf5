// SPDX-License-Identifier: MIT
#include "video_faces.h"

#include "console.h"
#include "interrupt.h"

static const float UNSURE = 0.5F; /* of the score that is asked for */

fov_status cli_video_faces(const cli_engine *e, const char *file, const fov_detect_options *detect,
                           const fov_video_options *options, fov_tracks **tracks, fov_error *err)
{
    fov_detect_options  all = *detect;
    fov_tracker_options tracker = options->tracker ? *options->tracker : fov_tracker_options_default();
    fov_video_options   with = *options;
    fov_video          *video;
    fov_photos_options  photos = {.detect = &all,
                                  .threads = e->threads,
                                  .devices = e->devices,
                                  .n_device = e->n_device,
                                  .tune_seconds = e->tune_seconds,
                                  .tf32 = e->tf32};
    tracker.start_score = detect->score_threshold;
    all.score_threshold *= UNSURE;
    with.photos = &photos;
    with.tracker = &tracker;
    with.stop = cli_interrupt_stops;
    *tracks = NULL;
    fov_status st = fov_video_open(file, &video, err);
    if (st) return st;
    st = fov_video_track(video, e->engine, &with, tracks, err);
    if (!st && *fov_video_warning(video)) cli_warning("%s: %s", file, fov_video_warning(video));
    fov_video_close(video);
    return st;
}
