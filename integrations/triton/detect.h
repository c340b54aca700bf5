// SPDX-License-Identifier: MIT
/* From what requests give to look at to the faces in it. What fails is the request's that gave it; the others go on. */
#ifndef FOVEA_TRITON_DETECT_H
#define FOVEA_TRITON_DETECT_H

#include "model.h"
#include "request.h"

/** Decode the photos of a request that did not fail, within the model's limits. */
void tri_decode(tri_request *request, const tri_settings *settings);

/** Find the faces of all requests that did not fail. */
void tri_detect(const tri_instance *instance, tri_request *request, size_t count);

#endif
