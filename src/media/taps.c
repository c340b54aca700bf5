// SPDX-License-Identifier: MIT
#include "media/taps.h"

#include <math.h>
#include <string.h>

enum { ALIGNMENT = 64 };

static size_t rounded(size_t bytes)
{
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t groups(int out, int lanes)
{
    return ((size_t)out + (size_t)lanes - 1) / (size_t)lanes;
}

static double radius(double in, int out)
{
    return in > out ? in / out : 1.0;
}

int fov_taps_most(int in, int out)
{
    double taps = 2 * ceil(radius(in, out)) + 1;
    return taps < in ? (int)taps : in;
}

static size_t starts_bytes(int out, int lanes)
{
    return rounded(groups(out, lanes) * (size_t)lanes * sizeof(int));
}

static size_t counts_bytes(int out, int lanes)
{
    return rounded(groups(out, lanes) * sizeof(int));
}

static size_t weights_bytes(int in, int out, int lanes)
{
    return rounded(groups(out, lanes) * (size_t)lanes * (size_t)fov_taps_most(in, out) * sizeof(float));
}

size_t fov_taps_bytes(int in, int out, int lanes)
{
    return starts_bytes(out, lanes) + counts_bytes(out, lanes) + weights_bytes(in, out, lanes);
}

/* Pillow's taps: output i is centred at (i + 0.5) * in / out of the input, pixel k of the input at k + 0.5; the triangle is
 * `reach` wide to either side and cut off at the picture's edge, which is why its sum is divided out. */
static void make_one(fov_taps *taps, int in, int i, double centre, double reach)
{
    const int group = i / taps->lanes;
    float    *weight = taps->weight + (size_t)group * (size_t)taps->most * (size_t)taps->lanes + i % taps->lanes;
    int       first = (int)ceil(centre - reach - 0.5), count = 0;
    double    sum = 0;
    if (first < 0) first = 0;
    while (first < in - 1 && reach - fabs(first + 0.5 - centre) <= 0) first++;
    for (int k = first; k < in && count < taps->most; k++) {
        double w = 1 - fabs(k + 0.5 - centre) / reach;
        if (w <= 0) break;
        weight[count++ * taps->lanes] = (float)w;
        sum += w;
    }
    for (int k = 0; k < count; k++) weight[k * taps->lanes] = (float)(weight[k * taps->lanes] / sum);
    taps->start[i] = first;
    if (count > taps->count[group]) taps->count[group] = count;
}

void fov_taps_make(fov_taps *taps, int in, double first, double count, int out, int lanes, void *memory)
{
    unsigned char *place = memory;
    *taps = (fov_taps){.lanes = lanes, .most = fov_taps_most(in, out)};
    taps->start = (int *)(void *)place;
    taps->count = (int *)(void *)(place + starts_bytes(out, lanes));
    taps->weight = (float *)(void *)(place + starts_bytes(out, lanes) + counts_bytes(out, lanes));
    memset(memory, 0, fov_taps_bytes(in, out, lanes));
    for (int i = 0; i < out; i++) make_one(taps, in, i, first + (i + 0.5) * (count / out), radius(count, out));
}
