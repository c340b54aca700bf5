// SPDX-License-Identifier: MIT
/* A video's frames in the order in which they are shown, each with its time, and whatever else is in the file on the way. Two
 * readers of the same file give the same frames: that is what lets a video be looked at twice instead of being kept. */
#ifndef FOVEA_VIDEO_READER_H
#define FOVEA_VIDEO_READER_H

#include "video/av/source.h"

typedef struct fov_reader {
    const fov_av    *av;
    const char      *path; /* the caller's */
    fov_source       source;
    AVFormatContext *in;
    AVStream        *stream; /* the video */
    AVCodecContext  *decoder;
    AVPacket        *packet;
    int64_t          last_time; /* of the last frame, in the stream's time base */
    bool             any, ended;
    size_t           frames, damaged; /* packets or frames that could not be decoded */
    bool             cut_off;         /* the file could not be read to its end */
} fov_reader;

/** @param path must outlive the reader, which must stay where it is */
fov_status fov_reader_open(fov_reader *reader, const char *path, fov_error *err);
void       fov_reader_close(fov_reader *reader);

/** Packets of other streams, as they come. */
typedef fov_status fov_reader_other(void *user, AVPacket *packet, fov_error *err);
/**
 * @param frame its `pts` is when it is shown, after the one before in any case
 * @param got   out: false at the end
 * @param other may be NULL
 */
fov_status fov_reader_next(fov_reader *reader, AVFrame *frame, bool *got, fov_reader_other *other, void *user, fov_error *err);
/** Seconds of a frame's time. */
double fov_reader_seconds(const fov_reader *reader, int64_t time);
/** EXIF 1..8 of how frames are turned to be seen. */
int fov_reader_orientation(const fov_reader *reader);

#endif
