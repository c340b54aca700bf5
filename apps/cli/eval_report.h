// SPDX-License-Identifier: MIT
#ifndef FOVEA_CLI_EVAL_REPORT_H
#define FOVEA_CLI_EVAL_REPORT_H

/** Print fov_evaluation_json() as a table for people. */
void cli_eval_print(const char *json);

#endif
