// SPDX-License-Identifier: MIT
#ifndef FOVEA_TRACK_TRACKS_H
#define FOVEA_TRACK_TRACKS_H

#include "base/error.h"
#include "base/stamp.h"

struct fov_tracks {
    size_t            frames, count;
    double           *time_s; /* of each frame                                     */
    size_t           *first;  /* of each frame's faces, and behind the last their number */
    fov_tracked_face *face;   /* by frame, and in it by number                     */
    fov_track        *track;  /* by number                                         */
    fov_stamp         video;  /* that they were found in; not known of a review    */
};

/** With room for what is counted; all 0. Release with fov_tracks_free(). */
fov_status fov_tracks_new(size_t frames, size_t tracks, fov_tracks **out, fov_error *err);
/** Sums up `first[i + 1]`, which are counts of frame i, and makes room for the faces. */
fov_status fov_tracks_make_room(fov_tracks *tracks, fov_error *err);

#endif
