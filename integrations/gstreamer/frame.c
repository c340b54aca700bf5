// SPDX-License-Identifier: MIT
#include "frame.h"

bool fovea_frame_view(const GstVideoFrame *frame, fov_image *image)
{
    *image = (fov_image){.data = GST_VIDEO_FRAME_PLANE_DATA(frame, 0),
                         .width = GST_VIDEO_FRAME_WIDTH(frame),
                         .height = GST_VIDEO_FRAME_HEIGHT(frame),
                         .pitch = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0)};
    switch (GST_VIDEO_FRAME_FORMAT(frame)) {
    case GST_VIDEO_FORMAT_RGB:
        image->format = FOV_RGB8;
        return true;
    case GST_VIDEO_FORMAT_BGR:
        image->format = FOV_BGR8;
        return true;
    case GST_VIDEO_FORMAT_GRAY8:
        image->format = FOV_GRAY8;
        return true;
    case GST_VIDEO_FORMAT_RGBA:
    case GST_VIDEO_FORMAT_RGBx:
        image->format = FOV_RGBA8;
        return true;
    default:
        return false;
    }
}

/* Where a pixel has its red, green and blue; all in one place where it is gray. */
typedef struct layout {
    guint red, green, blue;
    gint  bytes;
} layout;

static layout layout_of(const GstVideoFrame *frame)
{
    const guint red = GST_VIDEO_FRAME_COMP_POFFSET(frame, 0);
    const gint  bytes = GST_VIDEO_FRAME_COMP_PSTRIDE(frame, 0);
    if (GST_VIDEO_FRAME_N_COMPONENTS(frame) == 1) return (layout){red, red, red, bytes};
    return (layout){red, GST_VIDEO_FRAME_COMP_POFFSET(frame, 1), GST_VIDEO_FRAME_COMP_POFFSET(frame, 2), bytes};
}

static uint8_t *row_of(const GstVideoFrame *frame, int y)
{
    return (uint8_t *)GST_VIDEO_FRAME_PLANE_DATA(frame, 0) + (ptrdiff_t)y * GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
}

static fov_status need_photo(const GstVideoFrame *frame, fov_photo **photo, fov_error *err)
{
    const int width = GST_VIDEO_FRAME_WIDTH(frame), height = GST_VIDEO_FRAME_HEIGHT(frame);
    if (*photo && fov_photo_width(*photo) == width && fov_photo_height(*photo) == height) return FOV_OK;
    fov_photo_free(*photo);
    return fov_photo_new(width, height, photo, err);
}

fov_status fovea_frame_to_photo(const GstVideoFrame *frame, fov_photo **photo, fov_error *err)
{
    const layout     l = layout_of(frame);
    const int        width = GST_VIDEO_FRAME_WIDTH(frame), height = GST_VIDEO_FRAME_HEIGHT(frame);
    const fov_status st = need_photo(frame, photo, err);
    if (st) return st;
    uint8_t *out = fov_photo_pixels(*photo);
    for (int y = 0; y < height; y++) {
        const uint8_t *in = row_of(frame, y);
        for (int x = 0; x < width; x++, in += l.bytes, out += 3) {
            out[0] = in[l.red];
            out[1] = in[l.green];
            out[2] = in[l.blue];
        }
    }
    return FOV_OK;
}

void fovea_frame_from_photo(GstVideoFrame *frame, fov_photo *photo)
{
    const layout   l = layout_of(frame);
    const int      width = GST_VIDEO_FRAME_WIDTH(frame), height = GST_VIDEO_FRAME_HEIGHT(frame);
    const uint8_t *in = fov_photo_pixels(photo);
    for (int y = 0; y < height; y++) {
        uint8_t *out = row_of(frame, y);
        for (int x = 0; x < width; x++, in += 3, out += l.bytes) {
            out[l.red] = in[0];
            out[l.green] = in[1];
            out[l.blue] = in[2];
        }
    }
}
