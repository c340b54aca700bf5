// SPDX-License-Identifier: MIT
#include "api/kept_faces.h"

#include "base/alloc.h"

#include <string.h>

fov_status fov_faces_keep(fov_kept_faces *kept, const fov_faces *faces, fov_faces *out, fov_error *err)
{
    if (faces->count > kept->cap) {
        fov_face *more = fov_realloc_array(kept->face, faces->count, sizeof *more);
        if (!more) return fov_fail_memory(err, "the faces of a photo");
        kept->face = more;
        kept->cap = faces->count;
    }
    if (faces->count) memcpy(kept->face, faces->face, faces->count * sizeof *faces->face);
    *out = (fov_faces){faces->count, kept->face};
    return FOV_OK;
}
