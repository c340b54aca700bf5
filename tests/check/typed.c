// SPDX-License-Identifier: MIT
#include "typed.h"

#include "graph/ops/walk.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

fov_dtype random_dtype(check *t)
{
    static const fov_dtype types[] = {FOV_F32, FOV_F16, FOV_BF16, FOV_U8};
    return types[test_random_int(&t->random, 0, 3)];
}

fov_quant *random_quant(check *t, fov_dtype dtype, int64_t channels)
{
    if (dtype != FOV_U8) return NULL;
    fov_quant *quant = malloc(sizeof *quant);
    if (!quant) abort();
    quant->count = test_random_int(&t->random, 0, 1) ? 1 : (int)channels;
    quant->scale = calloc((size_t)quant->count, sizeof *quant->scale);
    quant->zero_point = calloc((size_t)quant->count, sizeof *quant->zero_point);
    if (!quant->scale || !quant->zero_point) abort();
    for (int c = 0; c < quant->count; c++) {
        quant->scale[c] = test_random_int(&t->random, 0, 3) ? test_random_float(&t->random, 0.002F, 0.03F) : 0x1p-7F;
        quant->zero_point[c] = test_random_int(&t->random, 0, 2) ? test_random_int(&t->random, 0, UINT8_MAX) : 0;
    }
    return quant;
}

void free_quant(fov_quant *quant)
{
    if (!quant) return;
    free(quant->scale);
    free(quant->zero_point);
    free(quant);
}

/* Mostly what layers compute; sometimes what lies between two integers of a power of two, or is no number of theirs. */
static float random_real(check *t)
{
    static const float special[] = {NAN, INFINITY, -INFINITY, 1e30F, -1e30F, 1e-42F, -0.0F, 65519.0F, 65520.0F};
    const int          kind = test_random_int(&t->random, 0, 29);
    if (kind == 0) return special[test_random_int(&t->random, 0, 8)];
    if (kind < 4) return ((float)test_random_int(&t->random, -300, 300) + 0.5F) * 0x1p-7F;
    return test_random_float(&t->random, -1, 1);
}

fov_view random_view(check *t, fov_dtype dtype, const fov_quant *quant, const int64_t *nchw, guarded *memory, bool fill)
{
    const int64_t ld = nchw[1] + (test_random_int(&t->random, 0, 1) ? test_random_int(&t->random, 1, 20) : 0);
    const size_t  bytes = (size_t)(nchw[0] * nchw[2] * nchw[3] * ld) * fov_dtype_size(dtype);
    *memory = guarded_new((bytes + sizeof(float) - 1) / sizeof(float), (size_t)test_random_int(&t->random, 0, 15));
    fov_view view = fov_view_nhwc_of(dtype, nchw[0], nchw[1], nchw[2], nchw[3], ld, memory->data);
    view.quant = quant;
    for (fov_walk w = fov_walk_begin(&view.shape); fill && w.more; fov_walk_next(&w)) {
        if (dtype == FOV_U8) ((uint8_t *)view.data)[fov_view_offset(&view, w.at)] = (uint8_t)test_random_int(&t->random, 0, 255);
        else fov_view_store_one(&view, w.at, random_real(t));
    }
    return view;
}

bool view_intact(const fov_view *view, const guarded *memory)
{
    const size_t         size = fov_dtype_size(view->dtype), ld = (size_t)view->stride[3], c = (size_t)view->shape.dim[1];
    const size_t         pixels = (size_t)(view->shape.dim[0] * view->shape.dim[2] * view->shape.dim[3]);
    const unsigned char *bytes = view->data, *guard = (const unsigned char *)memory->block;
    for (size_t i = 0; i < memory->floats * sizeof(float); i++)
        if ((i / size >= pixels * ld || i / size % ld >= c) && bytes[i] != guard[i % sizeof(float)]) return false;
    return guarded_intact(memory);
}

bool views_equal(const fov_view *a, const fov_view *b, int64_t *at)
{
    const size_t size = fov_dtype_size(a->dtype);
    for (fov_walk w = fov_walk_begin(&a->shape); w.more; fov_walk_next(&w)) {
        const char *pa = (const char *)a->data + fov_view_offset(a, w.at) * (int64_t)size;
        const char *pb = (const char *)b->data + fov_view_offset(b, w.at) * (int64_t)size;
        if (!memcmp(pa, pb, size) || (isnan(fov_view_load_one(a, w.at)) && isnan(fov_view_load_one(b, w.at)))) continue;
        memcpy(at, w.at, sizeof w.at);
        return false;
    }
    return true;
}
