// SPDX-License-Identifier: MIT
#ifndef FOVEA_TRACK_SMOOTH_H
#define FOVEA_TRACK_SMOOTH_H

#include "track/sightings.h"
#include "track/tracks.h"

/**
 * From whose faces were seen to where everybody was: between sightings, and around the first and the last.
 * @param before how many tracks were numbered already
 */
fov_status fov_tracks_smooth(const fov_sightings *sightings, uint32_t tracks, size_t before, const fov_tracker_options *options,
                             fov_tracks **out, fov_error *err);

#endif
