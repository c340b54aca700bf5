// SPDX-License-Identifier: MIT
/* One coordinate that moves at a constant velocity but for random accelerations: a Kalman filter of place and velocity, and the
 * smoother that goes back over what it did (Rauch, Tung, Striebel), after which every place knows of what came later. */
#ifndef FOVEA_TRACK_KALMAN_H
#define FOVEA_TRACK_KALMAN_H

#include <stdbool.h>
#include <stddef.h>

typedef struct fov_kalman {
    double x, v;       /* px, px/s             */
    double xx, xv, vv; /* their covariance     */
} fov_kalman;

/** How restless a coordinate is: px^2/s^3; variance of what is measured: px^2; of the velocity at first: px^2/s^2. */
typedef struct fov_motion {
    double restless, measured, velocity;
} fov_motion;

fov_kalman fov_kalman_first(double x, const fov_motion *m);
fov_kalman fov_kalman_predict(const fov_kalman *k, double dt, const fov_motion *m);
fov_kalman fov_kalman_update(const fov_kalman *k, double x, const fov_motion *m);
/** What `filtered` was, given what it became `dt` later by all that came after. */
fov_kalman fov_kalman_smooth(const fov_kalman *filtered, const fov_kalman *smoothed_after, double dt, const fov_motion *m);

#endif
