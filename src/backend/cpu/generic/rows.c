// SPDX-License-Identifier: MIT
#include "backend/cpu/generic/generic.h"

#include "backend/cpu/generic/storage.h"
#include "backend/cpu/generic/vec.h"
#include "backend/cpu/rows_tile.h"

void fov_rows_generic(fov_kernels *kernels)
{
    kernels->add = (fov_rows_kernel){"add_generic", add};
    kernels->convert = (fov_rows_kernel){"convert_generic", convert};
    kernels->max = (fov_max_kernel){"max_generic", max_any};
    kernels->max_u8 = (fov_max_kernel){"max_u8_generic", max_u8};
}
