// SPDX-License-Identifier: MIT
/* Which kernels run a convolution, and its weights as they want them: panels as wide as the kernel that will read them. Of
 * kernels.gemm nr biases, then taps * k rows of nr weights; of dot kernels nr sums to start from, or of halves nr factors, then
 * taps * groups rows of nr groups of four bytes. */
#include "backend/cpu/conv_gemm.h"

#include "backend/cpu/half_pack.h"
#include "base/alloc.h"
#include "base/half.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP_BYTES = 4,
    TILE_COLUMNS = 16,
    TILE_MIN_FILL = 64, /* groups in a tile of W from which on a matrix unit is faster: a quarter of it */
};

/* ---------------------------------------------------------------- kernels and panels */

/* Number `i` of the kernels for panels, and false when there are fewer. */
static bool kernel_at(const fov_conv_gemm *step, int i, fov_conv_panel *panel)
{
    if (i >= FOV_GEMM_WIDTHS) return false;
    const fov_gemm_f32 *f32 = &step->kernels.gemm[i];
    *panel = step->dot ? (fov_conv_panel){.dot = step->dot + i, .mr = step->dot[i].mr, .nr = step->dot[i].nr}
                       : (fov_conv_panel){.f32 = f32, .mr = f32->mr, .nr = f32->nr};
    return panel->nr > 0;
}

/* The kernel for the next panel when `left` columns remain: exactly covering if rounding up to the narrowest width makes that
 * possible, else the widest that is filled. */
static fov_conv_panel choose_kernel(const fov_conv_gemm *step, ptrdiff_t left)
{
    fov_conv_panel panel, narrowest = {0};
    for (int i = 0; kernel_at(step, i, &panel); i++) narrowest = panel;
    assert(narrowest.nr > 0); /* every table has a first kernel */
    const ptrdiff_t rounded = (left + narrowest.nr - 1) / narrowest.nr * narrowest.nr;
    for (int i = 0; kernel_at(step, i, &panel); i++)
        if (panel.nr <= rounded) return panel;
    return narrowest;
}

/* Panels of one group of channels; with panels NULL only counts. */
static size_t make_panels(const fov_conv_gemm *step, ptrdiff_t group, fov_conv_panel *panels)
{
    const fov_conv *conv = &step->conv;
    const ptrdiff_t per_group = conv->cout / conv->group;
    size_t          count = 0;
    for (ptrdiff_t done = 0; done < per_group; count++) {
        fov_conv_panel p = choose_kernel(step, per_group - done);
        p.n = (int)(per_group - done < p.nr ? per_group - done : p.nr);
        p.channel = group * per_group + done;
        p.a_offset = group * (ptrdiff_t)(step->group_bytes / (p.f32 ? sizeof(float) : 1));
        if (panels) panels[count] = p;
        done += p.n;
    }
    return count;
}

/* Behind an odd number of channels stands a zero, or the next group's first channel, which times a weight of 0 is no 0 when it is
 * infinite. */
static bool ends_with_pairs(const fov_conv *conv)
{
    return conv->group == 1 || conv->cin / conv->group % 2 == 0;
}

/* A tile takes the same time however much of it is filled, and has to be loaded and stored all the same. */
static bool fills_tiles(const fov_conv *conv, const fov_gemm_tiles *tiles, size_t per_group)
{
    const size_t columns = (size_t)(conv->cout / conv->group),
                 k = fov_conv_pieces_of(conv, per_group, NULL, GROUP_BYTES / per_group).k;
    const size_t step = fov_gemm_tile_step((k + per_group - 1) / per_group);
    return tiles->kernel[0].nr && step * (columns < TILE_COLUMNS ? columns : TILE_COLUMNS) >= TILE_MIN_FILL;
}

/* Of the step's own table, as are the kernels below. */
static const fov_gemm_tiles *tiles_of_type(const fov_conv_gemm *step)
{
    static const fov_gemm_tiles none;
    if (fov_conv_takes_int8(&step->conv)) return &step->kernels.tile_int8;
    return step->conv.x.dtype == FOV_BF16 ? &step->kernels.tile_bf16 : &none;
}

const fov_gemm_tiles *fov_conv_gemm_tiles(const fov_conv_gemm *step)
{
    return step->tiled ? tiles_of_type(step) : NULL;
}

static const fov_gemm_dot *dot_of_type(const fov_conv_gemm *step)
{
    if (step->tiled) return tiles_of_type(step)->kernel;
    if (fov_conv_takes_int8(&step->conv)) return step->kernels.gemm_int8;
    return step->conv.x.dtype == FOV_BF16 ? step->kernels.gemm_bf16 : step->kernels.gemm_f16;
}

/* A panel that is half empty does half the work. Only 1x1 gains even so: there the other way makes each pixel wider for itself. */
static bool fills_halves(const fov_conv *conv, const fov_gemm_dot *kernels)
{
    int narrowest = 0;
    for (int i = 0; i < FOV_GEMM_WIDTHS && kernels[i].nr; i++) narrowest = kernels[i].nr;
    return conv->kh * conv->kw == 1 || conv->cout / conv->group >= narrowest;
}

static void choose_dot(fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    const bool      int8 = fov_conv_takes_int8(conv), halves = conv->x.dtype == FOV_BF16 || conv->x.dtype == FOV_F16;
    if (!int8 && (!halves || conv->w.dtype != conv->x.dtype || !ends_with_pairs(conv))) return;
    if (conv->x.dtype == FOV_F16 && !fills_halves(conv, step->kernels.gemm_f16)) return;
    step->tiled = fills_tiles(conv, tiles_of_type(step), int8 ? 4 : 2);
    if (dot_of_type(step)->nr) step->dot = dot_of_type(step);
}

/* Bytes of an element of A as the kernels of panels want it, and what makes it so. */
static size_t choose_kernels(fov_conv_gemm *step, size_t *per_group, fov_widen_run **widen)
{
    const fov_conv    *conv = &step->conv;
    const fov_kernels *kernels = &step->kernels;
    *widen = NULL;
    choose_dot(step);
    if (!step->dot) {
        *widen = fov_conv_widen_to_f32(conv, kernels);
        *per_group = 1;
        return sizeof(float);
    }
    if (step->dot->group == FOV_GROUP_S16) *widen = kernels->widen.u8_s16;
    *per_group = step->dot->group == FOV_GROUP_U8 ? 4 : 2;
    return GROUP_BYTES / *per_group;
}

/* ---------------------------------------------------------------- packing */

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

static size_t panel_bytes(const fov_conv_gemm *step, const fov_conv_panel *p)
{
    const size_t rows = step->pieces.taps * (p->dot ? step->groups : step->pieces.k);
    return round_up((size_t)p->nr * (1 + rows) * GROUP_BYTES, FOV_ALIGN);
}

/* Where the weight stands that meets element `k` of piece `tap`. */
static size_t weight_index(const fov_conv_gemm *step, ptrdiff_t channel, size_t tap, size_t k)
{
    const fov_conv *conv = &step->conv;
    const size_t    cin = (size_t)(conv->cin / conv->group), taps = (size_t)(conv->kh * conv->kw);
    if (!step->pieces.packed) return ((size_t)channel * cin + k) * taps + tap;
    return ((size_t)channel * cin + k % cin) * taps + tap * (size_t)conv->kw + k / cin;
}

static void pack_f32(const fov_conv_gemm *step, const fov_conv_panel *p, float *to)
{
    const fov_conv *conv = &step->conv;
    const size_t    nr = (size_t)p->nr, taps = step->pieces.taps, k_count = step->pieces.k;
    for (size_t j = 0; j < (size_t)p->n; j++) {
        to[j] = step->direct ? step->end.bias[p->channel + (ptrdiff_t)j] : 0;
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t k = 0; k < k_count; k++)
                to[nr * (1 + tap * k_count + k) + j] =
                    fov_conv_weight_f32(conv, weight_index(step, p->channel + (ptrdiff_t)j, tap, k));
    }
}

/* What the weights of a channel are multiplied by: 1 but of halves. */
static float scale_of(const fov_conv_gemm *step, ptrdiff_t channel)
{
    fov_half_reach reach = {0};
    if (step->dot->group != FOV_GROUP_F16) return 1;
    for (size_t tap = 0; tap < step->pieces.taps; tap++)
        for (size_t k = 0; k < step->pieces.k; k++)
            fov_half_reach_add(&reach, tap * step->groups + k / 2, k % 2,
                               fov_conv_weight_f32(&step->conv, weight_index(step, channel, tap, k)));
    return fov_half_scale(&reach);
}

static void put_start(const fov_conv_gemm *step, ptrdiff_t channel, float scale, unsigned char *to)
{
    const int32_t start = fov_conv_takes_int8(&step->conv) ? fov_conv_int8_start(&step->conv, channel) : 0;
    const float   factor = 1 / scale;
    memcpy(to, step->dot->group == FOV_GROUP_F16 ? (const void *)&factor : &start, GROUP_BYTES);
}

static void put_weight(const fov_conv_gemm *step, size_t from, float scale, unsigned char *group, size_t i)
{
    const fov_conv *conv = &step->conv;
    uint16_t        wide = 0;
    if (step->dot->group == FOV_GROUP_S16) wide = (uint16_t)conv->weight_i8[from];
    else if (step->dot->group == FOV_GROUP_BF16) wide = conv->weight_half[from];
    else if (step->dot->group == FOV_GROUP_F16) wide = fov_half_from_float(fov_conv_weight_f32(conv, from) * scale);
    if (step->dot->group == FOV_GROUP_U8) memcpy(group + i, conv->weight_i8 + from, 1);
    else memcpy(group + 2 * i, &wide, sizeof wide);
}

static void pack_dot(const fov_conv_gemm *step, const fov_conv_panel *p, unsigned char *to)
{
    const size_t nr = (size_t)p->nr, bits = step->dot->group == FOV_GROUP_U8 ? 2 : 1, in_group = ((size_t)1 << bits) - 1;
    for (size_t j = 0; j < (size_t)p->n; j++) {
        const ptrdiff_t channel = p->channel + (ptrdiff_t)j;
        const float     scale = scale_of(step, channel);
        put_start(step, channel, scale, to + GROUP_BYTES * j);
        for (size_t tap = 0; tap < step->pieces.taps; tap++)
            for (size_t k = 0; k < step->pieces.k; k++) {
                unsigned char *group = to + GROUP_BYTES * (nr * (1 + tap * step->groups + (k >> bits)) + j);
                put_weight(step, weight_index(step, channel, tap, k), scale, group, k & in_group);
            }
    }
}

/* What a tap outside of the image reads: zero points where the input is U8, as many pixels as a row of the window. */
static void fill_zero(fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    for (ptrdiff_t i = 0; conv->x.dtype == FOV_U8 && i < conv->cin * conv->kw; i++)
        step->zero[i] = (unsigned char)fov_quant_zero_point(conv->x.quant, i % conv->cin);
}

/* Sizes cannot overflow: at most MAX_NR floats stand for one weight or bias that the graph holds in memory. */
static fov_status pack(fov_conv_gemm *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const size_t    zero_bytes = round_up((size_t)(conv->cin * conv->kw) * fov_dtype_size(conv->x.dtype) + FOV_OVERREAD, FOV_ALIGN);
    for (size_t i = 0; i < step->n_panel; i++) step->packed_bytes += panel_bytes(step, &step->panel[i]);
    const size_t bytes = step->packed_bytes + zero_bytes;
    if (!(step->packed = fov_alloc_aligned(bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->packed, 0, bytes);
    step->zero = step->packed + step->packed_bytes;
    fill_zero(step);
    unsigned char *to = step->packed;
    for (size_t i = 0; i < step->n_panel; i++) {
        fov_conv_panel *p = &step->panel[i];
        p->w = to;
        if (p->dot) pack_dot(step, p, to);
        else pack_f32(step, p, (float *)(void *)to);
        to += panel_bytes(step, p);
    }
    return FOV_OK;
}

/* ---------------------------------------------------------------- the whole */

static void name_step(fov_conv_gemm *step)
{
    const fov_conv       *conv = &step->conv;
    const fov_conv_panel *p = &step->panel[0];
    const bool            widened = !step->dot && conv->x.dtype != FOV_F32;
    snprintf(step->name, sizeof step->name, "conv%tdx%td_%s%s%s", conv->kh, conv->kw, widened ? fov_dtype_name(conv->x.dtype) : "",
             widened ? "_" : "", p->dot ? p->dot->name : p->f32->name);
}

static fov_status fill_step(fov_conv_gemm *step, size_t per_group, fov_error *err)
{
    for (ptrdiff_t g = 0; g < step->conv.group; g++) make_panels(step, g, step->panel + (size_t)g * per_group);
    step->mr = FOV_GEMM_MAX_MR;
    for (size_t i = 0; i < step->n_panel; i++)
        if (step->panel[i].mr < step->mr) step->mr = step->panel[i].mr;
    step->rows = fov_conv_pieces_linear(&step->conv, &step->pieces) ? FOV_CONV_TILE_ROWS : step->mr;
    fov_status st = fov_conv_end_init(&step->end, &step->conv, &step->kernels, err);
    if (!st) st = pack(step, err);
    if (st) return st;
    name_step(step);
    step->conv.weight = step->conv.bias = NULL; /* the graph may give them back */
    return FOV_OK;
}

fov_status fov_conv_gemm_new(const fov_conv *conv, const fov_kernels *kernels, fov_conv_gemm **made, fov_error *err)
{
    fov_conv_gemm  head = {.conv = *conv, .kernels = *kernels, .direct = fov_conv_is_f32(conv)}, *step;
    fov_widen_run *widen;
    size_t         elements, size = choose_kernels(&head, &elements, &widen);
    head.pieces = fov_conv_pieces_of(conv, elements, widen, size);
    head.groups = (head.pieces.k + elements - 1) / elements;
    head.group_bytes = (size_t)(conv->cin / conv->group) * size;
    const size_t per_group = make_panels(&head, 0, NULL);
    head.n_panel = per_group * (size_t)conv->group;
    if (!(step = fov_calloc(1, sizeof *step + head.n_panel * sizeof *step->panel))) return fov_fail_memory(err, "a lowered Conv");
    *step = head;
    if (head.dot) step->dot = dot_of_type(step);
    fov_status st = fill_step(step, per_group, err);
    if (st) fov_conv_gemm_free(step);
    else *made = step;
    return st;
}

void fov_conv_gemm_free(void *impl)
{
    fov_conv_gemm *step = impl;
    fov_conv_end_free(&step->end);
    fov_free_aligned(step->packed);
    fov_free(step);
}
