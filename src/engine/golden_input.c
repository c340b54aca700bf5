// SPDX-License-Identifier: MIT
/* The pictures of golden vectors: made with integers only, so that they are the same on every machine. */
#include "engine/golden.h"

#include <string.h>

enum { PIXEL_BYTES = 4 };

static int round_up(int side, int stride)
{
    return (side + stride - 1) / stride * stride;
}

void fov_golden_inputs(const fov_engine *engine, const fov_image *photo, fov_golden_input input[FOV_GOLDEN_INPUTS])
{
    static const int sides[FOV_GOLDEN_INPUTS][2] = {{128, 96}, {64, 160}};
    int              stride = 1;
    for (int i = 0; i < engine->settings.n_level; i++)
        if (engine->settings.level[i].stride > stride) stride = engine->settings.level[i].stride;
    for (int i = 0; i < FOV_GOLDEN_INPUTS; i++)
        input[i] = (fov_golden_input){round_up(sides[i][0], stride), round_up(sides[i][1], stride), photo};
}

/* A wave of the given period: 0 .. 255 .. 0. */
static int triangle(int x, int period)
{
    const int at = x % period * 2;
    return (at < period ? at : 2 * period - at) * 255 / period;
}

/* Soft and hard edges, discs and noise: something for every kernel to answer to. */
static uint8_t pattern(int x, int y, int channel)
{
    const int      dx = x % 48 - 24, dy = y % 40 - 20;
    const uint32_t noise = ((uint32_t)x * 73856093U ^ (uint32_t)y * 19349663U ^ (uint32_t)channel * 83492791U) * 2654435761U;
    int            v = (triangle(x + 7 * channel, 31 + 6 * channel) + triangle(y, 43 - 4 * channel)) / 2;
    if (dx * dx + dy * dy < 150 + 40 * channel) v = 255 - v;
    v += (int)(noise >> 28) - 8;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static const uint8_t *pixel_of(const fov_image *image, int x, int y, int channel)
{
    static const int bytes[PIXEL_BYTES] = {[FOV_RGB8] = 3, [FOV_BGR8] = 3, [FOV_GRAY8] = 1, [FOV_RGBA8] = 4};
    const int        at = image->format == FOV_GRAY8 ? 0 : image->format == FOV_BGR8 ? 2 - channel : channel;
    return image->data + y * image->pitch + (ptrdiff_t)x * bytes[image->format] + at;
}

/* The mean of the photo's pixels that lie under one of the input's. */
static uint8_t shrunk(const fov_image *image, const fov_golden_input *input, int x, int y, int channel)
{
    const int x0 = (int)((int64_t)x * image->width / input->width), y0 = (int)((int64_t)y * image->height / input->height);
    int       x1 = (int)((int64_t)(x + 1) * image->width / input->width);
    int       y1 = (int)((int64_t)(y + 1) * image->height / input->height);
    int64_t   sum = 0;
    if (x1 == x0) x1++;
    if (y1 == y0) y1++;
    for (int v = y0; v < y1; v++)
        for (int u = x0; u < x1; u++) sum += *pixel_of(image, u, v, channel);
    const int64_t count = (int64_t)(x1 - x0) * (y1 - y0);
    return (uint8_t)((sum + count / 2) / count);
}

void fov_golden_pixels(const fov_golden_input *input, uint8_t *pixels)
{
    for (int y = 0; y < input->height; y++)
        for (int x = 0; x < input->width; x++)
            for (int c = 0; c < 3; c++) *pixels++ = input->photo ? shrunk(input->photo, input, x, y, c) : pattern(x, y, c);
}
