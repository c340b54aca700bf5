// SPDX-License-Identifier: MIT
/* How photos are looked at, as the parameters of requests tell it. */
#ifndef FOVEA_CLI_DETECT_TEXT_H
#define FOVEA_CLI_DETECT_TEXT_H

#include "sizes.h"

enum { CLI_MAX_COUNT = 1000000 }; /* of --top-k and --max-faces */

/** The parameters of requests, for messages. */
#define CLI_DETECT_PARAMETERS "score, nms, size, max_faces and top_k"
/** Is there a parameter of this name? */
bool cli_detect_parameter_is_known(const char *name);
/**
 * @param own  of whoever is asked: max_faces and top_k are at most these, or 5000
 * @param name one that is known
 * @return FOV_OK, FOV_ERR_ARGUMENT (the message says what was expected); nothing was changed then
 */
fov_status cli_detect_parameter_set(fov_detect_options *detect, const fov_detect_options *own, const char *name, const char *text,
                                    fov_error *err);

#endif
