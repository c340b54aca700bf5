// SPDX-License-Identifier: MIT
/* What the fake driver keeps in the 128 bytes of a CUtensorMap, for the emulated loads that go by it. */
#ifndef FOVEA_TESTS_CUDA_TENSOR_MAP_H
#define FOVEA_TESTS_CUDA_TENSOR_MAP_H

#include <stdint.h>

enum { EMULATOR_MAP_RANK = 5 };

/** The arguments of cuTensorMapEncodeTiled(), which see. */
struct emulator_tensor_map {
    void    *address;
    uint64_t dims[EMULATOR_MAP_RANK];
    uint64_t strides[EMULATOR_MAP_RANK - 1]; /* bytes, of the dimensions after the first */
    uint16_t box[EMULATOR_MAP_RANK];
    uint8_t  element_strides[EMULATOR_MAP_RANK];
    uint8_t  rank, dtype, swizzle, fill; /* CUtensorMapDataType, CUtensorMapSwizzle, CUtensorMapFloatOOBfill */
};

static_assert(sizeof(emulator_tensor_map) <= 128, "larger than a CUtensorMap");

#endif
