// SPDX-License-Identifier: MIT
#include "graph/ops/rearrange.h"

#include "graph/ops/walk.h"

fov_status fov_op_run_copy(const fov_op_call *call, fov_error *err)
{
    (void)err;
    fov_view_copy_all(&call->out[0], call->in[0]);
    return FOV_OK;
}
