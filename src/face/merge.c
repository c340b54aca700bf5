// SPDX-License-Identifier: MIT
/* One list of faces out of those of several inputs. */
#include "face/candidates.h"

fov_status fov_face_append(fov_face_buffer *buffer, size_t *count, const fov_face *face, fov_error *err)
{
    return fov_candidates_add(buffer, count, face, err);
}

fov_status fov_face_merge(fov_face_buffer *buffer, size_t count, const fov_detect_options *options, fov_faces *faces,
                          fov_error *err)
{
    fov_candidates_cut(buffer, count, count);
    faces->face = buffer->candidate;
    return fov_face_suppress(buffer, count, options->nms_iou, (size_t)options->max_faces, &faces->count, err);
}
