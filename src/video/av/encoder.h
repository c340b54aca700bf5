// SPDX-License-Identifier: MIT
#ifndef FOVEA_VIDEO_ENCODER_H
#define FOVEA_VIDEO_ENCODER_H

#include "base/text.h"
#include "video/av/reader.h"

/**
 * Open an encoder for what a reader gives: of its codec where there is one and the container takes it, else of one that it takes.
 * @param warnings is added to. @param encoder out
 */
fov_status fov_encoder_open(const fov_reader *reader, const AVOutputFormat *container, const fov_video_options *options,
                            fov_text *warnings, AVCodecContext **encoder, fov_error *err);

#endif
