// SPDX-License-Identifier: MIT
#include "backend/cuda/heads.h"

#include "backend/cuda/conv.h"
#include "backend/cuda/gemm_tile.h"
#include "backend/cuda/place.h"

#include <stdio.h>
#include <string.h>

enum { KINDS = 3 /* of heads that a level has */ };

/* The column that a head begins at in a product. @return false: it is none of the product's outputs, or is rounded there */
static bool find_column(const fov_end *end, const fov_view *head, int32_t *column)
{
    for (int i = 0; i < KINDS; i++) {
        if (end->output[i].data != head->data) continue;
        *column = end->output[i].first_channel;
        return end->output[i].dtype == FOV_F32;
    }
    return false;
}

/* @param head a level's three, which must be all that the product puts out */
static bool is_of_level(const fov_gemm_problem *product, const fov_view *head, fov_heads_columns *columns)
{
    const fov_end *end = &product->end;
    return end->residual_at == FOV_END_NO_RESIDUAL && end->output[KINDS].first_channel == end->channels &&
           find_column(end, &head[0], &columns->scores) && find_column(end, &head[1], &columns->boxes) &&
           find_column(end, &head[2], &columns->landmarks);
}

/* The next level, among the steps of the last wave: nothing overwrites what these read, and nobody reads what they write. */
static fov_status find_level(const fov_place *place, const fov_call *calls, int count, const fov_view *head, fov_cuda_heads *heads,
                             fov_gemm_problem *product, const char **type, fov_error *err)
{
    for (int i = count - 1; i >= 0 && calls[i].wave == calls[count - 1].wave; i--) {
        fov_status st = fov_cuda_conv_product(&calls[i], place, type, product, err);
        if (st) return st;
        heads->step[heads->levels] = i;
        if (*type && is_of_level(product, head, &heads->params.column[heads->levels])) return FOV_OK;
    }
    *type = NULL;
    return FOV_OK;
}

/* Behind what the tile needs, shared memory has the numbers of channels. */
static fov_status fill(const fov_place *place, const char *type, const fov_gemm_problem *product, fov_cuda_heads *heads,
                       fov_error *err)
{
    const fov_gemm_problem *of[FOV_MAX_LEVELS];
    fov_cuda_launch        *launch = &heads->launch;
    int32_t                 channels = 0, across = 0;
    for (int k = 0; k < heads->levels; k++) of[k] = &product[k];
    const int  tile = fov_gemm_tile_choose(of, heads->levels, place->device->processors);
    fov_status st = fov_gemm_fill(type, of, heads->levels, tile, &heads->params.product, launch, err);
    if (st) return st;
    for (int k = 0; k < heads->levels; k++) {
        const fov_gemm_problem *p = &heads->params.product.problem[k];
        if (p->tiles_n > across) across = p->tiles_n;
        if (p->end.channels > channels) channels = p->end.channels;
    }
    const size_t length = strlen(launch->kernel);
    snprintf(launch->kernel + length, sizeof launch->kernel - length, "_faces");
    launch->shared_bytes += (size_t)channels * sizeof(fov_end_channel);
    if (across != 1 || !fov_cuda_has_kernel(place->device, launch->kernel)) heads->levels = 0;
    return FOV_OK;
}

fov_status fov_cuda_heads_find(const fov_place *place, const fov_call *calls, int count, const fov_ends *ends,
                               fov_cuda_heads *heads, fov_error *err)
{
    fov_gemm_problem product[FOV_MAX_LEVELS];
    const char      *type, *first = NULL;
    *heads = (fov_cuda_heads){.levels = 0};
    for (int k = 0; k < ends->settings->n_level; k++) {
        fov_status st = find_level(place, calls, count, &ends->head[KINDS * k], heads, &product[k], &type, err);
        if (!first) first = type;
        if (st || !type || strcmp(type, first) != 0) {
            heads->levels = 0;
            return st;
        }
        heads->levels++;
    }
    return fill(place, first, product, heads, err);
}

bool fov_cuda_heads_have(const fov_cuda_heads *heads, int step)
{
    for (int k = 0; k < heads->levels; k++)
        if (heads->step[k] == step) return true;
    return false;
}
