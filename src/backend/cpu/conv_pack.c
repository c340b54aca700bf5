// SPDX-License-Identifier: MIT
/* Which kernels run a convolution, and its weights as they want them: panels as wide as the kernel that will read them. Of
 * kernels.gemm nr biases, then taps * k rows of nr weights; of dot kernels nr sums to start from, or of halves nr factors, then
 * taps * groups rows of nr groups of four bytes. */
#include "backend/cpu/conv_gemm.h"

#include "backend/cpu/half_pack.h"
#include "backend/cpu/storage.h"
#include "base/alloc.h"
#include "base/half.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    GROUP_BYTES = 4,
    TILE_COLUMNS = 16,
    TILE_MIN_FILL = 64, /* groups in a tile of W from which on a matrix unit is faster: a quarter of it */
    COLUMNS_PAD = 64,   /* floats that arrays by channel have more than channels: vectors begin at any of them */
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

static void choose_dot(fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    const bool      int8 = fov_conv_takes_int8(conv), halves = conv->x.dtype == FOV_BF16 || conv->x.dtype == FOV_F16;
    if (!int8 && (!halves || conv->w.dtype != conv->x.dtype || !ends_with_pairs(conv))) return;
    step->tiled = fills_tiles(conv, tiles_of_type(step), int8 ? 4 : 2);
    if (dot_of_type(step)->nr) step->dot = dot_of_type(step);
}

/* Bytes of an element of A as the kernels of panels want it, and what makes it so. */
static size_t choose_kernels(fov_conv_gemm *step, size_t *per_group, fov_widen_run **widen)
{
    const fov_conv    *conv = &step->conv;
    const fov_kernels *kernels = &step->kernels;
    const fov_dtype    x = conv->x.dtype;
    *widen = NULL;
    choose_dot(step);
    if (!step->dot) {
        *widen = x == FOV_F16 ? kernels->widen.f16_f32 : x == FOV_BF16 ? kernels->widen.bf16_f32 : NULL;
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
        to[j] = step->direct ? step->bias[p->channel + (ptrdiff_t)j] : 0;
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t k = 0; k < k_count; k++)
                to[nr * (1 + tap * k_count + k) + j] =
                    fov_conv_weight_f32(conv, weight_index(step, p->channel + (ptrdiff_t)j, tap, k));
    }
}

/* Minus what the zero points of the input add to the sum of a channel: q - zero point is what counts, q is what kernels see.
 * Whole windows, since taps outside of the image are zero points too. */
static int32_t start_of(const fov_conv *conv, ptrdiff_t channel)
{
    const ptrdiff_t cin = conv->cin / conv->group, first = channel / (conv->cout / conv->group) * cin, taps = conv->kh * conv->kw;
    const int8_t   *w = conv->weight_i8 + channel * cin * taps;
    int32_t         sum = 0;
    for (ptrdiff_t c = 0; c < cin; c++)
        for (ptrdiff_t tap = 0; tap < taps; tap++) sum -= fov_quant_zero_point(conv->x.quant, first + c) * w[c * taps + tap];
    return sum;
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
    const int32_t start = fov_conv_takes_int8(&step->conv) ? start_of(&step->conv, channel) : 0;
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

/* By output channel, again from the first on behind the last. No bias is -0, which changes no float that it is added to. */
static void fill_channels(fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    for (ptrdiff_t i = 0; i < conv->cout + COLUMNS_PAD; i++) {
        const ptrdiff_t c = i % conv->cout;
        step->scale[i] = fov_conv_takes_int8(conv) ? fov_quant_scale(conv->w.quant, c) : 1;
        step->bias[i] = conv->bias ? conv->bias[c] : -0.0F;
    }
}

/* The largest magnitude that sums of a channel, times its scale, and the residual can have together. */
static float reach_of(const fov_conv_gemm *step, ptrdiff_t channel)
{
    const fov_conv *conv = &step->conv;
    const ptrdiff_t count = conv->cin / conv->group * conv->kh * conv->kw;
    const int8_t   *w = conv->weight_i8 + channel * count;
    float           sum = 0;
    for (ptrdiff_t i = 0; i < count; i++) sum += (float)abs(w[i]);
    sum *= UINT8_MAX * step->scale[channel];
    if (conv->has_residual) sum += UINT8_MAX * fov_quant_scale(conv->residual.quant, channel);
    return sum;
}

/* Whether fov_gemm_end_call.plain holds for all channels. */
static bool is_plain(const fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    bool            plain = fov_conv_takes_int8(conv) && (!conv->has_residual || conv->residual.dtype == FOV_U8);
    for (ptrdiff_t c = 0; c < conv->cout && plain; c++)
        plain = fov_gemm_end_is_plain((size_t)c, conv->fused.slope, reach_of(step, c), step->bias[c], &step->out);
    return plain;
}

/* Sizes cannot overflow: at most MAX_NR floats stand for one weight or bias that the graph holds in memory. */
static fov_status pack(fov_conv_gemm *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    const size_t    channel_bytes = round_up(((size_t)conv->cout + COLUMNS_PAD) * sizeof(float), FOV_ALIGN);
    const size_t    zero_bytes = round_up((size_t)(conv->cin * conv->kw) * fov_dtype_size(conv->x.dtype) + FOV_OVERREAD, FOV_ALIGN);
    for (size_t i = 0; i < step->n_panel; i++) step->packed_bytes += panel_bytes(step, &step->panel[i]);
    const size_t bytes = step->packed_bytes + 2 * channel_bytes + zero_bytes;
    if (!(step->packed = fov_alloc_aligned(bytes))) return fov_fail_memory(err, "packed weights");
    memset(step->packed, 0, bytes);
    step->scale = (float *)(void *)(step->packed + step->packed_bytes);
    step->bias = (float *)(void *)(step->packed + step->packed_bytes + channel_bytes);
    step->zero = step->packed + step->packed_bytes + 2 * channel_bytes;
    fill_channels(step);
    fill_zero(step);
    step->plain = is_plain(step);
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

static fov_status read_storage(fov_conv_gemm *step, fov_error *err)
{
    const fov_conv *conv = &step->conv;
    fov_status      st = fov_storage_init(&step->out, conv->y.dtype, conv->y.quant, 1, err);
    if (st || !conv->has_residual) return st;
    return fov_storage_init(&step->residual, conv->residual.dtype, conv->residual.quant, 1, err);
}

static void name_step(fov_conv_gemm *step)
{
    const fov_conv       *conv = &step->conv;
    const fov_conv_panel *p = &step->panel[0];
    const bool            widened = !step->dot && conv->x.dtype != FOV_F32;
    snprintf(step->name, sizeof step->name, "conv%tdx%td_%s%s%s", conv->kh, conv->kw, widened ? fov_dtype_name(conv->x.dtype) : "",
             widened ? "_" : "", p->dot ? p->dot->name : p->f32->name);
}

/* 1x1, and nothing is copied: whatever the layout of the input, its pixels are rows at a constant step. */
static bool is_linear(const fov_conv_gemm *step)
{
    const fov_conv *conv = &step->conv;
    bool            linear = conv->kh * conv->kw == 1 && conv->stride[0] == 1 && conv->stride[1] == 1;
    for (size_t i = 0; i < 4; i++) linear = linear && fov_node_int_at(conv->node, "pads", i, 0) == 0;
    return linear && !step->pieces.widen && !step->pieces.copies && !step->pieces.collide && !fov_node_attr(conv->node, "auto_pad");
}

static fov_status fill_step(fov_conv_gemm *step, size_t per_group, fov_error *err)
{
    for (ptrdiff_t g = 0; g < step->conv.group; g++) make_panels(step, g, step->panel + (size_t)g * per_group);
    step->mr = FOV_GEMM_MAX_MR;
    for (size_t i = 0; i < step->n_panel; i++)
        if (step->panel[i].mr < step->mr) step->mr = step->panel[i].mr;
    step->rows = is_linear(step) ? FOV_CONV_TILE_ROWS : step->mr;
    fov_status st = read_storage(step, err);
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
    fov_storage_free(&step->out);
    fov_storage_free(&step->residual);
    fov_free_aligned(step->packed);
    fov_free(step);
}
