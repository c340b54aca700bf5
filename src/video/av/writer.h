// SPDX-License-Identifier: MIT
/* The new file: frames through an encoder, everything else as it was read. */
#ifndef FOVEA_VIDEO_WRITER_H
#define FOVEA_VIDEO_WRITER_H

#include "base/file.h"
#include "base/text.h"
#include "video/av/reader.h"

enum { FOV_DURATIONS = 1024 }; /* frames that an encoder may hold back */

typedef struct fov_writer {
    const fov_reader *reader;
    const fov_av     *av;
    const char       *path;
    AVFormatContext  *out;
    AVCodecContext   *encoder;
    AVPacket         *packet;
    AVStream         *video;
    int              *stream_of; /* of the input's streams: the output's, or -1 */
    fov_draft         draft;
    int               write_error; /* errno of the first write that failed; 0: none */
    bool              begun;
    fov_text         *warnings;
    struct {
        int64_t time, duration;
    } shown[FOV_DURATIONS]; /* how long frames are shown, which encoders forget; by frame */
    size_t frames;
} fov_writer;

/** @param warnings is added to */
fov_status fov_writer_open(fov_writer *writer, const fov_reader *reader, const char *path, const fov_video_options *options,
                           fov_text *warnings, fov_error *err);
/** A packet of another stream; it is consumed. */
fov_status fov_writer_copy(fov_writer *writer, AVPacket *packet, fov_error *err);
fov_status fov_writer_frame(fov_writer *writer, AVFrame *frame, fov_error *err);
/** Write what is held back, and let the file appear. */
fov_status fov_writer_finish(fov_writer *writer, fov_error *err);
/** Without a finish, nothing is left of it. */
void fov_writer_close(fov_writer *writer);

#endif
