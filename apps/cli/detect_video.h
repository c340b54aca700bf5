// SPDX-License-Identifier: MIT
#ifndef FOVEA_CLI_DETECT_VIDEO_H
#define FOVEA_CLI_DETECT_VIDEO_H

#include "engine.h"
#include "report.h"

/** Given each frame, in order; `index` is for the callee to set. @return false to stop */
typedef bool cli_detect_frame(void *user, cli_result *frame);

/** Find and follow a video's faces, and tell the frames of each scene when it is over: only then is who is who certain. */
fov_status cli_detect_video(const cli_engine *engine, const char *file, const fov_detect_options *detect, cli_detect_frame *frame,
                            void *user, fov_error *err);

#endif
