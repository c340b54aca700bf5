// SPDX-License-Identifier: MIT
/* fov_photos_detect() where the network runs elsewhere. */
#ifndef FOVEA_API_PHOTOS_REMOTE_H
#define FOVEA_API_PHOTOS_REMOTE_H

#include "engine/engine.h"

/**
 * As fov_photos_detect(), whose options it is given with `threads` filled in: those that load photos.
 * @param devices numbers of the GPUs that share the photos, at least 1
 */
fov_status fov_photos_detect_remote(const fov_engine *engine, const fov_photo_source *photos, const fov_photos_options *options,
                                    const int *devices, size_t n_device, fov_photo_done *done, void *user, fov_error *err);

#endif
