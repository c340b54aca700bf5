// SPDX-License-Identifier: MIT
/* How results are printed: one table of functions a format. All of them print a photo as soon as it is done. */
#ifndef FOVEA_CLI_REPORT_H
#define FOVEA_CLI_REPORT_H

#include <stdio.h>

#include "fovea/fovea.h"

/** What came of one input. */
typedef struct cli_result {
    size_t      index; /* of the inputs, from 0 */
    const char *file;
    const char *error; /* NULL, or why there are no faces; then the rest is empty */
    int         width, height;
    fov_faces   faces;
    const char *backend, *device; /* what found them, where that is a GPU; else NULL */
    int         device_number;

    bool                    is_frame; /* of a video: its faces are `tracked`, and there are no others */
    size_t                  frame;    /* from 0 */
    double                  time_s;
    const fov_tracked_face *tracked;
    size_t                  n_tracked;
} cli_result;

/** Any of the functions may be NULL: nothing is printed then. */
typedef struct cli_report {
    void (*begin)(FILE *out);
    void (*result)(FILE *out, const cli_result *result);
    void (*end)(FILE *out);
} cli_report;

extern const cli_report cli_report_text, cli_report_json, cli_report_ndjson, cli_report_csv;

#endif
