// SPDX-License-Identifier: MIT
/* Convolution of 3x3 with stride 1 in floats by Winograd's F(4x4, 3x3): a quarter of the multiplications of the indirect GEMM.
 *
 * Filters are transformed at lowering, in double, and packed by panels of columns: [panel][36 points][cin][columns]. A run goes
 * through blocks of tiles: all tiles of a block are transformed, then for one panel after the other come 36 products and the
 * transform back, which also adds bias and residual, applies the activation and writes the output. So a panel is read once a block
 * and what lies between the transforms stays in the cache. Chunks, which threads share, are blocks times groups of panels.
 *
 * When this is chosen (fov_conv_is_winograd): where its estimated cost is lower and its rounding stays near that of a direct sum.
 */
#include "backend/cpu/conv.h"

#include "backend/cpu/winograd.h"
#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    RESIDUAL_INPUT = 3, /* of a fused Conv */
    TAPS = 9,
    LINE = FOV_ALIGN / (int)sizeof(float),
    V_LEAST_BYTES = 192 << 10, /* of transformed input in a block: beside few weights, both stay in the second-level cache */
    V_MOST_BYTES = 3 << 20,    /* beside many: each block reads all of them again, from further away the more they are */
    W_PER_V = 3,               /* bytes of weights for one of transformed input, between these bounds */
};

/* Multiply-adds of a vector that the transforms of a vector of channels of one tile are worth: on a Cascade Lake, layers of
 * 16 x 16 to 64 x 64 channels took 450 to 900 more than their products would at full speed. */
static const double COST_INPUT = 500, COST_OUTPUT = 500;

/* Filters of noise have 9.5, and then a rounding error of 1.2 to 2.1 times that of a direct sum in floats; filters of RetinaFace
 * have up to 13.5, a single tap in a corner has 19. */
static const double MAX_AMPLIFICATION = 16;

typedef struct winograd {
    fov_conv     conv;
    fov_winograd kernel;
    char         name[64];
    ptrdiff_t    panel_columns, panels;
    size_t       packed_bytes;
    float       *packed, *bias; /* bias: behind the panels, by output channel */
} winograd;

static ptrdiff_t round_up_div(ptrdiff_t a, ptrdiff_t b)
{
    return (a + b - 1) / b;
}

static ptrdiff_t round_up(ptrdiff_t a, ptrdiff_t b)
{
    return round_up_div(a, b) * b;
}

/* ---------------------------------------------------------------- filters */

/* The 6 values of a line of 3, of a column or a row of a filter. */
static void filter_line(const double *g, int step, double *u, int u_step)
{
    const double a = (double)FOV_WINOGRAD_A, b = (double)FOV_WINOGRAD_B, a2 = a * a, b2 = b * b;
    const double g0 = g[0], g1 = g[step], g2 = g[2 * step], of_a = 2 * a2 * (a2 - b2), of_b = 2 * b2 * (b2 - a2);
    u[0] = g0 / (a2 * b2);
    u[u_step] = (g0 + a * g1 + a2 * g2) / of_a;
    u[2 * u_step] = (g0 - a * g1 + a2 * g2) / of_a;
    u[3 * u_step] = (g0 + b * g1 + b2 * g2) / of_b;
    u[4 * u_step] = (g0 - b * g1 + b2 * g2) / of_b;
    u[5 * u_step] = g2;
}

static void transform_filter(const float *weight, double u[FOV_WINOGRAD_POINTS])
{
    double g[TAPS], columns[FOV_WINOGRAD_IN * 3];
    for (int i = 0; i < TAPS; i++) g[i] = (double)weight[i];
    for (int s = 0; s < 3; s++) filter_line(g + s, 3, columns + s, 3);
    for (int i = 0; i < FOV_WINOGRAD_IN; i++) filter_line(columns + 3 * i, 1, u + FOV_WINOGRAD_IN * i, 1);
}

/* ---------------------------------------------------------------- whether */

/* The rms of what is rounded on the way, related to the rms of the result, for inputs that are noise: squared, for one output. A
 * value v has as variance the squared coefficients of its input; y adds them with its own coefficients, squared. */
typedef struct amplification {
    double v[FOV_WINOGRAD_IN];                   /* of a line */
    double y[FOV_WINOGRAD_OUT][FOV_WINOGRAD_IN]; /* of a line */
} amplification;

static amplification amplification_of_points(void)
{
    const double  a2 = (double)(FOV_WINOGRAD_A * FOV_WINOGRAD_A), b2 = (double)(FOV_WINOGRAD_B * FOV_WINOGRAD_B);
    const double  ends = a2 * a2 * b2 * b2 + (a2 + b2) * (a2 + b2) + 1, at_a = 1 + b2 * b2 + a2 * (1 + b2 * b2);
    const double  at_b = 1 + a2 * a2 + b2 * (1 + a2 * a2);
    amplification n = {.v = {ends, at_a, at_a, at_b, at_b, ends}};
    double        of_a = 1, of_b = 1;
    for (int i = 0; i < FOV_WINOGRAD_OUT; i++, of_a *= a2, of_b *= b2) {
        n.y[i][1] = n.y[i][2] = of_a;
        n.y[i][3] = n.y[i][4] = of_b;
    }
    n.y[0][0] = n.y[FOV_WINOGRAD_OUT - 1][FOV_WINOGRAD_IN - 1] = 1;
    return n;
}

/* Of one output channel: `u` are its transformed weights squared, summed over its input channels. */
static double worst_output(const amplification *n, const double u[FOV_WINOGRAD_POINTS])
{
    double worst = 0;
    for (int i = 0; i < FOV_WINOGRAD_OUT; i++)
        for (int j = 0; j < FOV_WINOGRAD_OUT; j++) {
            double sum = 0;
            for (int p = 0; p < FOV_WINOGRAD_POINTS; p++) {
                const int row = p / FOV_WINOGRAD_IN, column = p % FOV_WINOGRAD_IN;
                sum += n->y[i][row] * n->y[j][column] * n->v[row] * n->v[column] * u[p];
            }
            if (sum > worst) worst = sum;
        }
    return worst;
}

/* Of the worst output of the worst channel; infinite where weights are not finite. */
static double amplification_of(const fov_conv *conv)
{
    const amplification n = amplification_of_points();
    double              worst = 0;
    for (ptrdiff_t m = 0; m < conv->cout; m++) {
        double squares[FOV_WINOGRAD_POINTS] = {0}, u[FOV_WINOGRAD_POINTS], direct = 0;
        for (ptrdiff_t c = 0; c < conv->cin; c++) {
            const float *weight = conv->weight + (m * conv->cin + c) * TAPS;
            transform_filter(weight, u);
            for (int p = 0; p < FOV_WINOGRAD_POINTS; p++) squares[p] += u[p] * u[p];
            for (int i = 0; i < TAPS; i++) direct += (double)weight[i] * (double)weight[i];
        }
        if (!isfinite(direct)) return INFINITY;
        const double here = direct > 0 ? sqrt(worst_output(&n, squares) / direct) : 0;
        if (here > worst) worst = here;
    }
    return worst;
}

static bool has_form(const fov_conv *conv)
{
    for (size_t axis = 0; axis < 2; axis++)
        if (conv->stride[axis] != 1 || conv->dilation[axis] != 1) return false;
    return fov_conv_is_f32(conv) && conv->group == 1 && conv->kh == 3 && conv->kw == 3;
}

static bool is_cheaper(const fov_conv *conv, const fov_winograd *kernel)
{
    const double in = (double)round_up_div(conv->cin, kernel->lanes), out = (double)round_up_div(conv->cout, kernel->lanes);
    const double pixels = FOV_WINOGRAD_OUT * FOV_WINOGRAD_OUT, k = (double)conv->cin;
    return FOV_WINOGRAD_POINTS * k * out + COST_INPUT * in + COST_OUTPUT * out < TAPS * k * out * pixels;
}

bool fov_conv_is_winograd(const fov_conv *conv, const fov_kernels *kernels)
{
    return has_form(conv) && is_cheaper(conv, &kernels->winograd) && amplification_of(conv) <= MAX_AMPLIFICATION;
}

/* ---------------------------------------------------------------- packing */

static ptrdiff_t columns_of(const winograd *step, ptrdiff_t panel)
{
    const ptrdiff_t left = round_up(step->conv.cout, step->kernel.lanes) - panel * step->panel_columns;
    return left < step->panel_columns ? left : step->panel_columns;
}

static float *panel_of(const winograd *step, ptrdiff_t panel)
{
    return step->packed + panel * step->panel_columns * step->conv.cin * FOV_WINOGRAD_POINTS;
}

static void pack_filter(const winograd *step, ptrdiff_t m, ptrdiff_t c)
{
    const ptrdiff_t panel = m / step->panel_columns, columns = columns_of(step, panel);
    float          *to = panel_of(step, panel) + c * columns + m % step->panel_columns;
    double          u[FOV_WINOGRAD_POINTS];
    transform_filter(step->conv.weight + (m * step->conv.cin + c) * TAPS, u);
    for (int p = 0; p < FOV_WINOGRAD_POINTS; p++) to[p * step->conv.cin * columns] = (float)u[p];
}

static fov_status pack(winograd *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const ptrdiff_t columns = round_up(conv->cout, step->kernel.lanes);
    size_t          floats;
    if (__builtin_mul_overflow((size_t)columns, (size_t)conv->cin * FOV_WINOGRAD_POINTS + 1, &floats) ||
        floats > SIZE_MAX / sizeof(float) - FOV_ALIGN)
        return fov_fail_memory(err, "packed weights");
    step->packed_bytes = floats * sizeof(float);
    if (!(step->packed = fov_alloc_aligned(step->packed_bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->packed, 0, step->packed_bytes);
    step->bias = step->packed + (floats - (size_t)columns);
    for (ptrdiff_t m = 0; m < conv->cout; m++) {
        step->bias[m] = conv->bias ? conv->bias[m] : -0.0F; /* which changes no float that it is added to */
        for (ptrdiff_t c = 0; c < conv->cin; c++) pack_filter(step, m, c);
    }
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    return FOV_OK;
}

/* ---------------------------------------------------------------- blocks */

/* How the tiles of one run are shared out, and how a block lies in a thread's scratch: transformed input, products, and a patch for
 * a tile at the edge of the image. Strides are in floats. */
typedef struct layout {
    ptrdiff_t rows, columns, tiles; /* of tiles: rows and columns in one image */
    ptrdiff_t block, blocks, groups;
    ptrdiff_t channels, ldv, v_point, m_point;
    size_t    thread_bytes;
} layout;

/* An odd number of cache lines: points one behind the other do not fall into the same few sets of the first cache. */
static ptrdiff_t odd_lines(ptrdiff_t floats)
{
    const ptrdiff_t lines = round_up_div(floats, LINE);
    return (lines | 1) * LINE;
}

static ptrdiff_t tiles_of_block(const winograd *step, ptrdiff_t ldv)
{
    const size_t    share = step->packed_bytes / W_PER_V;
    const ptrdiff_t bytes = share < V_LEAST_BYTES ? V_LEAST_BYTES : share < V_MOST_BYTES ? (ptrdiff_t)share : V_MOST_BYTES;
    const ptrdiff_t most = bytes / (FOV_WINOGRAD_POINTS * ldv * (ptrdiff_t)sizeof(float)) / step->kernel.tiles;
    return (most > 0 ? most : 1) * step->kernel.tiles;
}

/* Fewer tiles a block make chunks enough for all threads; groups of panels, which transform the same tiles again, only where some
 * thread would have none. */
static void share_out(const winograd *step, int threads, layout *l)
{
    const ptrdiff_t wanted = threads > 1 ? (ptrdiff_t)threads * FOV_CPU_CHUNKS_PER_THREAD : 1;
    const ptrdiff_t each = round_up(round_up_div(l->tiles, wanted), step->kernel.tiles);
    if (l->block > each) l->block = each;
    if (l->block > l->tiles) l->block = l->tiles;
    if (l->block < 1) l->block = 1;
    l->blocks = round_up_div(l->tiles, l->block);
    l->groups = l->blocks < threads && l->blocks > 0 ? round_up_div(threads, l->blocks) : 1;
    if (l->groups > step->panels) l->groups = step->panels;
}

static layout layout_of(const winograd *step, const fov_view *out, int threads)
{
    const int64_t *dim = out->shape.dim;
    layout         l = {.rows = round_up_div(dim[2], FOV_WINOGRAD_OUT),
                        .columns = round_up_div(dim[3], FOV_WINOGRAD_OUT),
                        .channels = round_up(step->conv.cin, LINE)};
    l.tiles = dim[0] * l.rows * l.columns;
    l.ldv = odd_lines(step->conv.cin);
    l.block = tiles_of_block(step, l.ldv);
    share_out(step, threads, &l);
    l.v_point = odd_lines(l.block * l.ldv);
    l.m_point = odd_lines(l.block * step->panel_columns);
    l.thread_bytes = sizeof(float) * FOV_WINOGRAD_POINTS * (size_t)(l.v_point + l.m_point + l.channels);
    return l;
}

static size_t winograd_scratch(const void *impl, const fov_view *const *in, const fov_view *out, int threads)
{
    (void)in;
    return (size_t)threads * layout_of(impl, out, threads).thread_bytes;
}

/* ---------------------------------------------------------------- running */

typedef struct winograd_run {
    const winograd *step;
    fov_conv_shape  shape;
    layout          layout;
    unsigned char  *scratch;
} winograd_run;

/* Where a tile's first output is. */
typedef struct tile_place {
    ptrdiff_t n, y, x;
} tile_place;

static tile_place place_of(const layout *l, ptrdiff_t tile)
{
    const ptrdiff_t row = tile / l->columns;
    return (tile_place){row / l->rows, row % l->rows * FOV_WINOGRAD_OUT, tile % l->columns * FOV_WINOGRAD_OUT};
}

/* Tiles that stick out of the image are copied, with zeros around. */
static void fill_patch(const fov_pixels *x, ptrdiff_t n, ptrdiff_t y0, ptrdiff_t x0, ptrdiff_t channels, float *patch)
{
    for (ptrdiff_t i = 0; i < FOV_WINOGRAD_IN; i++)
        for (ptrdiff_t j = 0; j < FOV_WINOGRAD_IN; j++, patch += channels) {
            const bool in = (size_t)(y0 + i) < (size_t)x->h && (size_t)(x0 + j) < (size_t)x->w;
            if (in) memcpy(patch, x->data + ((n * x->h + y0 + i) * x->w + x0 + j) * x->ld, (size_t)x->c * sizeof *patch);
            else memset(patch, 0, (size_t)x->c * sizeof *patch);
        }
}

static void transform_tile(const winograd_run *run, ptrdiff_t tile, float *v, float *patch)
{
    const layout           *l = &run->layout;
    const fov_pixels       *x = &run->shape.x;
    const tile_place        at = place_of(l, tile);
    const ptrdiff_t         y0 = at.y - run->shape.window.pad_top, x0 = at.x - run->shape.window.pad_left;
    fov_winograd_input_call call = {.channels = x->c, .v = v, .ldpoint = l->v_point};
    if (y0 >= 0 && x0 >= 0 && y0 + FOV_WINOGRAD_IN <= x->h && x0 + FOV_WINOGRAD_IN <= x->w) {
        call.x = x->data + ((at.n * x->h + y0) * x->w + x0) * x->ld;
        call.ldpixel = x->ld;
        call.ldrow = x->w * x->ld;
    } else {
        fill_patch(x, at.n, y0, x0, l->channels, patch);
        call.x = patch;
        call.ldpixel = l->channels;
        call.ldrow = FOV_WINOGRAD_IN * l->channels;
    }
    run->step->kernel.input(&call);
}

static void find_residual(const winograd_run *run, tile_place at, int rows, int cols, ptrdiff_t channel, const float **residual)
{
    const fov_pixels *r = &run->shape.residual;
    const ptrdiff_t   scale = run->step->conv.fused.residual_scale;
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            residual[i * FOV_WINOGRAD_OUT + j] =
                r->data + ((at.n * r->h + (at.y + i) / scale) * r->w + (at.x + j) / scale) * r->ld + channel;
}

static int at_most_out(ptrdiff_t left)
{
    return left < FOV_WINOGRAD_OUT ? (int)left : FOV_WINOGRAD_OUT;
}

static void end_tile(const winograd_run *run, ptrdiff_t panel, ptrdiff_t tile, const float *m)
{
    const winograd   *step = run->step;
    const fov_pixels *y = &run->shape.y;
    const tile_place  at = place_of(&run->layout, tile);
    const ptrdiff_t   channel = panel * step->panel_columns, left = y->c - channel;
    const int         rows = at_most_out(y->h - at.y), cols = at_most_out(y->w - at.x);
    const float      *residual[FOV_WINOGRAD_OUT * FOV_WINOGRAD_OUT];
    if (run->shape.residual.data) find_residual(run, at, rows, cols, channel, residual);
    step->kernel.output(&(fov_winograd_output_call){.channels = (int)(left < step->panel_columns ? left : step->panel_columns),
                                                    .rows = rows,
                                                    .cols = cols,
                                                    .m = m,
                                                    .ldpoint = run->layout.m_point,
                                                    .bias = step->bias + channel,
                                                    .y = y->data + ((at.n * y->h + at.y) * y->w + at.x) * y->ld + channel,
                                                    .ldrow = y->w * y->ld,
                                                    .ldpixel = y->ld,
                                                    .residual = run->shape.residual.data ? residual : NULL,
                                                    .residual_after = step->conv.fused.residual_after,
                                                    .slope = step->conv.fused.slope});
}

static void run_panel(const winograd_run *run, ptrdiff_t panel, ptrdiff_t first, ptrdiff_t tiles, const float *v, float *m)
{
    const winograd *step = run->step;
    const layout   *l = &run->layout;
    const ptrdiff_t columns = columns_of(step, panel), point_floats = step->conv.cin * columns;
    for (int p = 0; p < FOV_WINOGRAD_POINTS; p++)
        step->kernel.products(&(fov_winograd_products_call){.tiles = tiles,
                                                            .k = step->conv.cin,
                                                            .columns = (int)columns,
                                                            .v = v + p * l->v_point,
                                                            .ldv = l->ldv,
                                                            .w = panel_of(step, panel) + p * point_floats,
                                                            .m = m + p * l->m_point});
    for (ptrdiff_t i = 0; i < tiles; i++) end_tile(run, panel, first + i, m + i * columns);
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const winograd_run *run = context;
    const layout       *l = &run->layout;
    const ptrdiff_t     group = (ptrdiff_t)index % l->groups, first = (ptrdiff_t)index / l->groups * l->block;
    const ptrdiff_t     tiles = first + l->block < l->tiles ? l->block : l->tiles - first;
    float              *v = (float *)(void *)(run->scratch + thread * l->thread_bytes);
    float              *m = v + FOV_WINOGRAD_POINTS * l->v_point, *patch = m + FOV_WINOGRAD_POINTS * l->m_point;
    for (ptrdiff_t i = 0; i < tiles; i++) transform_tile(run, first + i, v + i * l->ldv, patch);
    for (ptrdiff_t p = group * run->step->panels / l->groups; p < (group + 1) * run->step->panels / l->groups; p++)
        run_panel(run, p, first, tiles, v, m);
}

static fov_status winograd_step(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                                fov_error *err)
{
    winograd_run run = {.step = impl, .scratch = scratch};
    fov_status   st = fov_conv_shape_read(&run.step->conv, in, out, &run.shape, err);
    if (st) return st;
    run.layout = layout_of(run.step, out, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)(run.layout.blocks * run.layout.groups));
    return FOV_OK;
}

static void winograd_free(void *impl)
{
    winograd *step = impl;
    fov_free_aligned(step->packed);
    fov_free(step);
}

fov_status fov_conv_lower_winograd(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    winograd *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    *step = (winograd){.conv = *conv, .kernel = kernels->winograd, .panel_columns = 2 * kernels->winograd.lanes};
    step->panels = round_up_div(conv->cout, step->panel_columns);
    fov_status st = pack(step, err);
    if (st) return winograd_free(step), st;
    snprintf(step->name, sizeof step->name, "conv3x3_winograd_%s", step->kernel.name);
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->packed_bytes,
                         .impl = step,
                         .in_place = conv->has_residual && conv->fused.residual_scale == 1 ? RESIDUAL_INPUT + 1 : 0,
                         .scratch = winograd_scratch,
                         .run = winograd_step,
                         .free = winograd_free};
    return FOV_OK;
}
