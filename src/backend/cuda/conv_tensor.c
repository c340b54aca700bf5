// SPDX-License-Identifier: MIT
#include "backend/cuda/conv_tensor.h"

#include "backend/cuda/conv_hopper.h"
#include "backend/cuda/gemm_tile.h"
#include "backend/cuda/place.h"
#include "backend/cuda/tuner.h"

#include <stdio.h>
#include <string.h>

/* Chunks of 16 bytes of a pixel lie where they can be copied as one. */
static bool in_chunks(const fov_pixels *x)
{
    return (uintptr_t)x->bytes % FOV_CONV_CHUNK_BYTES == 0 && x->ld * x->size % FOV_CONV_CHUNK_BYTES == 0 &&
           x->c * x->size % FOV_CONV_CHUNK_BYTES == 0;
}

bool fov_conv_tensor_takes(const fov_conv_step *step, const fov_conv_shape *shape, const fov_cuda_device *device)
{
    enum { MOST_PIXELS = INT32_MAX - 4096 /* so that those of the last tile can be numbered */ };
    const int64_t *kernel = shape->window.kernel;
    if (!step->type || !in_chunks(&shape->x) || shape->y.n * shape->y.h * shape->y.w > MOST_PIXELS) return false;
    if (kernel[0] > FOV_GEMM_MOST_TAPS || kernel[1] > FOV_GEMM_MOST_TAPS) return false;
    return device->capability >= 80 || !strcmp(step->type, "f16") || !strcmp(step->type, "u8");
}

fov_gemm_problem fov_conv_tensor_product(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                         const fov_end *end, const fov_place *place, const char **type)
{
    const fov_window *window = &shape->window;
    const fov_pixels *x = &shape->x;
    *type = place->options.tf32 && !strcmp(step->type, "f32") ? "tf32" : step->type;
    return (fov_gemm_problem){.x = x->bytes,
                              .pad = x->dtype == FOV_U8 ? at->pad : NULL,
                              .weight = at->weight,
                              .end = *end,
                              .columns = fov_divisor_of(end->columns),
                              .image = fov_divisor_of(end->rows * end->columns),
                              .pixels = (int32_t)(x->n * end->rows * end->columns),
                              .x_rows = (int32_t)x->h,
                              .x_columns = (int32_t)x->w,
                              .x_ld_bytes = (int32_t)(x->ld * x->size),
                              .tap_chunks = (int32_t)(x->c * x->size / FOV_CONV_CHUNK_BYTES),
                              .taps = (int32_t)(window->kernel[0] * window->kernel[1]),
                              .taps_across = (int32_t)window->kernel[1],
                              .stride_y = (int32_t)window->stride[0],
                              .stride_x = (int32_t)window->stride[1],
                              .pad_top = (int32_t)window->pad_top,
                              .pad_left = (int32_t)window->pad_left,
                              .dilation_y = (int32_t)window->dilation[0],
                              .dilation_x = (int32_t)window->dilation[1],
                              .k_bytes = (int32_t)(window->kernel[0] * window->kernel[1] * x->c * x->size),
                              .k_pitch = (int32_t)step->row_bytes};
}

/* ---------------------------------------------------------------- by tensor copies and warpgroups (conv_hopper.h) */

static fov_hopper_shape hopper_shape(const fov_conv_step *step, const fov_conv_shape *shape, const fov_end *end)
{
    const fov_conv   *conv = step->conv[0];
    const fov_window *window = &shape->window;
    const fov_pixels *x = &shape->x;
    fov_hopper_shape  s = {.dtype = conv->x.dtype,
                           .images = x->n,
                           .x_rows = x->h,
                           .x_columns = x->w,
                           .x_channels = x->c,
                           .x_ld = x->ld,
                           .y_rows = end->rows,
                           .y_columns = end->columns,
                           .y_channels = end->channels,
                           .taps_down = (int)window->kernel[0],
                           .taps_across = (int)window->kernel[1],
                           .stride_y = (int)window->stride[0],
                           .stride_x = (int)window->stride[1],
                           .pad_top = (int)window->pad_top,
                           .pad_left = (int)window->pad_left,
                           .dilation_y = (int)window->dilation[0],
                           .dilation_x = (int)window->dilation[1]};
    for (ptrdiff_t c = 0; c < conv->cin && conv->x.dtype == FOV_U8; c++)
        s.zero_points = s.zero_points || fov_quant_zero_point(conv->x.quant, c) != 0;
    return s;
}

/* Its weights are the same rows where a tap fills its blocks. */
static bool can_hopper(const fov_conv_step *step, const fov_hopper_shape *shape, const fov_cuda_device *device)
{
    if (device->capability != 90 || shape->y_channels % 16 || !fov_hopper_takes(shape)) return false;
    return fov_hopper_weight_bytes(shape) == (size_t)shape->y_channels * step->row_bytes &&
           fov_cuda_has_kernel(device, "fov_conv_hopper_half_128x64");
}

/* It wins where there is much to multiply: a tile of the other kernel begins sooner, and shares a launch with others of its wave.
 */
static bool prefers_hopper(const fov_conv_step *step, const fov_hopper_shape *shape, const fov_cuda_device *device)
{
    enum { ENOUGH_BYTES = 64, LONG_BYTES = 512 }; /* of a row of weights */
    const int64_t tiles = shape->images * shape->y_rows * shape->y_columns * shape->y_channels / (128 * 64);
    return step->row_bytes >= LONG_BYTES || (step->row_bytes >= ENOUGH_BYTES && tiles >= device->processors / 2);
}

/* ---------------------------------------------------------------- either */

enum { MOST_TILINGS = 48 };

/* A convolution at a size, and one launch of it: tilings of the kernel for Hopper, then tiles of the other. */
typedef struct sized_conv {
    const fov_cuda_device *device;
    const char            *type;
    fov_gemm_problem       problem;
    fov_hopper_shape       shape;
    fov_hopper_tiling      tiling[MOST_TILINGS];
    int                    tilings;
    fov_hopper_params      hopper;
    fov_gemm_params        gemm;
    fov_cuda_launch        filled;
} sized_conv;

static fov_status fill_hopper(sized_conv *s, int index, fov_launch *launch, fov_error *err)
{
    const fov_cuda_device *device = s->device;
    fov_hopper_launch      own;
    fov_status             st = fov_hopper_prepare(device->driver, &s->shape, &s->tiling[index], device->processors, s->problem.x,
                                                   s->problem.weight, &s->problem.end, &own, &s->hopper, err);
    if (st) return st;
    *launch = (fov_launch){.kernel = own.kernel,
                           .grid = {own.grid, 1, 1},
                           .threads = own.threads,
                           .cluster = own.cluster,
                           .shared_bytes = own.shared_bytes,
                           .params_bytes = sizeof s->hopper,
                           .params = &s->hopper};
    return FOV_OK;
}

static fov_status make_hopper(sized_conv *s, int index, fov_candidate *candidate, fov_error *err)
{
    const fov_hopper_tiling *t = &s->tiling[index];
    fov_status               st = fill_hopper(s, index, &candidate->launch, err);
    if (!st)
        snprintf(candidate->name, sizeof candidate->name, "%s multicast %d splits %d", candidate->launch.kernel, t->multicast,
                 t->splits);
    return st;
}

static fov_status make_gemm(sized_conv *s, int tile, fov_candidate *candidate, fov_error *err)
{
    const fov_gemm_problem *problem = &s->problem;
    fov_status              st = fov_gemm_fill(s->type, &problem, 1, tile, &s->gemm, &s->filled, err);
    if (st) return st;
    candidate->launch = fov_launch_of(&s->filled, &s->gemm, sizeof s->gemm);
    snprintf(candidate->name, sizeof candidate->name, "%s", candidate->launch.kernel);
    return FOV_OK;
}

static fov_status make_either(void *context, int index, fov_candidate *candidate, fov_error *err)
{
    sized_conv *s = context;
    return index < s->tilings ? make_hopper(s, index, candidate, err) : make_gemm(s, index - s->tilings, candidate, err);
}

/* Behind the tiling that is expected to be the fastest those that may be. */
static void list_tilings(sized_conv *s)
{
    const double      far = 3; /* times what the first is expected to take */
    const int         processors = s->device->processors;
    fov_hopper_tiling tiling;
    for (int i = 0; fov_hopper_candidate(&s->shape, i, &tiling) && s->tilings < MOST_TILINGS; i++)
        if (memcmp(&tiling, &s->tiling[0], sizeof tiling) != 0 &&
            fov_hopper_cost(&s->shape, &tiling, processors) < far * fov_hopper_cost(&s->shape, &s->tiling[0], processors))
            s->tiling[s->tilings++] = tiling;
}

/* A product that others of its wave would share a launch with is not compared with a launch of its own. */
static fov_status choose(sized_conv *s, bool prefers, const fov_recorder *recorder, int *choice, fov_error *err)
{
    const bool alone = fov_recorder_is_alone(recorder);
    fov_text   step = {0};
    if (!fov_tuner_is_on(fov_recorder_place(recorder)) || (!alone && !prefers)) return FOV_OK;
    list_tilings(s);
    if (!prefers) *choice = s->tilings;
    fov_text_print(&step, "conv %s%s", s->type, alone ? "" : " in a shared wave");
    fov_gemm_describe(&s->problem, &step);
    return fov_tuner_choose(recorder, &step, make_either, s, s->tilings + (alone ? FOV_GEMM_TILES : 0), choice, err);
}

fov_status fov_conv_tensor_record(const fov_conv_step *step, const fov_conv_shape *shape, const fov_conv_placed *at,
                                  const fov_end *end, fov_recorder *recorder, fov_error *err)
{
    sized_conv s = {.device = fov_recorder_device(recorder)};
    fov_launch launch;
    s.problem = fov_conv_tensor_product(step, shape, at, end, fov_recorder_place(recorder), &s.type);
    s.shape = hopper_shape(step, shape, end);
    const bool can = can_hopper(step, &s.shape, s.device), prefers = can && prefers_hopper(step, &s.shape, s.device);
    if (!prefers && !(can && fov_tuner_is_on(fov_recorder_place(recorder))))
        return fov_record_gemm(recorder, s.type, &s.problem, err);
    s.tiling[0] = fov_hopper_choose(&s.shape, s.device->processors);
    s.tilings = 1;
    int        choice = prefers ? 0 : s.tilings;
    fov_status st = choose(&s, prefers, recorder, &choice, err);
    if (st) return st;
    if (choice >= s.tilings) return fov_record_gemm(recorder, s.type, &s.problem, err);
    st = fill_hopper(&s, choice, &launch, err);
    return st ? st : fov_record_launch(recorder, &launch, err);
}
