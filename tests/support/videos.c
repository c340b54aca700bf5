// SPDX-License-Identifier: MIT
#include "videos.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BEHIND = 20, LAST_BEHIND = 27, HALF_WIDTH = 50, HALF_HEIGHT = 55 };

static const double FACE_X = 224, FACE_Y = 113; /* in the photo */

const char *videos_missing(void)
{
    fov_error  err = {0};
    fov_video *video;
    if (system("ffmpeg -version >/dev/null 2>&1 && ffprobe -version >/dev/null 2>&1"))
        return "ffmpeg and ffprobe are not here (Debian: ffmpeg)";
    if (fov_video_open("/dev/null", &video, &err) && strstr(err.message, "this build has none")) return "a build without videos";
    return NULL;
}

static void place(int index, int *x, int *y)
{
    *x = (int)(60 + 50 * sin(index / 12.0));
    *y = (int)(10 + 8 * cos(index / 9.0));
}

void video_face(int index, double *x, double *y)
{
    int left, top;
    place(index, &left, &top);
    *x = FACE_X - left;
    *y = FACE_Y - top;
}

static void lay_lattice(uint8_t *frame, int index)
{
    double x, y;
    video_face(index, &x, &y);
    for (int row = (int)y - HALF_HEIGHT; row < (int)y + HALF_HEIGHT; row++)
        for (int column = (int)x - HALF_WIDTH; column < (int)x + HALF_WIDTH; column++) {
            const bool eyes = row > (int)y - 14 && row < (int)y + 4;
            if (row >= 0 && row < VIDEO_HEIGHT && column >= 0 && column < VIDEO_WIDTH && (eyes || row % 3 == 0))
                memset(frame + 3 * ((ptrdiff_t)row * VIDEO_WIDTH + column), eyes ? 20 : 255, 3);
        }
}

static void paint(const fov_image *photo, int index, uint8_t *frame)
{
    int left, top;
    place(index, &left, &top);
    for (int y = 0; y < VIDEO_HEIGHT; y++)
        memcpy(frame + (ptrdiff_t)3 * VIDEO_WIDTH * y, photo->data + (top + y) * photo->pitch + (ptrdiff_t)3 * left,
               (size_t)3 * VIDEO_WIDTH);
    if (index >= FIRST_BEHIND && index <= LAST_BEHIND) lay_lattice(frame, index);
}

/* To the left: what is right comes on top. */
static void turn(const uint8_t *upright, uint8_t *turned)
{
    for (int y = 0; y < VIDEO_WIDTH; y++)
        for (int x = 0; x < VIDEO_HEIGHT; x++, turned += 3)
            memcpy(turned, upright + 3 * ((ptrdiff_t)x * VIDEO_WIDTH + VIDEO_WIDTH - 1 - y), 3);
}

void video_make(const char *path, int frames, bool turned, const char *arguments)
{
    static uint8_t upright[3 * VIDEO_WIDTH * VIDEO_HEIGHT], stored[sizeof upright];
    char           command[2048];
    fov_error      err = {0};
    fov_photo     *photo;
    assert_ok(fov_photo_load(source_path("photos/astronaut.png"), NULL, &photo, &err));
    const fov_image image = fov_photo_image(photo);
    snprintf(
        command, sizeof command,
        "ffmpeg -y -v error -f rawvideo -pix_fmt rgb24 -s %dx%d -r 25 -i - -f lavfi -i sine=frequency=440:duration=%.2f %s '%s'",
        turned ? VIDEO_HEIGHT : VIDEO_WIDTH, turned ? VIDEO_WIDTH : VIDEO_HEIGHT, frames / 25.0, arguments, path);
    FILE *pipe = popen(command, "w");
    assert_non_null(pipe);
    for (int i = 0; i < frames; i++) {
        paint(&image, i, upright);
        if (turned) turn(upright, stored);
        assert_int_equal(fwrite(turned ? stored : upright, 1, sizeof upright, pipe), sizeof upright);
    }
    if (pclose(pipe)) fail_msg("failed: %s", command);
    fov_photo_free(photo);
}

char *video_probe(const char *path, const char *arguments)
{
    char   command[1024], *text = NULL;
    size_t size = 0;
    snprintf(command, sizeof command, "ffprobe -v error %s -of csv '%s'", arguments, path);
    FILE *pipe = popen(command, "r");
    FILE *out = open_memstream(&text, &size);
    assert_true(pipe && out);
    for (int c; (c = getc(pipe)) != EOF;) putc(c, out);
    fclose(out);
    if (pclose(pipe)) fail_msg("failed: %s", command);
    return text;
}

void shell(const char *format, ...)
{
    char    command[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(command, sizeof command, format, args);
    va_end(args);
    if (system(command)) fail_msg("failed: %s", command);
}
