// SPDX-License-Identifier: MIT
#ifndef FOVEA_TRACK_FOLLOW_H
#define FOVEA_TRACK_FOLLOW_H

#include "track/sightings.h"

/**
 * Say whose face every sighting is: once forwards, where sure faces begin tracks and unsure ones go on with them, and once
 * backwards, where tracks reach back to unsure faces before their first sure one, and two that are one are joined.
 * @param tracks out: how many there are, numbered from 1 in the order in which they were first seen
 */
fov_status fov_follow(fov_sightings *sightings, const fov_tracker_options *options, uint32_t *tracks, fov_error *err);

#endif
