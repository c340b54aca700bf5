// SPDX-License-Identifier: MIT
#include "face/candidates.h"

#include "base/alloc.h"

#include <math.h>
#include <stdlib.h>

fov_status fov_candidates_add(fov_face_buffer *buffer, size_t *count, const fov_face *face, fov_error *err)
{
    if (*count == buffer->cap_candidate) {
        size_t    larger = *count ? *count * 2 : 256;
        fov_face *more = fov_realloc_array(buffer->candidate, larger, sizeof *more);
        if (!more) return fov_fail_memory(err, "candidate faces");
        buffer->candidate = more;
        buffer->cap_candidate = larger;
    }
    buffer->candidate[(*count)++] = *face;
    return FOV_OK;
}

/* Better score first, then place by place. */
static int better(const void *a, const void *b)
{
    const fov_face *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    for (int i = 0; i < 4; i++)
        if (x->box[i] != y->box[i]) return x->box[i] < y->box[i] ? -1 : 1;
    return 0;
}

size_t fov_candidates_cut(fov_face_buffer *buffer, size_t count, size_t most)
{
    if (count) qsort(buffer->candidate, count, sizeof *buffer->candidate, better);
    return count < most ? count : most;
}

bool fov_candidate_is_finite(const fov_face *face)
{
    float sum = face->box[0] + face->box[1] + face->box[2] + face->box[3];
    for (int j = 0; j < 5; j++) sum += face->landmarks[j][0] + face->landmarks[j][1];
    return isfinite(sum);
}
