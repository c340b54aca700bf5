// SPDX-License-Identifier: MIT
/* Videos for tests, made by FFmpeg's program of moving parts of the bundled photo: one face, whose place in every frame is known.
 */
#ifndef FOVEA_TESTS_VIDEOS_H
#define FOVEA_TESTS_VIDEOS_H

#include "support.h"

enum { VIDEO_WIDTH = 320, VIDEO_HEIGHT = 240 };

/** Skip the running test, saying so, without FFmpeg's programs or in a build without videos. */
#define NEED_VIDEOS()                                                                                                              \
    do {                                                                                                                           \
        const char *why_ = videos_missing();                                                                                       \
        if (why_) {                                                                                                                \
            print_message("skipped: %s\n", why_);                                                                                  \
            skip();                                                                                                                \
        }                                                                                                                          \
    } while (0)
const char *videos_missing(void); /* NULL: nothing is */

/** Middle of the face in frame `index` of every video. */
void video_face(int index, double *x, double *y);

/**
 * @param turned    frames are stored turned to the left, to be shown as the face is upright
 * @param arguments of ffmpeg, for the output
 * In frames 20 to 27 the face is behind a lattice, through which a person would see it.
 */
void video_make(const char *path, int frames, bool turned, const char *arguments);

/** What ffprobe prints with these arguments; release with free(). */
char *video_probe(const char *path, const char *arguments);
/** Run a command of the shell that must succeed. */
void shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
