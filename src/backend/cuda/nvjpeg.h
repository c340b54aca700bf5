// SPDX-License-Identifier: MIT
/* JPEGs decoded on the GPU by nvJPEG, which is loaded when it is first asked for, and never linked.
 *
 * It takes what is well-formed and usual; all else, and what it fails at, is libjpeg's, whose words on a damaged photo count. Its
 * pixels are not libjpeg's to the bit: inverse DCT, upsampling and colours round otherwise, by a few levels. It always decodes the
 * full size. */
#ifndef FOVEA_BACKEND_CUDA_NVJPEG_H
#define FOVEA_BACKEND_CUDA_NVJPEG_H

#include "backend/cuda/device.h"
#include "media/jpeg_header.h"

/** A decoder: for one thread at a time. */
typedef struct fov_nvjpeg fov_nvjpeg;

/**
 * @return FOV_OK, FOV_ERR_DEVICE (nvJPEG is not here, or does not take this GPU: decode by libjpeg), FOV_ERR_MEMORY
 */
fov_status fov_nvjpeg_new(const fov_cuda_device *device, fov_nvjpeg **decoder, fov_error *err);
void       fov_nvjpeg_free(fov_nvjpeg *decoder); /* NULL is allowed */

/** Whether batches are decoded by hardware made for it; else nvJPEG is no faster than libjpeg on a processor's core. */
bool fov_nvjpeg_has_hardware(const fov_nvjpeg *decoder);

/**
 * Is this a JPEG for nvJPEG? Enforces the limits of photos.
 * @return FOV_OK, FOV_ERR_LIMIT (libjpeg would refuse it as well), FOV_ERR_UNSUPPORTED, FOV_ERR_FORMAT (ask libjpeg)
 */
fov_status fov_nvjpeg_look(const fov_nvjpeg *decoder, const fov_encoded *in, const fov_photo_options *options,
                           fov_jpeg_header *header, fov_error *err);

/** A JPEG that fov_nvjpeg_look() took, and where its pixels go. */
typedef struct fov_nvjpeg_picture {
    const fov_encoded     *in;
    const fov_jpeg_header *header;
    unsigned char         *pixels; /* on the device: RGB8, as stored, `pitch` bytes a row */
    size_t                 pitch;
    bool                   decoded; /* out: else ask libjpeg */
} fov_nvjpeg_picture;

/** Bytes of a row that the letterbox reads best. */
size_t fov_nvjpeg_pitch(const fov_jpeg_header *header);

/**
 * Decode pictures on a stream: their pixels are there when it has come so far, and until then the encoded bytes must stay. One that
 * nvJPEG fails at is told by `decoded`; that is no failure of the call. A call waits for the decoder's last one.
 * @return FOV_OK, FOV_ERR_DEVICE, FOV_ERR_MEMORY
 */
fov_status fov_nvjpeg_decode(fov_nvjpeg *decoder, fov_nvjpeg_picture *picture, size_t count, CUstream stream, fov_error *err);

#endif
