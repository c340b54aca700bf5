// SPDX-License-Identifier: MIT
#include "numerics/probe.h"

#include "base/alloc.h"
#include "graph/op.h"

#include <math.h>

enum { SIDE = 128, REGION = 32, COLORS = 3 };

/* SplitMix64's finaliser: any bit of the position changes every bit of the colour. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
    return x ^ x >> 31;
}

/* 0 to 255. Regions have blocks of 1, 4, 8 or 16 pixels. */
static float pixel(int x, int y, int color)
{
    static const int log_of_block[4] = {0, 2, 3, 4};
    const int        shift = log_of_block[(x / REGION + y / REGION) % 4];
    const uint64_t   at = (uint64_t)(x >> shift) << 32 | (uint64_t)(y >> shift) << 8 | (uint64_t)color << 4 | (uint64_t)shift;
    return (float)(mix(at + 0x9e3779b97f4a7c15ULL) >> 56);
}

static void paint(const fov_settings *settings, float *data)
{
    for (int c = 0; c < COLORS; c++)
        for (int y = 0; y < SIDE; y++)
            for (int x = 0; x < SIDE; x++) *data++ = (pixel(x, y, c) - settings->mean[c]) * settings->scale[c];
}

/* Largest magnitude of every channel of a dense value. */
static void measure(const fov_view *view, float *magnitude)
{
    const int64_t channels = view->shape.dim[1], pixels = view->shape.dim[2] * view->shape.dim[3];
    const float  *data = view->data;
    for (int64_t i = 0; i < view->shape.dim[0] * channels; i++)
        for (int64_t p = 0; p < pixels; p++, data++) {
            float *largest = &magnitude[i % channels];
            if (!isfinite(*data)) *largest = INFINITY;
            else if (fabsf(*data) > *largest) *largest = fabsf(*data);
        }
}

static bool has_channels(const fov_view *view)
{
    return view->shape.rank == 4 && view->dtype == FOV_F32 && view->data && view->shape.dim[1] <= INT32_MAX;
}

/* Constants have no channels: a kernel is of rank 4 too. */
static fov_status number(const fov_graph *graph, const fov_view *values, fov_channels *channels, fov_error *err)
{
    int64_t count = 0;
    channels->first = fov_alloc_array((size_t)graph->n_value + 1, sizeof *channels->first);
    if (!channels->first) return fov_fail_memory(err, "the channels of the network");
    for (int v = 0; v <= graph->n_value; v++) {
        channels->first[v] = (int)count;
        if (v == graph->n_value || graph->value[v].data || !has_channels(&values[v])) continue;
        count += values[v].shape.dim[1];
        if (count > INT32_MAX) return fov_fail(err, FOV_ERR_LIMIT, "the network has more than 2^31 channels");
    }
    channels->count = (int)count;
    channels->magnitude = fov_calloc((size_t)count, sizeof *channels->magnitude);
    if (!channels->magnitude) return fov_fail_memory(err, "the channels of the network");
    for (int v = 0; v < graph->n_value; v++)
        if (fov_channels_of(channels, v)) measure(&values[v], channels->magnitude + channels->first[v]);
    return FOV_OK;
}

fov_status fov_channels_probe(const fov_graph *graph, const fov_settings *settings, fov_channels *channels, fov_error *err)
{
    const fov_shape shape = {4, {1, COLORS, SIDE, SIDE}};
    float          *data = fov_alloc_array((size_t)COLORS * SIDE * SIDE, sizeof *data);
    fov_view       *values = NULL, input = fov_view_dense(FOV_F32, &shape, data);
    fov_status      st;
    *channels = (fov_channels){0};
    if (!data) return fov_fail_memory(err, "a picture to try the network on");
    paint(settings, data);
    if (graph->n_input == 1) st = fov_graph_evaluate(graph, &input, &values, err);
    else st = fov_fail(err, FOV_ERR_UNSUPPORTED, "the network has %d inputs, not one picture", graph->n_input);
    if (!st) st = number(graph, values, channels, err);
    fov_values_free(graph, values);
    fov_free(data);
    if (st) fov_channels_clear(channels);
    return st;
}

void fov_channels_clear(fov_channels *channels)
{
    fov_free(channels->first);
    fov_free(channels->magnitude);
    *channels = (fov_channels){0};
}
