// SPDX-License-Identifier: MIT
/* A video: looked at once to find and follow faces, or a review of that read, and a second time to hide them. */
#include "blur.h"
#include "clock.h"
#include "console.h"
#include "interrupt.h"
#include "video_faces.h"

#include <stdlib.h>
#include <string.h>

static fov_status find(cli_blur_job *b, size_t input, const fov_video_options *options, fov_tracks **tracks, fov_error *err)
{
    if (b->options.apply) return fov_tracks_load(b->options.apply, tracks, err);
    return cli_video_faces(&b->engine, b->inputs.item[input].path, &b->detect, options, tracks, err);
}

/* Or write the review, and no video. */
static fov_status hide(cli_blur_job *b, size_t input, const fov_video_options *options, const fov_tracks *tracks,
                       const cli_blur_result *r, char **warnings, fov_error *err)
{
    const char *file = b->inputs.item[input].path;
    if (b->options.review) return fov_tracks_save(tracks, file, b->options.review, err);
    fov_status st = fov_video_hide(file, tracks, options, r->output, warnings, err);
    if (!st) cli_outputs_wrote(&b->outputs, r->output);
    return st;
}

static void warn_each_line(const char *file, const char *lines)
{
    while (lines && *lines) {
        const int n = (int)strcspn(lines, "\n");
        cli_warning("%s: %.*s", file, n, lines);
        lines += n + (lines[n] == '\n');
    }
}

static void work(cli_blur_job *b, size_t input, char *path)
{
    const char       *file = b->inputs.item[input].path;
    fov_video_times   times = {0};
    fov_video_options options = b->options.video;
    fov_tracks       *tracks = NULL;
    char             *warnings = NULL;
    fov_error         err = {0};
    const double      start = cli_now_s();
    cli_blur_result   r = {.file = file, .output = b->options.review ? b->options.review : path, .times = &times};
    options.hide = &b->options.hide;
    options.tracker = &b->options.tracker;
    options.times = &times;
    options.progress = cli_progress_of_frames;
    options.stop = cli_interrupt_stops;
    fov_status st = find(b, input, &options, &tracks, &err);
    if (!st && !cli_blur_keep(b->options.keep, tracks)) {
        b->failed++;
    } else {
        if (!st) st = hide(b, input, &options, tracks, &r, &warnings, &err);
        r.tracks = tracks;
        r.warnings = warnings;
        r.seconds = cli_now_s() - start;
        warn_each_line(file, warnings);
        if (!st) cli_blur_tell(b, &r);
        else if (st != FOV_ERR_CANCELLED) cli_blur_fail(b, file, err.message);
        b->output_failed = b->output_failed || (st == FOV_ERR_IO && tracks);
    }
    fov_string_free(warnings);
    fov_tracks_free(tracks);
}

void cli_blur_video(cli_blur_job *b, size_t input)
{
    if (b->outputs.repeated[input]) return; /* written already */
    setenv("SVT_LOG", "1", 0);              /* the AV1 encoder tells errors only; it has no other way to be told so */
    char *path = b->options.review ? NULL : cli_blur_path(b, input);
    if (!path && !b->options.review) {
        b->output_failed = true;
        return;
    }
    work(b, input, path);
    free(path);
}
