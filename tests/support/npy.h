// SPDX-License-Identifier: MIT
#ifndef FOVEA_TESTS_NPY_H
#define FOVEA_TESTS_NPY_H

#include <stddef.h>

/** Read a little-endian float32, C-order .npy file (NumPy format 1.0). @return malloc'ed values, NULL on failure */
float *npy_load(const char *path, size_t *count);

#endif
