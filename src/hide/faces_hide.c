// SPDX-License-Identifier: MIT
/* Hiding faces in memory. */
#include "hide/hider.h"
#include "media/media.h"

static const float GRAY[3] = {0.299F, 0.587F, 0.114F}; /* how bright colours are: BT.601 */

static fov_plane plane_of(const fov_bitmap *bitmap, int component)
{
    return (fov_plane){.data = bitmap->component[component],
                       .pitch = bitmap->pitch,
                       .step = bitmap->step,
                       .bytes = 1,
                       .depth = 8,
                       .width = bitmap->width,
                       .height = bitmap->height,
                       .ratio_x = 1,
                       .ratio_y = 1};
}

static bool is_gray(const fov_bitmap *bitmap)
{
    return !bitmap->component[1] && !bitmap->component[2];
}

static fov_surface surface_of(const fov_bitmap *bitmap)
{
    const bool  gray = is_gray(bitmap);
    fov_surface s = {.width = bitmap->width, .height = bitmap->height, .orientation = 1, .planes = gray ? 1 : 3};
    for (int c = 0; c < s.planes; c++) {
        s.plane[c] = plane_of(bitmap, c);
        for (int i = 0; i < 3; i++) s.plane[c].from_rgb[i] = gray ? GRAY[i] : (float)(i == c);
    }
    return s;
}

static fov_status check(const fov_faces *faces, const fov_bitmap *bitmap, fov_error *err)
{
    if (!faces || !bitmap || !bitmap->component[0] || (faces->count && !faces->face))
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces needs faces and pixels, one is NULL");
    if (!is_gray(bitmap) && (!bitmap->component[1] || !bitmap->component[2]))
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces needs red, green and blue, or gray alone: one of two is NULL");
    if (bitmap->width < 1 || bitmap->height < 1 || bitmap->step < 1)
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces in %d x %d pixels of %d bytes: all must be at least 1", bitmap->width,
                        bitmap->height, bitmap->step);
    const ptrdiff_t need = ((ptrdiff_t)bitmap->width - 1) * bitmap->step + 1;
    if (bitmap->pitch < need && bitmap->pitch > -need)
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces with a pitch of %td bytes: a row of %d pixels needs at least %td",
                        bitmap->pitch, bitmap->width, need);
    return FOV_OK;
}

fov_status fov_bitmap_hide(const fov_faces *faces, const fov_hide_options *options, const fov_bitmap *bitmap, fov_error *err)
{
    fov_hider  hider;
    fov_status st = check(faces, bitmap, err);
    if (st || (st = fov_hider_init(&hider, options, err))) return st;
    const fov_surface surface = surface_of(bitmap);
    for (size_t i = 0; i < faces->count && !st; i++) st = fov_hider_run(&hider, &surface, faces->face[i].box, err);
    fov_hider_clear(&hider);
    return st;
}

fov_status fov_faces_hide(const fov_faces *faces, const fov_hide_options *options, fov_photo *photo, fov_error *err)
{
    if (!photo) return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces needs a photo, it is NULL");
    if (fov_photo_is_smaller(photo) || !photo->pixels)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "hiding faces needs all %d x %d pixels of the photo: load it without fit_width, fit_height and defer",
                        photo->full_width, photo->full_height);
    const fov_bitmap bitmap = {.component = {photo->pixels, photo->pixels + 1, photo->pixels + 2},
                               .width = photo->width,
                               .height = photo->height,
                               .pitch = 3 * (ptrdiff_t)photo->width,
                               .step = 3};
    return fov_bitmap_hide(faces, options, &bitmap, err);
}
