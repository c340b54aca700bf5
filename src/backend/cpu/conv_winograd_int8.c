// SPDX-License-Identifier: MIT
/* Convolution of 3x3 with stride 1 of U8 and I8 by Winograd's F(4x4, 3x3), exact (winograd_int8.h): a quarter of the products of
 * the indirect GEMM, in 16 bits. They are its dot kernels' for pairs, one call for each of the 36 points.
 *
 * Weights are packed as [panel][36 points][start, pairs of cin][columns]. A run goes through blocks of tiles (winograd_layout.h);
 * results of a strip of tiles, which lie side by side, are ended together. */
#include "backend/cpu/winograd_int8.h"
#include "backend/cpu/winograd_strip.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

enum {
    TAPS = 9,
    PAIR = 2,
    SUM_BYTES = 4,
};

/* Products of a vector that the transforms of a vector of channels of one tile are worth. */
static const double COST_INPUT = 250, COST_OUTPUT = 300;

typedef struct winograd_int8 {
    fov_conv            conv;
    fov_winograd_int8   kernel;
    const fov_gemm_dot *products;
    fov_conv_end        end;
    char                name[64];
    size_t              pairs; /* of input channels */
    ptrdiff_t           panels;
    size_t              point_bytes; /* of a panel's weights at one point */
    size_t              packed_bytes;
    unsigned char      *packed, *zero; /* zero: a pixel outside of the image */
    int32_t            *start;         /* by output channel, padded to whole panels */
} winograd_int8;
_Static_assert(offsetof(winograd_int8, conv) == 0, "fov_conv_kind: a step begins with its fov_conv");

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

/* ---------------------------------------------------------------- whether */

/* The widest kernel that the columns fill. */
static const fov_gemm_dot *products_for(const fov_winograd_int8 *kernel, ptrdiff_t columns)
{
    const fov_gemm_dot *wide = &kernel->products[0], *narrow = &kernel->products[1];
    return narrow->nr && round_up((size_t)columns, (size_t)narrow->nr) % (size_t)wide->nr ? narrow : wide;
}

/* Against the kernel that would run otherwise, in vectors of products. */
static bool is_cheaper(const fov_conv *conv, const fov_kernels *kernels)
{
    const fov_winograd_int8 *kernel = &kernels->winograd_int8;
    const size_t             columns = round_up((size_t)conv->cout, (size_t)products_for(kernel, conv->cout)->nr);
    const size_t             in_group = kernels->gemm_int8[0].group == FOV_GROUP_S16 ? PAIR : 4, lanes = (size_t)kernel->lanes;
    const double             out = (double)columns / (double)lanes,
                 in = (double)round_up((size_t)conv->cin, PAIR * lanes) / (double)lanes / PAIR;
    const size_t groups = round_up((size_t)conv->cin, in_group) / in_group, pairs = round_up((size_t)conv->cin, PAIR) / PAIR;
    const double direct = (double)(TAPS * FOV_WINOGRAD_OUT * FOV_WINOGRAD_OUT * groups);
    const double products = (double)(FOV_WINOGRAD_POINTS * pairs);
    return products * out + COST_INPUT * in + COST_OUTPUT * out < direct * out;
}

static bool fits(const fov_conv *conv)
{
    const ptrdiff_t count = conv->cin * TAPS;
    bool            all = true;
    for (ptrdiff_t c = 0; c < conv->cout; c++) all = all && fov_winograd_int8_fits(conv->weight_i8 + c * count, count);
    return all;
}

bool fov_conv_is_winograd_int8(const fov_conv *conv, const fov_kernels *kernels)
{
    const bool has_kernels = kernels->winograd_int8.name && !kernels->tile_int8.kernel[0].nr;
    return has_kernels && fov_conv_is_3x3(conv) && fov_conv_takes_int8(conv) && is_cheaper(conv, kernels) && fits(conv);
}

/* ---------------------------------------------------------------- packing */

static void filter_line(const int *g, int step, int *u, int u_step)
{
    const int g0 = g[0], g1 = g[step], g2 = g[2 * step];
    u[0] = 6 * g0;
    u[u_step] = g0 + g1 + g2;
    u[2 * u_step] = g0 - g1 + g2;
    u[3 * u_step] = g0 + 2 * g1 + 4 * g2;
    u[4 * u_step] = g0 - 2 * g1 + 4 * g2;
    u[5 * u_step] = 6 * g2;
}

static void transform_filter(const int8_t *weight, int u[FOV_WINOGRAD_POINTS])
{
    int g[TAPS], columns[FOV_WINOGRAD_IN * 3];
    for (int i = 0; i < TAPS; i++) g[i] = weight[i];
    for (int s = 0; s < 3; s++) filter_line(g + s, 3, columns + s, 3);
    for (int i = 0; i < FOV_WINOGRAD_IN; i++) filter_line(columns + 3 * i, 1, u + FOV_WINOGRAD_IN * i, 1);
}

static unsigned char *weights_at(const winograd_int8 *step, ptrdiff_t panel, int point)
{
    return step->packed + (size_t)(panel * FOV_WINOGRAD_POINTS + point) * step->point_bytes;
}

static void pack_filter(const winograd_int8 *step, ptrdiff_t m, ptrdiff_t c)
{
    const ptrdiff_t nr = step->products->nr;
    const size_t    at = (size_t)(nr * (1 + c / PAIR) + m % nr) * SUM_BYTES + (size_t)(c % PAIR) * sizeof(int16_t);
    int             u[FOV_WINOGRAD_POINTS];
    transform_filter(step->conv.weight_i8 + (m * step->conv.cin + c) * TAPS, u);
    for (int p = 0; p < FOV_WINOGRAD_POINTS; p++) {
        const int16_t weight = (int16_t)u[p];
        memcpy(weights_at(step, m / nr, p) + at, &weight, sizeof weight);
    }
}

static fov_status allocate(winograd_int8 *step, fov_error *err)
{
    const size_t nr = (size_t)step->products->nr, start_bytes = round_up((size_t)step->panels * nr * SUM_BYTES, FOV_ALIGN);
    step->point_bytes = round_up(nr * (1 + step->pairs) * SUM_BYTES, FOV_ALIGN);
    if (__builtin_mul_overflow(step->point_bytes * FOV_WINOGRAD_POINTS, (size_t)step->panels, &step->packed_bytes))
        return fov_fail_memory(err, "packed weights");
    const size_t bytes = step->packed_bytes + start_bytes + (size_t)step->conv.cin;
    if (!(step->packed = fov_alloc_aligned(bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->packed, 0, bytes);
    step->start = (int32_t *)(void *)(step->packed + step->packed_bytes);
    step->zero = step->packed + step->packed_bytes + start_bytes;
    return FOV_OK;
}

static fov_status pack(winograd_int8 *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    fov_status      st = allocate(step, err);
    if (st) return st;
    for (ptrdiff_t c = 0; c < conv->cin; c++) step->zero[c] = (unsigned char)fov_quant_zero_point(conv->x.quant, c);
    for (ptrdiff_t m = 0; m < conv->cout; m++) {
        step->start[m] = fov_conv_int8_start(conv, m);
        for (ptrdiff_t c = 0; c < conv->cin; c++) pack_filter(step, m, c);
    }
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    return FOV_OK;
}

/* ---------------------------------------------------------------- running */

static ptrdiff_t widest(const void *const *steps, int count)
{
    ptrdiff_t most = 0;
    for (int i = 0; i < count; i++) {
        const winograd_int8 *step = steps[i];
        if (step->products->nr > most) most = step->products->nr;
    }
    return most;
}

static fov_winograd_layout layout_of(const void *const *steps, int count, const fov_view *out, int threads)
{
    const winograd_int8 *first = steps[0];
    fov_winograd_work    work = {.cin = first->conv.cin,
                                 .panel_columns = widest(steps, count),
                                 .tiles = first->products->mr,
                                 .x_size = sizeof(uint8_t),
                                 .v_size = sizeof(int16_t)};
    for (int i = 0; i < count; i++) {
        const winograd_int8 *step = steps[i];
        work.panels += step->panels;
        work.packed_bytes += step->packed_bytes;
    }
    return fov_winograd_layout_of(&work, out, threads);
}

static size_t steps_scratch(const void *const *step, int count, const fov_view *out, int threads)
{
    return (size_t)threads * layout_of(step, count, out, threads).thread_bytes;
}

typedef struct winograd_int8_run {
    const winograd_int8 *step; /* the first, whose windows are those of all */
    const void *const   *all;
    fov_conv_shape       shape[FOV_STEP_NODES];
    fov_winograd_layout  layout;
    ptrdiff_t            panels; /* of all */
    unsigned char       *scratch;
} winograd_int8_run;

static void transform_tile(const winograd_int8_run *run, ptrdiff_t tile, int16_t *v, unsigned char *patch)
{
    const fov_winograd_place  at = fov_winograd_place_of(&run->layout, tile);
    const fov_window         *window = &run->shape[0].window;
    const fov_winograd_source from =
        fov_winograd_source_of(&run->shape[0].x, at.n, at.y - window->pad_top, at.x - window->pad_left, run->step->zero, patch);
    run->step->kernel.input(&(fov_winograd_int8_input_call){.channels = run->shape[0].x.c,
                                                            .x = from.x,
                                                            .ldrow = from.row,
                                                            .ldpixel = from.pixel,
                                                            .v = v,
                                                            .ldpoint = run->layout.v_point});
}

/* One point of all tiles of a block. */
static void make_products(const winograd_int8_run *run, const fov_gemm_dot *products, const void *w, ptrdiff_t tiles,
                          const int16_t *v, int32_t *m)
{
    const ptrdiff_t step = run->layout.ldv * (ptrdiff_t)sizeof *v;
    for (ptrdiff_t tile = 0; tile < tiles; tile += products->mr) {
        const void *first = v + tile * run->layout.ldv;
        products->run(&(fov_gemm_dot_call){.m = (int)(tiles - tile < products->mr ? tiles - tile : products->mr),
                                           .taps = 1,
                                           .groups = run->step->pairs,
                                           .a = &first,
                                           .lda = 1,
                                           .a_step = step,
                                           .w = w,
                                           .sum = m + tile * products->nr});
    }
}

/* Tiles that lie side by side, of which `m` are the products. */
static void end_strip(const winograd_int8_run *run, int index, ptrdiff_t panel, ptrdiff_t first, int tiles, const int32_t *m)
{
    _Alignas(FOV_ALIGN) int32_t sums[FOV_WINOGRAD_OUT * FOV_STRIP_PIXELS * FOV_GEMM_MAX_NR + FOV_OVERREAD / SUM_BYTES];
    const winograd_int8        *step = run->all[index];
    const ptrdiff_t             nr = step->products->nr, channel = panel * nr;
    for (int i = 0; i < tiles; i++)
        step->kernel.output(&(fov_winograd_int8_output_call){.columns = (int)nr,
                                                             .m = m + i * nr,
                                                             .ldpoint = run->layout.m_point,
                                                             .start = step->start + channel,
                                                             .y = sums + i * FOV_WINOGRAD_OUT * nr,
                                                             .ldrow = FOV_STRIP_PIXELS * nr,
                                                             .ldpixel = nr});
    fov_winograd_strip_end(&step->end, &step->conv, &run->shape[index], &run->layout, first, tiles, channel, (int)nr, sums);
}

/* Panel `panel` of those of all steps. */
static void run_panel(const winograd_int8_run *run, ptrdiff_t panel, ptrdiff_t first, ptrdiff_t tiles, const int16_t *v, int32_t *m)
{
    const fov_winograd_layout *l = &run->layout;
    const winograd_int8       *step = run->step;
    int                        index = 0;
    while (panel >= step->panels) {
        panel -= step->panels;
        step = run->all[++index];
    }
    for (int p = 0; p < FOV_WINOGRAD_POINTS; p++)
        make_products(run, step->products, weights_at(step, panel, p), tiles, v + p * l->v_point, m + p * l->m_point);
    for (ptrdiff_t done = 0; done < tiles;) {
        const int strip = fov_winograd_strip_tiles(l, first + done, tiles - done);
        end_strip(run, index, panel, first + done, strip, m + done * step->products->nr);
        done += strip;
    }
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const winograd_int8_run   *run = context;
    const fov_winograd_layout *l = &run->layout;
    const ptrdiff_t            group = (ptrdiff_t)index % l->groups, first = (ptrdiff_t)index / l->groups * l->block;
    const ptrdiff_t            tiles = first + l->block < l->tiles ? l->block : l->tiles - first;
    unsigned char             *scratch = run->scratch + thread * l->thread_bytes;
    int16_t                   *v = (int16_t *)(void *)scratch;
    int32_t                   *m = (int32_t *)(void *)(scratch + l->m_bytes);
    for (ptrdiff_t i = 0; i < tiles; i++) transform_tile(run, first + i, v + i * l->ldv, scratch + l->patch_bytes);
    for (ptrdiff_t p = group * run->panels / l->groups; p < (group + 1) * run->panels / l->groups; p++)
        run_panel(run, p, first, tiles, v, m);
}

static fov_status run_steps(const void *const *steps, int count, const fov_view *const *in, fov_view *out, void *scratch,
                            fov_pool *pool, fov_error *err)
{
    winograd_int8_run run = {.step = steps[0], .all = steps, .scratch = scratch};
    fov_status        st = fov_conv_shapes_read(steps, count, in, out, run.shape, err);
    if (st) return st;
    for (int i = 0; i < count; i++) run.panels += ((const winograd_int8 *)steps[i])->panels;
    run.layout = layout_of(steps, count, out, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)(run.layout.blocks * run.layout.groups));
    return FOV_OK;
}

static bool steps_alike(const void *a, const void *b)
{
    const winograd_int8 *x = a, *y = b;
    return fov_conv_same_window(&x->conv, &y->conv) && x->products->mr == y->products->mr;
}

static const fov_conv_kind winograd_int8_kind = {steps_alike, steps_scratch, run_steps};

static void winograd_int8_free(void *impl)
{
    winograd_int8 *step = impl;
    fov_conv_end_free(&step->end);
    fov_free_aligned(step->packed);
    fov_free(step);
}

fov_status fov_conv_lower_winograd_int8(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    winograd_int8 *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    *step = (winograd_int8){.conv = *conv, .kernel = kernels->winograd_int8, .pairs = round_up((size_t)conv->cin, PAIR) / PAIR};
    step->products = products_for(&step->kernel, conv->cout);
    step->panels = (ptrdiff_t)(round_up((size_t)conv->cout, (size_t)step->products->nr) / (size_t)step->products->nr);
    fov_status st = fov_conv_end_init(&step->end, conv, kernels, err);
    if (!st) st = pack(step, err);
    if (st) return winograd_int8_free(step), st;
    step->conv.kind = &winograd_int8_kind;
    snprintf(step->name, sizeof step->name, "conv3x3_winograd_%s", step->kernel.name);
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->packed_bytes,
                         .impl = step,
                         .in_place = fov_conv_in_place(conv),
                         .kin = &winograd_int8_kind,
                         .scratch = fov_conv_one_scratch,
                         .run = fov_conv_one_run,
                         .free = winograd_int8_free};
    return FOV_OK;
}
