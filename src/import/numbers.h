// SPDX-License-Identifier: MIT
/* Arrays of numbers as weight files hold them, little-endian and of any alignment -> float32. */
#ifndef FOVEA_IMPORT_NUMBERS_H
#define FOVEA_IMPORT_NUMBERS_H

#include <stddef.h>

/** One of the functions below. @param in `count` numbers */
typedef void fov_numbers_load(const unsigned char *in, float *out, size_t count);

fov_numbers_load fov_numbers_load_f32, fov_numbers_load_f64, fov_numbers_load_f16, fov_numbers_load_bf16;

#endif
