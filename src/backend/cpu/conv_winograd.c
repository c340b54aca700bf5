// SPDX-License-Identifier: MIT
/* Convolution of 3x3 with stride 1 in floats by Winograd's F(4x4, 3x3): a quarter of the multiplications of the indirect GEMM.
 * Halves that no kernel multiplies as they are become floats on the way in.
 *
 * Filters are transformed at lowering, in double, and packed by panels of columns: [panel][36 points][cin][columns]. A run goes
 * through blocks of tiles (winograd_layout.h); the transform back also adds bias and residual, applies the activation and writes
 * the output.
 *
 * When this is chosen (fov_conv_is_winograd): where its estimated cost is lower and its rounding stays near that of a direct sum.
 */
#include "backend/cpu/conv.h"

#include "backend/cpu/winograd.h"
#include "backend/cpu/winograd_strip.h"
#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    TAPS = 9,
};

/* Multiply-adds of a vector that the transforms of a vector of channels of one tile are worth: on a Cascade Lake, layers of
 * 16 x 16 to 64 x 64 channels took 450 to 900 more than their products would at full speed. */
static const double COST_INPUT = 500, COST_OUTPUT = 500;

/* Of twice as many products at once, what is left after sums of halves have been made floats (half_tile.h): 3x3 layers of 16 to 64
 * channels on a Sapphire Rapids. */
static const double HALF_SPEED = 1.4;

/* Filters of noise have 9.5, and then a rounding error of 1.2 to 2.1 times that of a direct sum in floats; filters of RetinaFace
 * have up to 13.5, a single tap in a corner has 19. */
static const double MAX_AMPLIFICATION = 16;

typedef struct winograd {
    fov_conv       conv;
    fov_winograd   kernel;
    fov_conv_end   end;   /* where anything is not F32; else the kernel ends its tiles itself */
    bool           typed; /* there is `end` */
    char           name[64];
    ptrdiff_t      panel_columns, panels;
    size_t         packed_bytes;
    float         *packed, *bias; /* bias: behind the panels, by output channel; of typed ones it changes nothing */
    fov_widen_run *widen;         /* what makes floats of the input; NULL: it has them */
} winograd;
_Static_assert(offsetof(winograd, conv) == 0, "fov_conv_kind: a step begins with its fov_conv");

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

/* Of output channel m and input channel c; `g` is the filter. */
static void transform_filter(const fov_conv *conv, ptrdiff_t m, ptrdiff_t c, double g[TAPS], double u[FOV_WINOGRAD_POINTS])
{
    double columns[FOV_WINOGRAD_IN * 3];
    for (int i = 0; i < TAPS; i++) g[i] = (double)fov_conv_weight_f32(conv, (size_t)((m * conv->cin + c) * TAPS + i));
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
    for (int i = 0; i < FOV_WINOGRAD_OUT; i++) {
        n.y[i][1] = n.y[i][2] = of_a;
        n.y[i][3] = n.y[i][4] = of_b;
        of_a *= a2;
        of_b *= b2;
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
        double squares[FOV_WINOGRAD_POINTS] = {0}, u[FOV_WINOGRAD_POINTS], g[TAPS], direct = 0;
        for (ptrdiff_t c = 0; c < conv->cin; c++) {
            transform_filter(conv, m, c, g, u);
            for (int p = 0; p < FOV_WINOGRAD_POINTS; p++) squares[p] += u[p] * u[p];
            for (int i = 0; i < TAPS; i++) direct += g[i] * g[i];
        }
        if (!isfinite(direct)) return INFINITY;
        const double here = direct > 0 ? sqrt(worst_output(&n, squares) / direct) : 0;
        if (here > worst) worst = here;
    }
    return worst;
}

/* Products that a kernel which takes the input as it is makes while a multiply-add of floats is made; 0: a matrix unit does it, and
 * more than Winograd could save. */
static double direct_speed(const fov_conv *conv, const fov_kernels *kernels)
{
    if (conv->x.dtype != conv->w.dtype) return 1;
    if (conv->x.dtype == FOV_F16 && kernels->gemm_f16[0].nr) return HALF_SPEED;
    if (conv->x.dtype != FOV_BF16) return 1;
    return kernels->tile_bf16.kernel[0].nr ? 0 : kernels->gemm_bf16[0].nr ? 2 : 1;
}

static bool is_cheaper(const fov_conv *conv, const fov_kernels *kernels)
{
    const fov_winograd *kernel = &kernels->winograd;
    const double        speed = direct_speed(conv, kernels);
    const double        in = (double)round_up_div(conv->cin, kernel->lanes), out = (double)round_up_div(conv->cout, kernel->lanes);
    const double        pixels = FOV_WINOGRAD_OUT * FOV_WINOGRAD_OUT, k = (double)conv->cin;
    return FOV_WINOGRAD_POINTS * k * out + COST_INPUT * in + COST_OUTPUT * out < TAPS * k * out * pixels / speed && speed > 0;
}

bool fov_conv_is_winograd(const fov_conv *conv, const fov_kernels *kernels)
{
    return fov_conv_is_3x3(conv) && !fov_conv_takes_int8(conv) && is_cheaper(conv, kernels) &&
           amplification_of(conv) <= MAX_AMPLIFICATION;
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
    double          g[TAPS], u[FOV_WINOGRAD_POINTS];
    transform_filter(&step->conv, m, c, g, u);
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
        step->bias[m] = conv->bias && !step->typed ? conv->bias[m] : -0.0F; /* which changes no float that it is added to */
        for (ptrdiff_t c = 0; c < conv->cin; c++) pack_filter(step, m, c);
    }
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    return FOV_OK;
}

/* ---------------------------------------------------------------- running */

static fov_winograd_layout layout_of(const void *const *steps, int count, const fov_view *out, int threads)
{
    const winograd   *first = steps[0];
    fov_winograd_work work = {.cin = first->conv.cin,
                              .panel_columns = first->panel_columns,
                              .tiles = first->kernel.tiles,
                              .x_size = sizeof(float),
                              .v_size = sizeof(float)};
    for (int i = 0; i < count; i++) {
        const winograd *step = steps[i];
        work.panels += step->panels;
        work.packed_bytes += step->packed_bytes;
    }
    return fov_winograd_layout_of(&work, out, threads);
}

static size_t steps_scratch(const void *const *step, int count, const fov_view *out, int threads)
{
    return (size_t)threads * layout_of(step, count, out, threads).thread_bytes;
}

typedef struct winograd_run {
    const winograd     *step; /* the first, whose windows are those of all */
    const void *const  *all;
    fov_conv_shape      shape[FOV_STEP_NODES];
    fov_winograd_layout layout;
    ptrdiff_t           panels; /* of all */
    unsigned char      *scratch;
} winograd_run;

static void transform_tile(const winograd_run *run, ptrdiff_t tile, float *v, unsigned char *patch)
{
    const fov_winograd_place  at = fov_winograd_place_of(&run->layout, tile);
    const fov_window         *window = &run->shape[0].window;
    const fov_pixels         *x = &run->shape[0].x;
    const ptrdiff_t           y0 = at.y - window->pad_top, x0 = at.x - window->pad_left;
    const fov_winograd_source from = run->step->widen ? fov_winograd_source_wide(x, at.n, y0, x0, run->step->widen, patch)
                                                      : fov_winograd_source_of(x, at.n, y0, x0, NULL, patch);
    run->step->kernel.input(&(fov_winograd_input_call){.channels = x->c,
                                                       .x = (const float *)(const void *)from.x,
                                                       .ldrow = from.row / (ptrdiff_t)sizeof(float),
                                                       .ldpixel = from.pixel / (ptrdiff_t)sizeof(float),
                                                       .v = v,
                                                       .ldpoint = run->layout.v_point});
}

static void find_residual(const fov_pixels *r, ptrdiff_t scale, fov_winograd_place at, int rows, int cols, ptrdiff_t channel,
                          const float **residual)
{
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < cols; j++)
            residual[i * FOV_WINOGRAD_OUT + j] =
                r->data + ((at.n * r->h + (at.y + i) / scale) * r->w + (at.x + j) / scale) * r->ld + channel;
}

static int at_most_out(ptrdiff_t left)
{
    return left < FOV_WINOGRAD_OUT ? (int)left : FOV_WINOGRAD_OUT;
}

static void end_tile(const winograd_run *run, int index, ptrdiff_t panel, ptrdiff_t tile, const float *m)
{
    const winograd          *step = run->all[index];
    const fov_pixels        *y = &run->shape[index].y, *r = &run->shape[index].residual;
    const fov_winograd_place at = fov_winograd_place_of(&run->layout, tile);
    const ptrdiff_t          channel = panel * step->panel_columns, left = y->c - channel;
    const int                rows = at_most_out(y->h - at.y), cols = at_most_out(y->w - at.x);
    const float             *residual[FOV_WINOGRAD_OUT * FOV_WINOGRAD_OUT];
    if (r->data) find_residual(r, step->conv.fused.residual_scale, at, rows, cols, channel, residual);
    step->kernel.output(&(fov_winograd_output_call){.channels = (int)(left < step->panel_columns ? left : step->panel_columns),
                                                    .rows = rows,
                                                    .cols = cols,
                                                    .m = m,
                                                    .ldpoint = run->layout.m_point,
                                                    .bias = step->bias + channel,
                                                    .y = y->data + ((at.n * y->h + at.y) * y->w + at.x) * y->ld + channel,
                                                    .ldrow = y->w * y->ld,
                                                    .ldpixel = y->ld,
                                                    .residual = r->data ? residual : NULL,
                                                    .residual_after = step->conv.fused.residual_after,
                                                    .slope = step->conv.fused.slope});
}

/* Tiles that lie side by side, of which `m` are the products. */
static void end_strip(const winograd_run *run, int index, ptrdiff_t panel, ptrdiff_t first, int tiles, const float *m)
{
    _Alignas(FOV_ALIGN) float sums[FOV_WINOGRAD_OUT * FOV_STRIP_PIXELS * FOV_GEMM_MAX_NR + FOV_OVERREAD / sizeof(float)];
    const winograd           *step = run->all[index];
    const ptrdiff_t           columns = columns_of(step, panel), channel = panel * step->panel_columns;
    for (int i = 0; i < tiles; i++)
        step->kernel.output(&(fov_winograd_output_call){.channels = (int)columns,
                                                        .rows = FOV_WINOGRAD_OUT,
                                                        .cols = FOV_WINOGRAD_OUT,
                                                        .m = m + i * columns,
                                                        .ldpoint = run->layout.m_point,
                                                        .bias = step->bias + channel,
                                                        .y = sums + i * FOV_WINOGRAD_OUT * columns,
                                                        .ldrow = FOV_STRIP_PIXELS * columns,
                                                        .ldpixel = columns,
                                                        .slope = 1});
    fov_winograd_strip_end(&step->end, &step->conv, &run->shape[index], &run->layout, first, tiles, channel, (int)columns, sums);
}

static void end_tiles(const winograd_run *run, int index, ptrdiff_t panel, ptrdiff_t first, ptrdiff_t tiles, const float *m)
{
    const winograd *step = run->all[index];
    const ptrdiff_t columns = columns_of(step, panel);
    for (ptrdiff_t done = 0; done < tiles;) {
        const int count = step->typed ? fov_winograd_strip_tiles(&run->layout, first + done, tiles - done) : 1;
        if (step->typed) end_strip(run, index, panel, first + done, count, m + done * columns);
        else end_tile(run, index, panel, first + done, m + done * columns);
        done += count;
    }
}

/* Panel `panel` of those of all steps. */
static void run_panel(const winograd_run *run, ptrdiff_t panel, ptrdiff_t first, ptrdiff_t tiles, const float *v, float *m)
{
    const fov_winograd_layout *l = &run->layout;
    const winograd            *step = run->step;
    int                        index = 0;
    while (panel >= step->panels) {
        panel -= step->panels;
        step = run->all[++index];
    }
    const ptrdiff_t columns = columns_of(step, panel), point_floats = step->conv.cin * columns;
    for (int p = 0; p < FOV_WINOGRAD_POINTS; p++)
        step->kernel.products(&(fov_winograd_products_call){.tiles = tiles,
                                                            .k = step->conv.cin,
                                                            .columns = (int)columns,
                                                            .v = v + p * l->v_point,
                                                            .ldv = l->ldv,
                                                            .w = panel_of(step, panel) + p * point_floats,
                                                            .m = m + p * l->m_point});
    end_tiles(run, index, panel, first, tiles, m);
}

static void run_chunk(void *context, size_t index, size_t thread)
{
    const winograd_run        *run = context;
    const fov_winograd_layout *l = &run->layout;
    const ptrdiff_t            group = (ptrdiff_t)index % l->groups, first = (ptrdiff_t)index / l->groups * l->block;
    const ptrdiff_t            tiles = first + l->block < l->tiles ? l->block : l->tiles - first;
    unsigned char             *scratch = run->scratch + thread * l->thread_bytes;
    float                     *v = (float *)(void *)scratch, *m = (float *)(void *)(scratch + l->m_bytes);
    for (ptrdiff_t i = 0; i < tiles; i++) transform_tile(run, first + i, v + i * l->ldv, scratch + l->patch_bytes);
    for (ptrdiff_t p = group * run->panels / l->groups; p < (group + 1) * run->panels / l->groups; p++)
        run_panel(run, p, first, tiles, v, m);
}

static fov_status run_steps(const void *const *steps, int count, const fov_view *const *in, fov_view *out, void *scratch,
                            fov_pool *pool, fov_error *err)
{
    winograd_run run = {.step = steps[0], .all = steps, .scratch = scratch};
    fov_status   st = fov_conv_shapes_read(steps, count, in, out, run.shape, err);
    if (st) return st;
    for (int i = 0; i < count; i++) run.panels += ((const winograd *)steps[i])->panels;
    run.layout = layout_of(steps, count, out, fov_pool_size(pool));
    fov_pool_run(pool, run_chunk, &run, (size_t)(run.layout.blocks * run.layout.groups));
    return FOV_OK;
}

static bool steps_alike(const void *a, const void *b)
{
    return fov_conv_same_window(&((const winograd *)a)->conv, &((const winograd *)b)->conv);
}

static const fov_conv_kind winograd_kind = {steps_alike, steps_scratch, run_steps};

static void winograd_free(void *impl)
{
    winograd *step = impl;
    if (step->typed) fov_conv_end_free(&step->end);
    fov_free_aligned(step->packed);
    fov_free(step);
}

fov_status fov_conv_lower_winograd(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err)
{
    winograd *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered Conv");
    *step = (winograd){.conv = *conv, .kernel = kernels->winograd, .panel_columns = 2 * kernels->winograd.lanes};
    step->panels = round_up_div(conv->cout, step->panel_columns);
    step->typed = !fov_conv_is_f32(conv);
    step->widen = fov_conv_widen_to_f32(conv, kernels);
    fov_status st = step->typed ? fov_conv_end_init(&step->end, conv, kernels, err) : FOV_OK;
    if (!st) st = pack(step, err);
    if (st) return winograd_free(step), st;
    step->conv.kind = &winograd_kind;
    snprintf(step->name, sizeof step->name, "conv3x3_winograd_%s%s%s", step->widen ? fov_dtype_name(conv->x.dtype) : "",
             step->widen ? "_" : "", step->kernel.name);
    *out = (fov_lowered){.kernel = step->name,
                         .packed = true,
                         .bytes = step->packed_bytes,
                         .impl = step,
                         .in_place = fov_conv_in_place(conv),
                         .kin = &winograd_kind,
                         .scratch = fov_conv_one_scratch,
                         .run = fov_conv_one_run,
                         .free = winograd_free};
    return FOV_OK;
}
