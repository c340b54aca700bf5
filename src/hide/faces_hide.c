// SPDX-License-Identifier: MIT
/* Hiding faces in a photo in memory. */
#include "hide/hider.h"
#include "media/media.h"

static fov_surface surface_of(fov_photo *photo)
{
    fov_surface s = {.width = photo->width, .height = photo->height, .orientation = 1, .planes = 3};
    for (int c = 0; c < 3; c++) {
        s.plane[c] = (fov_plane){.data = photo->pixels + c,
                                 .pitch = 3 * (ptrdiff_t)photo->width,
                                 .step = 3,
                                 .bytes = 1,
                                 .depth = 8,
                                 .width = photo->width,
                                 .height = photo->height,
                                 .ratio_x = 1,
                                 .ratio_y = 1};
        s.plane[c].from_rgb[c] = 1;
    }
    return s;
}

static fov_status check(const fov_faces *faces, const fov_photo *photo, fov_error *err)
{
    if (!faces || !photo || (faces->count && !faces->face))
        return fov_fail(err, FOV_ERR_ARGUMENT, "hiding faces needs faces and a photo, one is NULL");
    if (fov_photo_is_smaller(photo) || !photo->pixels)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "hiding faces needs all %d x %d pixels of the photo: load it without fit_width, fit_height and defer",
                        photo->full_width, photo->full_height);
    return FOV_OK;
}

fov_status fov_faces_hide(const fov_faces *faces, const fov_hide_options *options, fov_photo *photo, fov_error *err)
{
    fov_hider  hider;
    fov_status st = check(faces, photo, err);
    if (st || (st = fov_hider_init(&hider, options, err))) return st;
    const fov_surface surface = surface_of(photo);
    for (size_t i = 0; i < faces->count && !st; i++) st = fov_hider_run(&hider, &surface, faces->face[i].box, err);
    fov_hider_clear(&hider);
    return st;
}
