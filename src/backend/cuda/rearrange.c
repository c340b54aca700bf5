// SPDX-License-Identifier: MIT
/* Operators that only move elements. Which go where their definitions tell: they are run, on the host, on tensors whose elements are their
 * own numbers, when a program is made. */
#include "backend/cuda/lower.h"

#include "base/alloc.h"

#include <string.h>

enum {
    MOST = 1 << 24, /* numbers up to which floats are whole */
    NOT_MOVED = -1,
};

/* One run of the definition: input `moved` counts from 1 upwards, or downwards where sign is -1. Others whose elements are moved too
 * (Concat) are zeros, and parameters what they are. */
typedef struct trial {
    const fov_cuda_node   *step;
    const fov_recorder    *recorder;
    const fov_view *const *in;
    const fov_view        *out;
    int                    moved;
    float                  sign;
    fov_view              *view; /* n_in, then the output; with data of their own, or the known one */
    const fov_view       **input;
} trial;

static bool is_moved(const fov_cuda_node *step, const fov_view *view, int i)
{
    const bool any = step->node->op == FOV_OP_Concat;
    return view && (any || i == 0) && view->dtype != FOV_I64 && view->dtype != FOV_BOOL;
}

static fov_status fill_input(const trial *t, int i, fov_error *err)
{
    size_t count;
    t->input[i] = NULL;
    if (!t->in[i]) return FOV_OK;
    t->view[i] = *t->in[i];
    t->input[i] = &t->view[i];
    if (!is_moved(t->step, t->in[i], i)) return fov_cuda_need_known(t->step->node, t->recorder, t->in, i, err);
    if (!fov_shape_count(&t->in[i]->shape, &count) || count > MOST)
        return fov_cuda_refuse(t->step->node, err, "so many elements are not moved");
    float *data = fov_alloc_array(count ? count : 1, sizeof *data);
    if (!data) return fov_fail_memory(err, "a table of places");
    for (size_t k = 0; k < count; k++) data[k] = i == t->moved ? t->sign * (float)(k + 1) : 0;
    t->view[i] = fov_view_dense(FOV_F32, &t->in[i]->shape, data);
    return FOV_OK;
}

static fov_status run_trial(const trial *t, const fov_view *result, int outputs, fov_error *err)
{
    fov_op_call call = {.node = t->step->node, .opset = t->step->opset, .in = t->input, .n_in = t->step->node->n_in, .n_out = outputs};
    call.out = (fov_view *)(uintptr_t)result;
    const size_t bytes = fov_op_run_scratch(&call);
    void        *scratch = bytes ? fov_alloc(bytes) : NULL;
    if (bytes && !scratch) return fov_fail_memory(err, "a table of places");
    fov_status st = fov_op_run(&call, scratch, err);
    fov_free(scratch);
    return st;
}

/* @param result views of all outputs, dense floats */
static fov_status try_once(trial *t, const fov_view *result, int outputs, fov_error *err)
{
    const int  n_in = t->step->node->n_in;
    fov_status st = FOV_OK;
    int        filled = 0;
    for (; filled < n_in && !st; filled++) st = fill_input(t, filled, err);
    if (!st) st = run_trial(t, result, outputs, err);
    for (int i = 0; i < filled; i++)
        if (t->input[i] && t->view[i].data != t->in[i]->data) fov_free(t->view[i].data);
    return st;
}

/* What changes its sign with the elements is one of them; what does not is a constant of the operator, or another input's. */
static int32_t place_of(float up, float down, float *fill)
{
    if (up == -down && up >= 1) return (int32_t)up - 1;
    if (up != 0) *fill = up;
    return NOT_MOVED;
}

/* ---------------------------------------------------------------- recording */

static fov_status record_moves(const trial *t, const fov_view *out, const float *up, const float *down, fov_recorder *recorder,
                               fov_error *err)
{
    fov_rearrange_params params = {.fills = t->step->node->op == FOV_OP_Pad};
    size_t               count;
    const void          *table;
    fov_shape_count(&out->shape, &count);
    int32_t *place = fov_alloc_array(count ? count : 1, sizeof *place);
    if (!place) return fov_fail_memory(err, "a table of places");
    for (size_t k = 0; k < count; k++) place[k] = place_of(up[k], down[k], &params.fill);
    fov_status st = fov_record_constant(recorder, place, count * sizeof *place, &table, err);
    fov_free(place);
    params.count = (int64_t)count;
    params.table = table;
    if (!st) st = fov_record_tensor(recorder, out, &params.out, params.out_dim, err);
    if (!st) st = fov_record_tensor(recorder, t->in[t->moved], &params.in, params.in_dim, err);
    return st ? st : fov_record_elements(recorder, "fov_rearrange", params.count, &params, sizeof params, err);
}

typedef struct results {
    fov_view *up, *down; /* one an output */
} results;

static fov_status make_results(fov_view *view, const fov_view *out, int outputs, fov_error *err)
{
    for (int i = 0; i < outputs; i++) {
        size_t count;
        if (!fov_shape_count(&out[i].shape, &count)) return fov_fail(err, FOV_ERR_INTERNAL, "an open shape in a plan");
        view[i] = fov_view_dense(FOV_F32, &out[i].shape, fov_alloc_array(count ? count : 1, sizeof(float)));
        if (!view[i].data) return fov_fail_memory(err, "a table of places");
    }
    return FOV_OK;
}

static fov_status record_input(trial *t, const fov_view *out, int outputs, const results *r, fov_recorder *recorder, fov_error *err)
{
    fov_status st;
    t->sign = 1;
    if ((st = try_once(t, r->up, outputs, err))) return st;
    t->sign = -1;
    if ((st = try_once(t, r->down, outputs, err))) return st;
    for (int i = 0; i < outputs && !st; i++) st = record_moves(t, &out[i], r->up[i].data, r->down[i].data, recorder, err);
    return st;
}

static fov_status record_all(trial *t, fov_view *out, const results *r, fov_recorder *recorder, fov_error *err)
{
    const fov_node *node = t->step->node;
    fov_status      st = make_results(r->up, out, node->n_out, err);
    if (!st) st = make_results(r->down, out, node->n_out, err);
    for (int i = 0; i < node->n_in && !st; i++) {
        t->moved = i;
        if (is_moved(t->step, t->in[i], i)) st = record_input(t, out, node->n_out, r, recorder, err);
    }
    for (int i = 0; i < node->n_out; i++) {
        fov_free(r->up[i].data);
        fov_free(r->down[i].data);
    }
    return st;
}

fov_status fov_cuda_record_rearrange(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                                     fov_error *err)
{
    const fov_cuda_node *step = impl;
    const size_t         n_in = (size_t)step->node->n_in, n_out = (size_t)step->node->n_out;
    trial                t = {.step = step,
                              .recorder = recorder,
                              .in = in,
                              .view = fov_calloc(n_in, sizeof *t.view),
                              .input = fov_calloc(n_in, sizeof *t.input)};
    const results        r = {fov_calloc(n_out, sizeof *r.up), fov_calloc(n_out, sizeof *r.down)};
    fov_status           st = FOV_OK;
    (void)scratch;
    for (size_t i = 0; i < n_out && !st; i++)
        if (out[i].dtype == FOV_I64 || out[i].dtype == FOV_BOOL) st = fov_cuda_refuse(step->node, err, "it does not move whole numbers");
    if (!t.view || !t.input || !r.up || !r.down) st = fov_fail_memory(err, "a table of places");
    if (!st) st = record_all(&t, out, &r, recorder, err);
    fov_free(t.view);
    fov_free((void *)t.input);
    fov_free(r.up);
    fov_free(r.down);
    return st;
}

fov_status fov_cuda_rearrange(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    return fov_cuda_lower_node(graph, node, "rearrange", fov_cuda_record_rearrange, out, err);
}
