// SPDX-License-Identifier: MIT
/* Two nodes as one launch: the conversion of the network's input and its first convolution (first.h), or a depthwise convolution
 * and the 1x1 that reads it (chain.h). What is between the two is rounded as if it had been stored. */
#include "backend/cuda/conv.h"

#include "backend/cuda/chain.h"
#include "backend/cuda/conv_end.h"
#include "backend/cuda/conv_step.h"
#include "backend/cuda/first.h"
#include "backend/cuda/tuner.h"
#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

typedef struct chain_step {
    const fov_conv_step *first, *second; /* first: of a chain, NULL where the second is a network's first */
    fov_lowered          own;            /* second, where nobody else keeps it */
    fov_cuda_constant   *packed, *channel;
    int                  parts; /* of the weights of a first convolution */
    char                 name[160];
} chain_step;

static void chain_free(void *impl)
{
    chain_step *step = impl;
    fov_cuda_constant_free(step->packed);
    fov_cuda_constant_free(step->channel);
    if (step->own.free) step->own.free(step->own.impl);
    fov_free(step);
}

static fov_cuda_limits limits_of(const fov_cuda_device *device)
{
    return (fov_cuda_limits){device->processors, device->shared_bytes};
}

static fov_cuda_images images_of(const fov_pixels *x)
{
    return (fov_cuda_images){x->bytes, (int)x->n, (int)x->h, (int)x->w, (int)x->ld};
}

static fov_status find_constants(const chain_step *step, const fov_cuda_device *device, const void **packed, const void **channel,
                                 fov_error *err)
{
    fov_status st = fov_cuda_constant_on(step->packed, device, packed, err);
    return st ? st : fov_cuda_constant_on(step->channel, device, channel, err);
}

/* The end's numbers of the second convolution. @param keep_start false: sums do not need fov_end_channel.start */
static fov_status pack_channels(chain_step *step, bool keep_start, fov_error *err)
{
    const size_t bytes = (size_t)step->second->own.cout * sizeof(fov_end_channel);
    void        *host;
    fov_status   st = fov_cuda_constant_memory(bytes, &host, err);
    if (st) return st;
    fov_end_channel *channel = host;
    memcpy(channel, fov_cuda_constant_host(step->second->channel), bytes);
    for (ptrdiff_t c = 0; c < step->second->own.cout && !keep_start; c++) channel[c].start = 0;
    return fov_cuda_constant_new(host, bytes, &step->channel, err);
}

/* ---------------------------------------------------------------- conversion and first convolution */

static fov_cuda_first first_of(const fov_conv *conv)
{
    return (fov_cuda_first){.channels = (int)conv->cin,
                            .outputs = (int)conv->cout,
                            .rows = (int)conv->kh,
                            .columns = (int)conv->kw,
                            .stride_y = (int)conv->stride[0],
                            .stride_x = (int)conv->stride[1],
                            .between = conv->x.dtype,
                            .quant = conv->x.quant};
}

static fov_status record_first(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                               fov_error *err)
{
    const chain_step *step = impl;
    const fov_conv   *conv = &step->second->own;
    fov_view          between = *in[0];
    const fov_view   *inputs[] = {&between};
    fov_conv_shape    shape;
    fov_first_params  params;
    fov_cuda_launch   launch;
    fov_pixels        x;
    const void       *packed, *channel;
    (void)scratch;
    if (!fov_pixels_of(in[0], &x)) return fov_fail_layout(conv->node, err);
    between.dtype = conv->x.dtype;
    fov_status st = fov_conv_shape_read(conv, inputs, out, &shape, err);
    if (!st) st = find_constants(step, fov_recorder_device(recorder), &packed, &channel, err);
    if (st) return st;
    fov_cuda_first first = first_of(conv);
    first.pad_top = (int)shape.window.pad_top;
    first.pad_left = (int)shape.window.pad_left;
    const fov_cuda_images images = images_of(&x);
    const fov_end         end = fov_end_of(&(const fov_conv *){conv}, 1, channel, inputs, out);
    const fov_cuda_limits limits = limits_of(fov_recorder_device(recorder));
    fov_cuda_first_fill(&first, &images, packed, step->parts, &end, &limits, &params, &launch);
    return fov_record_filled(recorder, &launch, &params, sizeof params, err);
}

static fov_status pack_first(chain_step *step, fov_error *err)
{
    const fov_cuda_first first = first_of(&step->second->own);
    const size_t         bytes = fov_cuda_first_bytes(&first);
    float               *weight = fov_conv_step_weights(step->second);
    void                *host = NULL;
    fov_status           st = weight ? fov_cuda_constant_memory(bytes, &host, err) : fov_fail_memory(err, "packed weights");
    if (!st) {
        fov_cuda_first_pack(&first, weight, host, &step->parts);
        st = fov_cuda_constant_new(host, bytes, &step->packed, err);
    }
    fov_free(weight);
    return st ? st : pack_channels(step, false, err);
}

/* Sums of bytes are ones that floats hold. */
static bool is_first(const fov_conv *conv)
{
    enum { SHARED_BYTES = 64 * 1024 /* as the oldest GPU has them */, MOST_WINDOW = 500 /* times 255 * 128 is below 2^24 */ };
    const fov_cuda_limits limits = {1, SHARED_BYTES};
    const fov_cuda_first  first = first_of(conv);
    const bool            plain = conv->group == 1 && !conv->has_residual && conv->dilation[0] == 1 && conv->dilation[1] == 1;
    return plain && fov_cuda_first_takes(&first, &limits) && conv->cin * conv->kh * conv->kw <= MOST_WINDOW;
}

static bool converts_first(const fov_cuda_node *convert, const fov_conv_step *second)
{
    return convert && second && convert->graph->value[convert->node->in[0]].dtype == FOV_F32 && is_first(&second->own);
}

fov_status fov_cuda_conv_first(fov_lowered *conv, fov_error *err)
{
    const fov_conv_step *second = fov_conv_step_of(conv);
    if (second->own.x.dtype != FOV_F32 || second->own.w.dtype != FOV_F32 || !is_first(&second->own)) return FOV_OK;
    chain_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    *step = (chain_step){.second = second};
    fov_status st = pack_first(step, err);
    if (st) {
        chain_free(step);
        return st;
    }
    step->own = *conv;
    snprintf(step->name, sizeof step->name, "%s_first", second->name);
    conv->kernel = step->name;
    conv->impl = step;
    conv->kin = NULL;
    conv->record = record_first;
    conv->free = chain_free;
    return FOV_OK;
}

/* ---------------------------------------------------------------- depthwise and 1x1 */

static fov_cuda_chain chain_of(const chain_step *step)
{
    const fov_conv *window = &step->first->own, *point = &step->second->own;
    return (fov_cuda_chain){
        .type = window->x.dtype, .channels = (int)window->cin, .outputs = (int)point->cout, .stride = (int)window->stride[0]};
}

/* A view of what is between the two, at the shape that the output has. */
static fov_view between_of(const fov_conv *window, const fov_view *in, const fov_view *out)
{
    fov_view view = fov_view_nhwc_of(window->y.dtype, in->shape.dim[0], window->cout, out->shape.dim[2], out->shape.dim[3],
                                     window->cout, in->data);
    view.quant = window->y.quant;
    return view;
}

/* A chain at a size, and one launch of it. */
typedef struct sized_chain {
    fov_cuda_chain   chain;
    fov_cuda_images  images;
    fov_end          end;
    const void      *packed;
    fov_chain_params params;
    fov_cuda_launch  filled;

    fov_cuda_chain_tile tile[FOV_CHAIN_MOST_TILES];
} sized_chain;

static fov_launch fill_chain(sized_chain *s, int index)
{
    fov_cuda_chain_fill(&s->chain, &s->images, s->packed, &s->end, &s->tile[index], &s->params, &s->filled);
    return fov_launch_of(&s->filled, &s->params, sizeof s->params);
}

static fov_status make_chain(void *context, int index, fov_candidate *candidate, fov_error *err)
{
    sized_chain               *s = context;
    const fov_cuda_chain_tile *tile = &s->tile[index];
    (void)err;
    candidate->launch = fill_chain(s, index);
    snprintf(candidate->name, sizeof candidate->name, "%s %dx%d groups %d threads %d slices %d", candidate->launch.kernel,
             tile->tile_rows, tile->tile_columns, tile->groups, tile->threads, tile->block_slices);
    return FOV_OK;
}

static void describe_chain(const sized_chain *s, fov_text *text)
{
    const fov_cuda_chain *c = &s->chain;
    fov_text_print(text, "chain %s%s %d to %d stride %d pad %d,%d | %dx%dx%d to %s", c->tf32 ? "t" : "", fov_dtype_name(c->type),
                   c->channels, c->outputs, c->stride, c->pad_top, c->pad_left, s->images.count, s->end.rows, s->end.columns,
                   fov_dtype_name((fov_dtype)s->end.output[0].dtype));
}

static fov_status record_sized(sized_chain *s, const fov_node *node, fov_recorder *recorder, fov_error *err)
{
    const fov_cuda_limits limits = limits_of(fov_recorder_device(recorder));
    const int             rows = s->end.rows, columns = s->end.columns;
    const int             count = fov_cuda_chain_tiles(&s->chain, rows, columns, &limits, s->tile);
    int                   choice = fov_cuda_chain_choose(&s->chain, s->images.count, rows, columns, &limits, s->tile, count);
    fov_text              step = {0};
    if (choice < 0)
        return fov_fail(err, FOV_ERR_DEVICE, "Conv '%.200s': no tile of it fits into a processor of this GPU", node->name);
    if (fov_tuner_is_on(fov_recorder_place(recorder))) describe_chain(s, &step);
    fov_status st = fov_tuner_choose(recorder, &step, make_chain, s, count, &choice, err);
    if (st) return st;
    const fov_launch launch = fill_chain(s, choice);
    return fov_record_launch(recorder, &launch, err);
}

static fov_status record_chain(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_recorder *recorder,
                               fov_error *err)
{
    const chain_step *step = impl;
    const fov_conv   *window = &step->first->own, *point = &step->second->own;
    fov_view          between = between_of(window, in[0], out);
    const fov_view   *inputs[] = {&between};
    fov_conv_shape    shape;
    sized_chain       sized = {.chain = chain_of(step)};
    const void       *channel;
    (void)scratch;
    fov_status st = fov_conv_shape_read(window, in, &between, &shape, err);
    if (!st) st = find_constants(step, fov_recorder_device(recorder), &sized.packed, &channel, err);
    if (st) return st;
    sized.images = images_of(&shape.x);
    sized.end = fov_end_of(&(const fov_conv *){point}, 1, channel, inputs, out);
    sized.chain.pad_top = (int)shape.window.pad_top;
    sized.chain.pad_left = (int)shape.window.pad_left;
    sized.chain.tf32 = sized.chain.type == FOV_F32 && fov_recorder_place(recorder)->options.tf32;
    return record_sized(&sized, point->node, recorder, err);
}

static fov_status pack_chain(chain_step *step, fov_error *err)
{
    const fov_conv_step *first = step->first, *second = step->second;
    const fov_cuda_chain chain = chain_of(step);
    const size_t         bytes = fov_cuda_chain_bytes(&chain), row = second->row_bytes;
    const size_t         own = (size_t)chain.channels * fov_dtype_size(second->own.w.dtype);
    float               *weight = fov_conv_step_weights(first);
    int32_t             *zero_point = fov_conv_step_zero_points(first);
    unsigned char       *dense = fov_alloc((size_t)chain.outputs * own);
    void                *host = NULL;
    fov_status           st =
        weight && zero_point && dense ? fov_cuda_constant_memory(bytes, &host, err) : fov_fail_memory(err, "packed weights");
    if (!st) {
        const unsigned char *rows = fov_cuda_constant_host(second->weight);
        for (size_t m = 0; m < (size_t)chain.outputs; m++) memcpy(dense + m * own, rows + m * row, own);
        const fov_cuda_chain_weights weights = {weight, zero_point, fov_cuda_constant_host(first->channel), dense};
        fov_cuda_chain_pack(&chain, &weights, host);
        st = fov_cuda_constant_new(host, bytes, &step->packed, err);
    }
    fov_free(weight);
    fov_free(zero_point);
    fov_free(dense);
    return st ? st : pack_channels(step, true, err);
}

static bool has_padding(const fov_node *node)
{
    for (size_t i = 0; i < 4; i++)
        if (fov_node_int_at(node, "pads", i, 0) != 0) return true;
    return fov_node_attr(node, "auto_pad") != NULL;
}

static bool is_chain(const fov_conv_step *first, const fov_conv_step *second)
{
    if (!first || !second || !first->window || !second->type) return false;
    const fov_conv *window = &first->own, *point = &second->own;
    const bool      square = window->kh == 3 && window->kw == 3 && window->stride[0] == window->stride[1];
    const bool      plain = window->dilation[0] == 1 && window->dilation[1] == 1 && point->kh == 1 && point->kw == 1 &&
                       point->stride[0] == 1 && point->stride[1] == 1;
    const chain_step     both = {.first = first, .second = second};
    const fov_cuda_chain chain = chain_of(&both);
    return square && plain && window->y.dtype == window->x.dtype && !point->has_residual && fov_cuda_chain_takes(&chain) &&
           !has_padding(point->node) && chain.outputs % 8 == 0;
}

/* ---------------------------------------------------------------- either */

fov_status fov_cuda_conv_chain(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err)
{
    const fov_conv_step *point = fov_conv_step_of(second), *window = fov_conv_step_of(first);
    const bool           converts = converts_first(fov_cuda_convert_of(first), point);
    if (!converts && !is_chain(window, point)) return FOV_OK;
    chain_step *step = fov_calloc(1, sizeof *step);
    if (!step) return fov_fail_memory(err, "a lowered node");
    *step = (chain_step){.first = converts ? NULL : window, .second = point};
    fov_status st = converts ? pack_first(step, err) : pack_chain(step, err);
    if (st) {
        chain_free(step);
        return st;
    }
    snprintf(step->name, sizeof step->name, "%s+%s", converts ? "convert" : window->name, point->name);
    *out = (fov_lowered){.kernel = step->name, .impl = step, .record = converts ? record_first : record_chain, .free = chain_free};
    return FOV_OK;
}
