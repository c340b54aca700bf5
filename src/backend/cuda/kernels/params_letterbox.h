// SPDX-License-Identifier: MIT
/* What the kernel is given that makes the network's input from photos. */
#ifndef FOVEA_BACKEND_CUDA_KERNELS_PARAMS_LETTERBOX_H
#define FOVEA_BACKEND_CUDA_KERNELS_PARAMS_LETTERBOX_H

#include <stdint.h>

enum {
    FOV_LETTERBOX_THREADS = 256,
    FOV_LETTERBOX_COLUMNS = 128, /* of the network's input, a tile */
    FOV_LETTERBOX_ROWS = 8,
    FOV_LETTERBOX_LANES = 32,  /* of the horizontal taps; the vertical ones have 1 */
    FOV_LETTERBOX_SPAN = 1024, /* samples of a blended row that are in shared memory at a time */
};

/** As fov_taps (media/taps.h). */
typedef struct fov_letterbox_axis {
    const int32_t *start;
    int32_t        count, weight; /* where they are, in numbers of 4 bytes from `start` */
    int32_t        most;
} fov_letterbox_axis;

/** A photo and its place in the network's input. */
typedef struct fov_letterbox_image {
    const uint8_t     *pixels;         /* pixel (0, 0) of the upright photo, wherever it is stored */
    int64_t            step_x, step_y; /* bytes to the next pixel and to the next row of the upright photo */
    fov_letterbox_axis x, y;
    int32_t            width;      /* of the upright photo */
    int32_t            pixel;      /* samples of a pixel: 1, 3 or 4 */
    int32_t            channel[3]; /* of them, the network's channels */
    int32_t words; /* pixels of a row follow each other, and rows begin at multiples of 4 bytes, which may be read whole */
    int32_t left, top, scaled_w, scaled_h;
    float   mean[3], scale[3];
    float   fill[3]; /* after mean and scale */
} fov_letterbox_image;

enum {
    FOV_LETTERBOX_IMAGE_BYTES = (sizeof(fov_letterbox_image) + 15) / 16 * 16, /* in shared memory, before the rows */
    FOV_LETTERBOX_SHARED_BYTES = FOV_LETTERBOX_IMAGE_BYTES + FOV_LETTERBOX_ROWS * (FOV_LETTERBOX_SPAN + 4) * 4,
};

typedef struct fov_letterbox_params {
    const fov_letterbox_image *image; /* one a photo of the batch */
    float                     *out;   /* of the first one, NHWC */
    int32_t                    out_w, out_h, ld;
    int32_t                    tiles_x; /* of an image; tiles follow each other row by row */
} fov_letterbox_params;

#endif
