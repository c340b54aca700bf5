// SPDX-License-Identifier: MIT
/* From what a tensor was seen to hold to the range that 8 bits should cover, a file per method. All give lo <= 0 <= hi within
 * what was seen. A histogram of nothing but zeros gives 0 and 0. */
#ifndef FOVEA_QUANT_CHOOSE_H
#define FOVEA_QUANT_CHOOSE_H

#include "quant/histogram.h"

/** Steps between the codes of 8 bits. */
enum { FOV_STEPS = 255 };

/** Everything that was seen. */
fov_status fov_choose_min_max(const fov_histogram *histogram, float *lo, float *hi, fov_error *err);
/** Up to `percent` of all numbers lie below hi, and as many above lo; linear within a bin. @param percent above 50, at most 100 */
fov_status fov_choose_percentile(const fov_histogram *histogram, double percent, float *lo, float *hi, fov_error *err);
/** Least Kullback-Leibler divergence between what was seen and what is left of it in 8 bits. */
fov_status fov_choose_entropy(const fov_histogram *histogram, float *lo, float *hi, fov_error *err);
/** Least mean squared error. */
fov_status fov_choose_mse(const fov_histogram *histogram, float *lo, float *hi, fov_error *err);

#endif
