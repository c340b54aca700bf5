// SPDX-License-Identifier: MIT
/* Weights that are subnormal in binary16 after all scaling: which can go, which stay, and which of those matter. */
#ifndef FOVEA_NUMERICS_REMAINS_H
#define FOVEA_NUMERICS_REMAINS_H

#include "numerics/scaling.h"

#include <jansson.h>

/**
 * Set to zero what no FP32 output can notice: a weight that times its input's magnitude is at most 2^-24 of the channel's reach.
 * For a sum of n terms that is at most n * 2^-24 of the reach in all, which adding the terms in another order may change too.
 * @param list JSON array to which {"tensor", "channel", "weights", "largest", "share", "matters"} is added for each channel that
 *             lost some; `share` is what all of them together were of the reach
 * @return how many weights
 */
size_t fov_remains_zero(const fov_scaling *scaling, json_t **list);

/**
 * List what is still subnormal, in the same form. Weights matter when their channel's `share` is above 2^-11, the unit roundoff
 * of binary16: a machine that flushes them then errs more than rounding the channel's other weights to FP16 may.
 * @return how many weights matter
 */
size_t fov_remains_list(const fov_scaling *scaling, json_t **list);

#endif
