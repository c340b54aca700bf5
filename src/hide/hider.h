// SPDX-License-Identifier: MIT
/* Hiding faces on a surface: where a face is covered, and how its edge is drawn. What is shown there is a style's affair. */
#ifndef FOVEA_HIDE_HIDER_H
#define FOVEA_HIDE_HIDER_H

#include "base/error.h"
#include "hide/surface.h"

/** Options that were checked, and memory that grows to the largest face. */
typedef struct fov_hider {
    fov_hide_options options;
    uint16_t        *memory;
    uint32_t        *sums;                    /* of columns */
    size_t           capacity, sums_capacity; /* samples    */
} fov_hider;

/** @param options NULL: defaults. @return FOV_OK, FOV_ERR_ARGUMENT (names what is impossible) */
fov_status fov_hider_init(fov_hider *hider, const fov_hide_options *options, fov_error *err);
void       fov_hider_clear(fov_hider *hider);

/**
 * Hide what is in a box with its margin.
 * @param box left, top, right, bottom: pixels of the upright picture; may reach beyond it
 * @return FOV_OK, FOV_ERR_MEMORY, FOV_ERR_ARGUMENT (not a finite box)
 */
fov_status fov_hider_run(fov_hider *hider, const fov_surface *surface, const float box[4], fov_error *err);

#endif
