// SPDX-License-Identifier: MIT
#include "backend/cpu/avx512/avx512.h"

#include "backend/cpu/avx512/storage.h"
#include "backend/cpu/avx512/zmm.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_avx512(fov_kernels *kernels)
{
    kernels->add = (fov_rows_kernel){"add_avx512", add};
    kernels->convert = (fov_rows_kernel){"convert_avx512", convert};
    kernels->max = (fov_max_kernel){"max_avx512", max_any};
    kernels->max_u8 = (fov_max_kernel){"max_u8_avx512", max_u8};
}
