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

static void sort(fov_face *face, size_t count)
{
    if (count) qsort(face, count, sizeof *face, better);
}

static const fov_face *middle_of(const fov_face *a, const fov_face *b, const fov_face *c)
{
    if (better(a, b) > 0) return middle_of(b, a, c);
    return better(b, c) <= 0 ? b : better(a, c) <= 0 ? c : a;
}

/* Hoare's partition of at least 3 faces. @return how many stand in front, none of them worse than any behind; 1 to count - 1 */
static size_t part(fov_face *face, size_t count)
{
    const fov_face pivot = *middle_of(&face[0], &face[count / 2], &face[count - 1]);
    for (size_t i = 0, j = count - 1;; i++, j--) {
        while (better(&face[i], &pivot) < 0) i++;
        while (better(&pivot, &face[j]) < 0) j--;
        if (i >= j) return j + 1;
        const fov_face other = face[i];
        face[i] = face[j];
        face[j] = other;
    }
}

/* Bring the best `most` to the front, in no order: Hoare's selection, which looks at a share of the faces only. Where its pivots
 * are bad, sorting what is left bounds the time. */
static void select_best(fov_face *face, size_t count, size_t most)
{
    enum { FEW = 32, MAX_PARTS = 64 };
    size_t first = 0, end = count;
    for (int parts = 0; end - first > FEW && parts < MAX_PARTS; parts++) {
        const size_t at = first + part(face + first, end - first);
        if (at == most) return;
        if (at < most) first = at;
        else end = at;
    }
    sort(face + first, end - first);
}

size_t fov_candidates_cut(fov_face_buffer *buffer, size_t count, size_t most)
{
    const size_t stay = count < most ? count : most;
    if (stay < count) select_best(buffer->candidate, count, stay);
    sort(buffer->candidate, stay);
    return stay;
}

bool fov_candidate_is_finite(const fov_face *face)
{
    float sum = face->box[0] + face->box[1] + face->box[2] + face->box[3];
    for (int j = 0; j < 5; j++) sum += face->landmarks[j][0] + face->landmarks[j][1];
    return isfinite(sum);
}
