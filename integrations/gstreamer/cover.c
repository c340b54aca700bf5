// SPDX-License-Identifier: MIT
#include "cover.h"

#include <math.h>

static const float SAME_FACE_IOU = 0.3F;

static float area(const float box[4])
{
    return fmaxf(box[2] - box[0], 0) * fmaxf(box[3] - box[1], 0);
}

static bool is_same(const fov_face *a, const fov_face *b)
{
    const float both[4] = {fmaxf(a->box[0], b->box[0]), fmaxf(a->box[1], b->box[1]), fminf(a->box[2], b->box[2]),
                           fminf(a->box[3], b->box[3])};
    return area(both) > SAME_FACE_IOU * (area(a->box) + area(b->box) - area(both));
}

static bool is_found(const fov_face *face, const fov_faces *found)
{
    for (size_t i = 0; i < found->count; i++)
        if (is_same(face, found->face + i)) return true;
    return false;
}

/* Time may have gone back: then what is held is of another place in the stream. */
static bool is_held(GstClockTime until, GstClockTime time, GstClockTime hold)
{
    return GST_CLOCK_TIME_IS_VALID(time) && time < until && until - time <= hold;
}

void fovea_cover_update(fovea_cover *cover, const fov_faces *found, GstClockTime time, GstClockTime hold)
{
    const fovea_cover  last = *cover;
    const GstClockTime until = GST_CLOCK_TIME_IS_VALID(time) ? time + hold : 0;
    cover->faces = g_array_new(FALSE, FALSE, sizeof(fov_face));
    cover->until = g_array_new(FALSE, FALSE, sizeof(GstClockTime));
    g_array_append_vals(cover->faces, found->face, (guint)found->count);
    for (size_t i = 0; i < found->count; i++) g_array_append_val(cover->until, until);
    for (guint i = 0; last.faces && i < last.faces->len; i++) {
        const fov_face     face = g_array_index(last.faces, fov_face, i);
        const GstClockTime end = g_array_index(last.until, GstClockTime, i);
        if (!is_held(end, time, hold) || is_found(&face, found)) continue;
        g_array_append_val(cover->faces, face);
        g_array_append_val(cover->until, end);
    }
    fovea_cover_clear(&(fovea_cover){last.faces, last.until});
}

fov_faces fovea_cover_faces(const fovea_cover *cover)
{
    return (fov_faces){cover->faces->len, (const fov_face *)(const void *)cover->faces->data};
}

void fovea_cover_clear(fovea_cover *cover)
{
    g_clear_pointer(&cover->faces, g_array_unref);
    g_clear_pointer(&cover->until, g_array_unref);
}
