// SPDX-License-Identifier: MIT
#include "backend/cpu/avx2/avx2.h"

#include "backend/cpu/avx2/storage.h"
#include "backend/cpu/avx2/ymm.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_avx2(fov_kernels *kernels)
{
    kernels->add = (fov_rows_kernel){"add_avx2", add};
    kernels->convert = (fov_rows_kernel){"convert_avx2", convert};
    kernels->max = (fov_max_kernel){"max_avx2", max_any};
    kernels->max_u8 = (fov_max_kernel){"max_u8_avx2", max_u8};
}
