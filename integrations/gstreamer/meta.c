// SPDX-License-Identifier: MIT
#include "meta.h"

#include <math.h>

static const char *const landmarks[5][2] = {{"left-eye-x", "left-eye-y"},
                                            {"right-eye-x", "right-eye-y"},
                                            {"nose-x", "nose-y"},
                                            {"mouth-left-x", "mouth-left-y"},
                                            {"mouth-right-x", "mouth-right-y"}};

static GstStructure *structure_of(const fov_face *face)
{
    const float  *box = face->box;
    GstStructure *s = gst_structure_new("fovea", "score", G_TYPE_DOUBLE, (double)face->score, "left", G_TYPE_DOUBLE, (double)box[0],
                                        "top", G_TYPE_DOUBLE, (double)box[1], "right", G_TYPE_DOUBLE, (double)box[2], "bottom",
                                        G_TYPE_DOUBLE, (double)box[3], NULL);
    for (int i = 0; i < 5; i++)
        gst_structure_set(s, landmarks[i][0], G_TYPE_DOUBLE, (double)face->landmarks[i][0], landmarks[i][1], G_TYPE_DOUBLE,
                          (double)face->landmarks[i][1], NULL);
    return s;
}

/* A place on a side, within it. */
static guint within(float place, gint side)
{
    return place > 0 ? (guint)fminf(place, (float)side) : 0;
}

/* Regions are whole pixels of the frame: those that the box touches. */
static void add(GstBuffer *buffer, const GstVideoFrame *frame, const fov_face *face)
{
    const gint                    width = GST_VIDEO_FRAME_WIDTH(frame), height = GST_VIDEO_FRAME_HEIGHT(frame);
    const guint                   x0 = within(floorf(face->box[0]), width), x1 = within(ceilf(face->box[2]), width);
    const guint                   y0 = within(floorf(face->box[1]), height), y1 = within(ceilf(face->box[3]), height);
    const guint                   before = gst_buffer_get_n_meta(buffer, GST_VIDEO_REGION_OF_INTEREST_META_API_TYPE);
    GstVideoRegionOfInterestMeta *meta = gst_buffer_add_video_region_of_interest_meta(buffer, "face", x0, y0, x1 - x0, y1 - y0);
    meta->id = (gint)before;
    gst_video_region_of_interest_meta_add_param(meta, structure_of(face));
}

void fovea_meta_add(GstBuffer *buffer, const GstVideoFrame *frame, const fov_faces *faces)
{
    for (size_t i = 0; i < faces->count; i++) add(buffer, frame, faces->face + i);
}
