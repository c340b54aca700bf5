// SPDX-License-Identifier: MIT
/* Pixels in whatever layout they are stored: a plane for each component, some of them with fewer samples than there are pixels.
 * RGB in memory is three planes that lie in each other; a video's frame and a JPEG's components are planes as they come. So faces
 * are hidden in the samples that will be stored, and no others are converted. */
#ifndef FOVEA_HIDE_SURFACE_H
#define FOVEA_HIDE_SURFACE_H

#include <stddef.h>
#include <stdint.h>

enum { FOV_MAX_PLANES = 4 };

typedef struct fov_plane {
    uint8_t  *data;
    ptrdiff_t pitch;            /* bytes from row to row                                                  */
    int       step;             /* bytes from sample to sample                                            */
    int       bytes;            /* of a sample: 1, or 2 in the machine's order                            */
    int       shift;            /* of a sample of 2 bytes: bits below its value, which are 0              */
    int       depth;            /* bits of its value                                                      */
    int       width, height;    /* samples                                                     */
    int       ratio_x, ratio_y; /* pixels that a sample stands for                             */
    float     from_rgb[4];      /* a sample of a colour: r [0] + g [1] + b [2] + [3], r, g, b of 0..255 */
} fov_plane;

typedef struct fov_surface {
    int       width, height; /* pixels, as stored                                 */
    int       orientation;   /* EXIF 1..8: how the stored pixels are seen upright */
    int       planes;
    fov_plane plane[FOV_MAX_PLANES];
    fov_plane alpha; /* of every pixel: the colours are seen laid over white by it; without data: they are opaque */
} fov_surface;

static inline unsigned fov_plane_get(const fov_plane *p, const uint8_t *sample)
{
    return p->bytes == 1 ? *sample : (unsigned)*(const uint16_t *)(const void *)sample >> p->shift;
}

static inline void fov_plane_put(const fov_plane *p, uint8_t *sample, unsigned value)
{
    if (p->bytes == 1) *sample = (uint8_t)value;
    else *(uint16_t *)(void *)sample = (uint16_t)(value << p->shift);
}

/** The sample that shows a colour, within what the plane can hold. */
static inline unsigned fov_plane_colour(const fov_plane *p, float r, float g, float b)
{
    const float value = r * p->from_rgb[0] + g * p->from_rgb[1] + b * p->from_rgb[2] + p->from_rgb[3] + 0.5F;
    const float most = (float)((1 << p->depth) - 1);
    return value < 0 ? 0 : value > most ? (unsigned)most : (unsigned)value;
}

#endif
