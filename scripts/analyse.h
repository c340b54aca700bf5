// SPDX-License-Identifier: MIT
/* What scripts/analyse puts before each file of src/. Tools read one file at a time: that a failure is never FOV_OK they must be
 * told. */
#include "base/error.h"
#include "graph/op.h"
#include "quant/cache.h"

#define fov_fail(err, code, ...) ((void)fov_fail(err, code, __VA_ARGS__), (fov_status)(code))
#define fov_fail_memory(err, what) ((void)fov_fail_memory(err, what), (fov_status)FOV_ERR_MEMORY)
#define fov_op_fail(call, code, ...) ((void)fov_op_fail(call, code, __VA_ARGS__), (fov_status)(code))
#define fov_lines_fail(...) ((void)fov_lines_fail(__VA_ARGS__), (fov_status)FOV_ERR_FORMAT)
