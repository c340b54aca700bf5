// SPDX-License-Identifier: MIT
/* Photos into the network's input on the GPU: what is uploaded for it, and its launch.
 *
 * For a batch one block of staging memory holds a fov_letterbox_image for each photo, and for each photo the taps and, unless they
 * are on the device already, the pixels. It is filled on the host, best in pinned memory, and copied to the device as it is. */
#ifndef FOVEA_BACKEND_CUDA_LETTERBOX_H
#define FOVEA_BACKEND_CUDA_LETTERBOX_H

#include "backend/cuda/grid.h"
#include "backend/cuda/kernels/params_letterbox.h"
#include "media/media.h"

#define FOV_CUDA_LETTERBOX_KERNEL "fov_letterbox_tiles"

/** A photo as it is stored. */
typedef struct fov_cuda_photo {
    fov_image image;
    int       orientation; /* EXIF 1..8: how it is turned upright; 0 is 1 */
    bool      on_device;   /* image.data is the device's, and stays where it is; else the host's, of which a copy is staged */
} fov_cuda_photo;

/** Width and height of the upright photo: those that its fov_letterbox is made for. */
int fov_cuda_photo_width(const fov_cuda_photo *photo);
int fov_cuda_photo_height(const fov_cuda_photo *photo);

/** Bytes of a row of pixels in the staging block, where they end a photo's own. */
size_t fov_cuda_letterbox_pitch(const fov_image *image);

/** Bytes of a photo's own in the staging block, a multiple of 64. */
size_t fov_cuda_letterbox_bytes(const fov_letterbox *box, const fov_cuda_photo *photo);

/**
 * Fill a photo's taps into the staging block, and tell the kernel where all is. Pixels are fov_cuda_letterbox_copy()'s affair.
 * @param host   where in the block on the host, aligned to 64
 * @param device the address that the same bytes will have on the device, aligned to 64
 * @param image  out: this photo's, in the staging block too
 */
void fov_cuda_letterbox_stage(const fov_letterbox *box, const fov_cuda_photo *photo, void *host, const void *device,
                              fov_letterbox_image *image);

/**
 * Copy stored rows of a photo that is not on the device; several threads may, for different rows, before or after the above.
 * @param host as there
 */
void fov_cuda_letterbox_copy(const fov_letterbox *box, const fov_cuda_photo *photo, void *host, int first_row, int rows);

/**
 * @param box   whose out_w and out_h all photos of the batch share
 * @param image on the device, one a photo
 * @param out   on the device: the network's input, NHWC, `ld` floats a pixel, of which the first 3 are written
 */
void fov_cuda_letterbox_launch(const fov_letterbox *box, int images, const fov_letterbox_image *image, float *out, int ld,
                               fov_letterbox_params *params, fov_cuda_grid *grid);

#endif
