// SPDX-License-Identifier: MIT
#include "backend/cpu/lower.h"

#include "backend/cpu/conv.h"
#include "base/cpu.h"

extern const fov_backend fov_backend_cpu;

/* Third column of ops.def: the definition serves. */
fov_status fov_none(const fov_graph *graph, const fov_node *node, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    (void)kernels;
    return fov_lower_definition(graph, node, out, err);
}

static fov_status lower(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err)
{
    static fov_cpu_lower *const lowering[] = {
#define FOV_OP(name, definition, cpu) cpu,
#include "graph/ops.def"
#undef FOV_OP
    };
    fov_kernels kernels;
    fov_kernels_init(&kernels, fov_cpu_worthwhile());
    return lowering[node->op](graph, node, &kernels, out, err);
}

const fov_backend fov_backend_cpu = {
    .name = "cpu", .lower = lower, .chain = fov_conv_chain, .alike = fov_conv_alike, .join = fov_conv_join};

static bool is_activation(fov_dtype dtype)
{
    return dtype == FOV_F32 || dtype == FOV_F16 || dtype == FOV_BF16 || dtype == FOV_U8;
}

bool fov_pixels_of_any(const fov_view *view, fov_pixels *pixels)
{
    const int64_t *dim = view->shape.dim, *stride = view->stride;
    if (!is_activation(view->dtype) || view->shape.rank != 4) return false;
    int64_t ld = dim[3] > 1 ? stride[3] : dim[2] > 1 ? stride[2] : dim[0] > 1 ? stride[0] : dim[1];
    if ((dim[1] > 1 && stride[1] != 1) || (dim[2] > 1 && stride[2] != dim[3] * ld) ||
        (dim[0] > 1 && stride[0] != dim[2] * dim[3] * ld) || ld < dim[1])
        return false;
    *pixels = (fov_pixels){.n = dim[0],
                           .c = dim[1],
                           .h = dim[2],
                           .w = dim[3],
                           .ld = ld,
                           .bytes = view->data,
                           .size = (ptrdiff_t)fov_dtype_size(view->dtype),
                           .dtype = view->dtype,
                           .quant = view->quant};
    return true;
}

bool fov_pixels_of(const fov_view *view, fov_pixels *pixels)
{
    return view->dtype == FOV_F32 && fov_pixels_of_any(view, pixels);
}

fov_status fov_fail_layout(const fov_node *node, fov_error *err)
{
    return fov_fail(err, FOV_ERR_INTERNAL, "node '%s': an input or output is not NHWC; please report this model", node->name);
}

/* Rows that make a chunk worth its beginning: a window's border is small beside them, and tiles of pixels are full. */
enum { ENOUGH_ROWS = 4 };

ptrdiff_t fov_cpu_rows_per_chunk(ptrdiff_t rows, int threads)
{
    ptrdiff_t each = threads > 1 ? rows / (threads * FOV_CPU_CHUNKS_PER_THREAD) : rows;
    if (threads > 1 && each > ENOUGH_ROWS) each = each / 2 > ENOUGH_ROWS ? each / 2 : ENOUGH_ROWS;
    return each > 0 ? each : 1;
}
