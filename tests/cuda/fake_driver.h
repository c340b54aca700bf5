// SPDX-License-Identifier: MIT
/* What tests ask of the driver that stands in for NVIDIA's, beside the environment that driver.cpp lists. They find these functions
 * by dlsym() in libcuda.so.1. */
#ifndef FOVEA_TESTS_CUDA_FAKE_DRIVER_H
#define FOVEA_TESTS_CUDA_FAKE_DRIVER_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Count calls from now on, and let one fail (1 is the next; 0: none) with a CUresult. Not counted are cuInit() and what asks for
 * its version, what tells of errors, and what only gives something back. */
void fake_driver_fail(uint64_t call, int result);
/** How many there were. */
uint64_t fake_driver_calls(void);

#ifdef __cplusplus
}
#endif

#endif
