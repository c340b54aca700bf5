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

fov_bitmap fovea_frame_pixels(GstVideoFrame *frame)
{
    const bool gray = GST_VIDEO_FRAME_N_COMPONENTS(frame) == 1;
    fov_bitmap pixels = {.width = GST_VIDEO_FRAME_WIDTH(frame),
                         .height = GST_VIDEO_FRAME_HEIGHT(frame),
                         .pitch = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0),
                         .step = GST_VIDEO_FRAME_COMP_PSTRIDE(frame, 0)};
    for (guint i = 0; i < (gray ? 1 : 3); i++) pixels.component[i] = GST_VIDEO_FRAME_COMP_DATA(frame, i);
    return pixels;
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
    const gint       step = GST_VIDEO_FRAME_COMP_PSTRIDE(frame, 0);
    const ptrdiff_t  pitch = GST_VIDEO_FRAME_PLANE_STRIDE(frame, 0);
    const fov_status st = need_photo(frame, photo, err);
    if (st) return st;
    for (int c = 0; c < 3; c++) {
        const uint8_t *in = GST_VIDEO_FRAME_COMP_DATA(frame, c);
        uint8_t       *out = fov_photo_pixels(*photo) + c;
        for (int y = 0; y < fov_photo_height(*photo); y++)
            for (int x = 0; x < fov_photo_width(*photo); x++, out += 3) *out = in[y * pitch + (ptrdiff_t)x * step];
    }
    return FOV_OK;
}
