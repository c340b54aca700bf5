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
#define FOV_OP(name, definition, cpu, cuda) cpu,
#include "graph/ops.def"
#undef FOV_OP
    };
    fov_kernels kernels;
    fov_kernels_init(&kernels, fov_cpu_worthwhile());
    return lowering[node->op](graph, node, &kernels, out, err);
}

const fov_backend fov_backend_cpu = {
    .name = "cpu", .lower = lower, .chain = fov_conv_chain, .alike = fov_conv_alike, .join = fov_conv_join};

/* Rows that make a chunk worth its beginning: a window's border is small beside them, and tiles of pixels are full. */
enum { ENOUGH_ROWS = 4 };

ptrdiff_t fov_cpu_rows_per_chunk(ptrdiff_t rows, int threads)
{
    ptrdiff_t each = threads > 1 ? rows / (threads * FOV_CPU_CHUNKS_PER_THREAD) : rows;
    if (threads > 1 && each > ENOUGH_ROWS) each = each / 2 > ENOUGH_ROWS ? each / 2 : ENOUGH_ROWS;
    return each > 0 ? each : 1;
}
