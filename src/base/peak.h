// SPDX-License-Identifier: MIT
/* The most multiply-accumulates per second that one core can do in registers: the yardstick of kernels. */
#ifndef FOVEA_BASE_PEAK_H
#define FOVEA_BASE_PEAK_H

/** What is multiplied: floats, pairs of bfloat16, halves, or bytes. Sums are 32 bits wide, of halves 16. */
typedef enum fov_peak { FOV_PEAK_FP32, FOV_PEAK_BF16, FOV_PEAK_FP16, FOV_PEAK_INT8, FOV_PEAK_COUNT } fov_peak;

/**
 * Measure, which takes some tens of milliseconds of one core; other programs disturb little, for the processor time counts.
 * @param features as fov_cpu_features() gives them: the widest instruction among them that does this is measured
 * @return multiply-accumulates per second; that of FP32 where no instruction multiplies this type
 */
double fov_peak_macs(fov_peak what, unsigned features);

#endif
