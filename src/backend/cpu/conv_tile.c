// SPDX-License-Identifier: MIT
/* A panel of weights over a tile of output pixels: one kernel that does everything, or one that makes sums and one that ends
 * them. */
#include "backend/cpu/conv_gemm.h"

#include "base/alloc.h"

enum { SUM_BYTES = 4 };

static fov_gemm_f32_call f32_call(const fov_conv_panel *p, const fov_conv_tile *tile)
{
    return (fov_gemm_f32_call){.taps = tile->taps,
                               .k = tile->k,
                               .a = tile->a,
                               .lda = tile->lda,
                               .a_offset = p->a_offset,
                               .a_step = tile->a_step,
                               .w = p->w};
}

/* The next rows of a tile. @return how many */
static int next_rows(const fov_conv_gemm *step, const fov_conv_tile *tile, int done)
{
    return tile->m - done < step->mr ? tile->m - done : step->mr;
}

static void run_f32(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_tile *tile, fov_gemm_f32_call *call)
{
    for (int done = 0; done < tile->m; done += step->mr) {
        call->m = next_rows(step, tile, done);
        p->f32->run(call);
        call->a_offset += step->mr * tile->a_step / (ptrdiff_t)sizeof(float);
        call->c += step->mr * call->ldc;
        if (call->residual) call->residual += step->mr;
    }
}

static void run_direct(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_shape *shape, const fov_conv_tile *tile)
{
    fov_gemm_f32_call call = f32_call(p, tile);
    call.n = p->n;
    call.c = (float *)(void *)tile->c + p->channel;
    call.ldc = shape->y.ld;
    call.residual = tile->residual;
    call.residual_offset = p->channel;
    call.residual_after = step->conv.fused.residual_after;
    call.slope = step->conv.fused.slope;
    run_f32(step, p, tile, &call);
}

/* Fetch what the end of the tile will touch while its sums are made: its rows are far apart, and nothing else would ask for them in
 * time. */
static void prefetch_ends(const fov_conv_panel *p, const fov_conv_shape *shape, const fov_conv_tile *tile)
{
    const fov_pixels *y = &shape->y, *r = &shape->residual;
    for (int i = 0; i < tile->m; i++) {
        __builtin_prefetch(tile->c + (i * y->ld + p->channel) * y->size, 1);
        if (tile->residual) __builtin_prefetch((const unsigned char *)tile->residual[i] + p->channel * r->size);
    }
}

static void make_dots(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_tile *tile, unsigned char *sum)
{
    fov_gemm_dot_call call = {.taps = tile->taps,
                              .groups = tile->groups,
                              .a = tile->a,
                              .lda = tile->lda,
                              .a_offset = p->a_offset,
                              .a_step = tile->a_step,
                              .w = p->w,
                              .sum = sum};
    for (int done = 0; done < tile->m; done += step->mr) {
        call.m = next_rows(step, tile, done);
        p->dot->run(&call);
        call.a_offset += step->mr * tile->a_step;
        call.sum = (unsigned char *)call.sum + step->mr * p->nr * SUM_BYTES;
    }
}

static void make_sums(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_tile *tile, void *sum)
{
    fov_gemm_f32_call call = f32_call(p, tile);
    if (p->dot) {
        make_dots(step, p, tile, sum);
        return;
    }
    call.n = p->nr;
    call.c = sum;
    call.ldc = p->nr;
    call.slope = 1;
    run_f32(step, p, tile, &call);
}

static void run_sums(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_shape *shape, const fov_conv_tile *tile)
{
    _Alignas(FOV_ALIGN) unsigned char sum[FOV_CONV_TILE_ROWS * FOV_GEMM_MAX_NR * SUM_BYTES + FOV_OVERREAD];
    if (!step->end.plain) prefetch_ends(p, shape, tile);
    make_sums(step, p, tile, sum);
    fov_conv_end_run(
        &step->end, shape,
        &(fov_conv_end_block){
            .m = tile->m, .n = p->n, .channel = p->channel, .sum = sum, .ldsum = p->nr, .c = tile->c, .residual = tile->residual});
}

void fov_conv_tile_run(const fov_conv_gemm *step, const fov_conv_panel *p, const fov_conv_shape *shape, const fov_conv_tile *tile)
{
    if (step->direct) run_direct(step, p, shape, tile);
    else run_sums(step, p, shape, tile);
}
