// SPDX-License-Identifier: MIT
/* Options for how faces are hidden. */
#ifndef FOVEA_CLI_BLUR_OPTIONS_H
#define FOVEA_CLI_BLUR_OPTIONS_H

#include <popt.h>

#include "fovea/fovea.h"

extern struct poptOption cli_blur_style_options[];
extern struct poptOption cli_blur_video_options[];

typedef struct cli_blur_options {
    fov_hide_options    hide;
    fov_image           picture; /* of --picture, to which hide.picture points: so options must not move */
    fov_tracker_options tracker;
    fov_video_options   video; /* without what is found and shown: photos, progress */
    const char         *review, *apply;
    const char         *keep; /* numbers of tracks that stay as they are, or NULL */
} cli_blur_options;

/** @return false: it was said which option is wrong. To be cleared in either case */
bool cli_blur_options_get(cli_blur_options *out);
void cli_blur_options_clear(cli_blur_options *options);

/** Tracks that --keep names are not hidden. @return false: it was said which is none */
bool cli_blur_keep(const char *list, fov_tracks *tracks);

#endif
