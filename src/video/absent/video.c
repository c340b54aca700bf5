// SPDX-License-Identifier: MIT
/* What answers for videos in builds without FFmpeg's libraries. */
#include "base/error.h"

static fov_status fail(const char *path, fov_error *err)
{
    return fov_fail(err, FOV_ERR_UNSUPPORTED,
                    "%s: a video, and this build has none: install FFmpeg's libraries (Debian: libavformat-dev libavcodec-dev "
                    "libavutil-dev libswscale-dev) and build again",
                    path);
}

fov_status fov_video_open(const char *path, fov_video **video, fov_error *err)
{
    *video = NULL;
    return fail(path, err);
}

fov_video_info fov_video_describe(const fov_video *video)
{
    (void)video;
    return (fov_video_info){0};
}

fov_status fov_video_next(fov_video *video, fov_photo **photo, double *time_s, fov_error *err)
{
    (void)video;
    *photo = NULL;
    *time_s = 0;
    return fail("", err);
}

const char *fov_video_warning(const fov_video *video)
{
    (void)video;
    return "";
}

void fov_video_close(fov_video *video)
{
    (void)video;
}

fov_status fov_video_track(fov_video *video, const fov_engine *engine, const fov_video_options *options, fov_tracks **tracks,
                           fov_error *err)
{
    (void)video;
    (void)engine;
    (void)options;
    *tracks = NULL;
    return fail("", err);
}

fov_status fov_video_hide(const char *path, const fov_tracks *tracks, const fov_video_options *options, const char *output,
                          char **warnings, fov_error *err)
{
    (void)tracks;
    (void)options;
    (void)output;
    if (warnings) *warnings = NULL;
    return fail(path, err);
}
