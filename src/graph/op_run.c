// SPDX-License-Identifier: MIT
/* Running a definition on views of storage types: load what it reads into floats, run it on those, store what it wrote. */
#include "graph/op.h"

static bool as_it_is(const fov_op_call *call)
{
    const fov_op_def *def = fov_op_def_of(call->node->op);
    bool              stored = false;
    for (int i = 0; i < call->n_in; i++) stored = stored || (call->in[i] && fov_dtype_is_storage(call->in[i]->dtype));
    for (int i = 0; i < call->n_out; i++) stored = stored || fov_dtype_is_storage(call->out[i].dtype);
    return !stored || (def->takes_storage && def->takes_storage(call));
}

static size_t floats_bytes(const fov_view *view)
{
    size_t count;
    if (!view || !fov_dtype_is_storage(view->dtype) || !fov_shape_count(&view->shape, &count)) return 0;
    return count * sizeof(float);
}

static size_t workspace_bytes(const fov_op_call *call)
{
    const fov_op_def *def = fov_op_def_of(call->node->op);
    return def->workspace ? def->workspace(call) : 0;
}

/* Scratch: pointers to inputs, inputs as floats, outputs as floats, then the floats themselves, then the definition's workspace. */
static size_t head_bytes(const fov_op_call *call)
{
    const size_t n_in = (size_t)call->n_in, n_out = (size_t)call->n_out;
    return n_in * sizeof(fov_view *) + (n_in + n_out) * sizeof(fov_view);
}

size_t fov_op_run_scratch(const fov_op_call *call)
{
    size_t bytes = head_bytes(call) + workspace_bytes(call);
    if (as_it_is(call)) return workspace_bytes(call);
    for (int i = 0; i < call->n_in; i++) bytes += floats_bytes(call->in[i]);
    for (int i = 0; i < call->n_out; i++) bytes += floats_bytes(&call->out[i]);
    return bytes;
}

static fov_view float_view(const fov_view *view, float **memory)
{
    fov_view real = *view;
    if (!fov_dtype_is_storage(view->dtype)) return real;
    real = fov_view_dense(FOV_F32, &view->shape, *memory);
    *memory += floats_bytes(view) / sizeof(float);
    return real;
}

fov_status fov_op_run(const fov_op_call *call, void *scratch, fov_error *err)
{
    const fov_op_def *def = fov_op_def_of(call->node->op);
    fov_op_call       floats = *call;
    floats.workspace = scratch;
    if (as_it_is(call)) return def->run(&floats, err);

    const fov_view **in = scratch;
    fov_view        *real = (fov_view *)(void *)(in + call->n_in), *out = real + call->n_in;
    float           *memory = (float *)(void *)(out + call->n_out);
    for (int i = 0; i < call->n_in; i++) {
        in[i] = NULL;
        if (!call->in[i]) continue;
        real[i] = float_view(call->in[i], &memory);
        if (fov_dtype_is_storage(call->in[i]->dtype)) fov_view_load_f32(call->in[i], &real[i]);
        in[i] = &real[i];
    }
    for (int i = 0; i < call->n_out; i++) out[i] = float_view(&call->out[i], &memory);
    floats.in = in;
    floats.out = out;
    floats.workspace = memory;
    fov_status st = def->run(&floats, err);
    for (int i = 0; i < call->n_out && !st; i++)
        if (fov_dtype_is_storage(call->out[i].dtype)) fov_view_store_f32(&out[i], &call->out[i]);
    return st;
}
