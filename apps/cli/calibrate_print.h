// SPDX-License-Identifier: MIT
/* A calibration in words: which range each tensor has, and which scale each input of the nodes that have several. */
#ifndef FOVEA_CLI_CALIBRATE_PRINT_H
#define FOVEA_CLI_CALIBRATE_PRINT_H

/** @param description what fov_calibration_describe_json() gave */
void cli_print_calibration(const char *description);

#endif
