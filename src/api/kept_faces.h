// SPDX-License-Identifier: MIT
/* Faces of a photo that outlive the detector's next call. */
#ifndef FOVEA_API_KEPT_FACES_H
#define FOVEA_API_KEPT_FACES_H

#include "base/error.h"

/** Memory that serves photo after photo; starts as {0}, and is released by fov_free(face). */
typedef struct fov_kept_faces {
    fov_face *face;
    size_t    cap;
} fov_kept_faces;

/** @param out the copy, until the next call */
fov_status fov_faces_keep(fov_kept_faces *kept, const fov_faces *faces, fov_faces *out, fov_error *err);

#endif
