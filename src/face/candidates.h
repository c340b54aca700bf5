// SPDX-License-Identifier: MIT
/* Faces above the threshold, sorted and cut before the rest is computed for the few that stay.
 *
 * Until then a face is its score and where it came from. The place fits into the unused box: four small integers, exact in a float
 * up to 2^24. */
#ifndef FOVEA_FACE_CANDIDATES_H
#define FOVEA_FACE_CANDIDATES_H

#include "face/face.h"

/** Append a face. @param count of those in the buffer, advanced */
fov_status fov_candidates_add(fov_face_buffer *buffer, size_t *count, const fov_face *face, fov_error *err);

/** Better score first, then by place; @return how many stay of the best `most` */
size_t fov_candidates_cut(fov_face_buffer *buffer, size_t count, size_t most);

/** Whether all coordinates are numbers. */
bool fov_candidate_is_finite(const fov_face *face);

#endif
