// SPDX-License-Identifier: MIT
/* A step that runs an operator's definition (graph/ops) on the views it is given, whatever their strides and storage types. */
#include "backend/backend.h"

#include "base/alloc.h"

typedef struct definition_step {
    fov_op_call call;       /* without the views */
    fov_view    constant[]; /* one per input; no data where the input is not a constant of the graph */
} definition_step;

/* The inputs with the constants among them. */
static fov_op_call call_of(const definition_step *step, const fov_view *const *in, const fov_view **inputs)
{
    fov_op_call call = step->call;
    for (int i = 0; i < call.n_in; i++) inputs[i] = step->constant[i].data ? &step->constant[i] : in[i];
    call.in = inputs;
    return call;
}

static size_t pointers_bytes(const definition_step *step)
{
    return (size_t)step->call.n_in * sizeof(fov_view *);
}

static size_t definition_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    (void)threads;
    const definition_step *step = impl;
    const fov_view       **inputs = fov_alloc(pointers_bytes(step));
    if (!inputs) return FOV_SCRATCH_NO_MEMORY;
    fov_op_call call = call_of(step, in, inputs);
    call.out = (fov_view *)(uintptr_t)out;
    size_t bytes = pointers_bytes(step) + fov_op_run_scratch(&call);
    fov_free(inputs);
    return bytes;
}

static fov_status definition_run(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                 fov_error *err)
{
    (void)pool;
    const definition_step *step = impl;
    const fov_view       **inputs = scratch;
    fov_op_call            call = call_of(step, in, inputs);
    call.out = out;
    return fov_op_run(&call, inputs + call.n_in, err);
}

fov_status fov_lower_definition(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    definition_step *step = fov_calloc(1, sizeof *step + (size_t)node->n_in * sizeof *step->constant);
    if (!step) return fov_fail_memory(err, "a lowered node");
    step->call = (fov_op_call){.node = node, .opset = graph->opset, .n_in = node->n_in, .n_out = node->n_out};
    for (int i = 0; i < node->n_in; i++) {
        if (node->in[i] == FOV_NONE) continue;
        const fov_value *value = &graph->value[node->in[i]];
        if (!value->data) continue;
        step->constant[i] = fov_view_dense(value->dtype, &value->shape, value->data);
        step->constant[i].quant = value->quant;
    }
    *out =
        (fov_lowered){.kernel = "definition", .impl = step, .scratch = definition_scratch, .run = definition_run, .free = fov_free};
    return FOV_OK;
}
