// SPDX-License-Identifier: MIT
/* What the parts of `fovea blur` share. */
#ifndef FOVEA_CLI_BLUR_H
#define FOVEA_CLI_BLUR_H

#include "blur_options.h"
#include "engine.h"
#include "inputs.h"
#include "outputs.h"

typedef struct cli_blur_job {
    cli_engine         engine; /* none yet, where engine.engine is NULL: a review needs none */
    fov_detect_options detect;
    cli_blur_options   options;
    cli_inputs         inputs;
    cli_outputs        outputs;
    const char        *output; /* -o; NULL: in place                       */
    bool               into_folder;
    bool              *is_video; /* by input                               */
    bool               as_json;
    size_t             printed, faces, done, failed;
    bool               output_failed, stdout_failed, broken;
} cli_blur_job;

/** Where an input's copy goes. @return NULL: it may not be written, and it was said why; release with free() */
char *cli_blur_path(cli_blur_job *b, size_t input);

/* What came of an input, told on standard output; a failure on standard error too. */
typedef struct cli_blur_result {
    const char            *file, *output;
    size_t                 faces;    /* of a photo                     */
    const fov_tracks      *tracks;   /* of a video; NULL: of a photo   */
    const char            *warnings; /* lines, or NULL                 */
    const fov_video_times *times;
    double                 seconds; /* that the work took             */
} cli_blur_result;
void cli_blur_tell(cli_blur_job *b, const cli_blur_result *result);
void cli_blur_fail(cli_blur_job *b, const char *file, const char *message);

/* Both watch for signals, and return when one came. */
void cli_blur_photos(cli_blur_job *b);
void cli_blur_video(cli_blur_job *b, size_t input);

#endif
