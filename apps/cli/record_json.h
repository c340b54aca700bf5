// SPDX-License-Identifier: MIT
/* What was found in a photo, as JSON: the same from the command line and from the server. */
#ifndef FOVEA_CLI_RECORD_JSON_H
#define FOVEA_CLI_RECORD_JSON_H

#include "report.h"

/** The members of the object, without its braces, so that others may follow: report_json.c shows them. A photo without a name has
 * no "file". */
void cli_record_print(FILE *out, const cli_result *result);

#endif
