// SPDX-License-Identifier: MIT
/* The inner loops of the letterbox, each over one row. resize_rows.c is their meaning; folders of instruction sets replace
 * pointers by loops that give the same bits: products are rounded before they are added, in the order of the taps. */
#ifndef FOVEA_MEDIA_RESIZE_ROWS_H
#define FOVEA_MEDIA_RESIZE_ROWS_H

#include "media/taps.h"

#include <stdint.h>

enum {
    FOV_RESIZE_LANES = 4,   /* outputs of a group of horizontal taps */
    FOV_RESIZE_OVERREAD = 4 /* floats read, not used, behind a pixel of a blended row */
};

/** From a pixel of the photo to a pixel of the network: (in[channel[c]] - mean[c]) * scale[c]. */
typedef struct fov_pixel_map {
    int       pixel;      /* samples of a photo's pixel: 1, 3 or 4 */
    int       channel[3]; /* of them, the network's channels */
    float     mean[3], scale[3];
    ptrdiff_t ld; /* floats from pixel to pixel of the network's input */
} fov_pixel_map;

typedef struct fov_resize_rows {
    /** Vertical step: out[i] = sum over k < taps of weight[k] * in[k * pitch + i], for i < n. Reads no other bytes. */
    void (*blend)(float *out, const uint8_t *in, ptrdiff_t pitch, const float *weight, int taps, size_t n);
    /** Horizontal step on a blended row: `width` pixels, mapped. The taps have FOV_RESIZE_LANES lanes. */
    void (*resample)(const fov_pixel_map *map, const fov_taps *taps, const float *row, float *out, int width);
    /** A row that keeps its size: `width` pixels, mapped. Reads no other bytes. */
    void (*convert)(const fov_pixel_map *map, const uint8_t *in, float *out, int width);
} fov_resize_rows;

/** The plain loops, for any `ld`. */
void fov_resize_rows_plain(fov_resize_rows *rows);
/** The best loops for a processor with these features of base/cpu.h. Those of an instruction set want an `ld` of 3. */
void fov_resize_rows_init(fov_resize_rows *rows, unsigned cpu);

#if defined(__x86_64__)
void fov_resize_rows_avx2(fov_resize_rows *rows);
void fov_resize_rows_avx512(fov_resize_rows *rows);
#endif

#endif
