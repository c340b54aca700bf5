// SPDX-License-Identifier: MIT
/* The answer to a request. */
#ifndef FOVEA_TRITON_RESPONSE_H
#define FOVEA_TRITON_RESPONSE_H

#include "request.h"

/** Send what was found, or why the request failed. @return true: what was found was sent */
bool tri_respond(tri_request *request);

/** What Triton calls a failure of ours. */
TRITONSERVER_Error *tri_error(const fov_error *err);
/** Tell Triton's log of an error that can be handed to nobody. NULL is allowed. */
void tri_log(TRITONSERVER_Error *error);

#endif
