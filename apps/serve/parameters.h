// SPDX-License-Identifier: MIT
/* What a request may say about how its photos are looked at: score, nms, size, max_faces and top_k, as the options of
 * `fovea detect`. */
#ifndef FOVEA_SERVE_PARAMETERS_H
#define FOVEA_SERVE_PARAMETERS_H

#include "detect_text.h"
#include "reply.h"

/** Is there a parameter of this name? */
bool srv_parameter_is_known(const char *name);

/**
 * @param name   one that is known
 * @param server what the server was started with: more candidates or faces than that, or than 5000, would take too long
 * @return status 0, or what is wrong with the value
 */
srv_reply srv_parameter_set(fov_detect_options *detect, const fov_detect_options *server, const char *name, const char *text);

/** The names, for messages. */
#define SRV_PARAMETERS CLI_DETECT_PARAMETERS

#endif
