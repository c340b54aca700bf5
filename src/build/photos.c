// SPDX-License-Identifier: MIT
#include "build/photos.h"

/* The held out are 0, 4, 8 ..; the others lie between. */
static fov_status load_part(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    const fov_photo_part *part = user;
    size_t                at = index;
    if (!part->whole) at = part->held_out ? index * FOV_HELD_OUT : index + index / (FOV_HELD_OUT - 1) + 1;
    return part->all->load(part->all->user, at, photo, err);
}

fov_status fov_photos_fail(const char *what_for, const fov_error *why, fov_error *err)
{
    const fov_status st = why->code == FOV_ERR_MEMORY ? FOV_ERR_MEMORY : FOV_ERR_IO;
    return fov_fail(err, st, "none of the photos to %s on could be loaded; the first: %s", what_for,
                    why->message[0] ? why->message : "it was not said why");
}

void fov_photo_part_init(fov_photo_part *part, const fov_photo_source *all, bool held_out)
{
    const size_t kept = (all->count + FOV_HELD_OUT - 1) / FOV_HELD_OUT;
    *part = (fov_photo_part){.all = all, .held_out = held_out, .whole = all->count < FOV_ENOUGH_TO_SPLIT};
    part->source = (fov_photo_source){part->whole ? all->count : held_out ? kept : all->count - kept, load_part, part};
}
