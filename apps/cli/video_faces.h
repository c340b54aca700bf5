// SPDX-License-Identifier: MIT
/* Faces of a video, for the commands that want them. */
#ifndef FOVEA_CLI_VIDEO_FACES_H
#define FOVEA_CLI_VIDEO_FACES_H

#include "engine.h"

/**
 * Find and follow them, with every thread and GPU of the engine. Faces that score more than `detect` asks for begin tracks; those
 * with half of that go on with them. What was wrong with the video is told as a warning.
 * @param options `photos` and the tracker's `start_score` are set here
 */
fov_status cli_video_faces(const cli_engine *engine, const char *file, const fov_detect_options *detect,
                           const fov_video_options *options, fov_tracks **tracks, fov_error *err);

#endif
