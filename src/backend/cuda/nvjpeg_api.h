// SPDX-License-Identifier: MIT
/* What is called of nvJPEG, so that Fovea builds without its header: not every toolkit's packages bring it. */
#ifndef FOVEA_BACKEND_CUDA_NVJPEG_API_H
#define FOVEA_BACKEND_CUDA_NVJPEG_API_H

#include <stddef.h>

enum {
    FOV_NVJPEG_SUCCESS = 0,
    FOV_NVJPEG_BAD_JPEG = 3,
    FOV_NVJPEG_NOT_SUPPORTED = 4,
    FOV_NVJPEG_ALLOCATOR_FAILURE = 5,
    FOV_NVJPEG_IMPLEMENTATION_NOT_SUPPORTED = 9,
    FOV_NVJPEG_INCOMPLETE_BITSTREAM = 10,

    FOV_NVJPEG_BACKEND_DEFAULT = 0,
    FOV_NVJPEG_BACKEND_GPU_HYBRID = 2,
    FOV_NVJPEG_BACKEND_HARDWARE = 3,

    FOV_NVJPEG_STRICT = 1 << 2,      /* damaged data is an error */
    FOV_NVJPEG_INTERPOLATE = 1 << 5, /* colours of fewer pixels, as libjpeg's "fancy upsampling" */

    FOV_NVJPEG_RGBI = 5,
    FOV_NVJPEG_SUBSAMPLING_UNKNOWN = -1,
    FOV_NVJPEG_COMPONENTS = 4,
};

typedef struct fov_nvjpeg_image {
    unsigned char *channel[FOV_NVJPEG_COMPONENTS];
    size_t         pitch[FOV_NVJPEG_COMPONENTS];
} fov_nvjpeg_image;

typedef struct nvjpegHandle    *fov_nvjpeg_handle;
typedef struct nvjpegJpegState *fov_nvjpeg_state;
typedef struct CUstream_st     *fov_nvjpeg_stream;

/* Its functions: name and parameters; all return a status. */
#define FOV_NVJPEG_CALLS(CALL)                                                                                                     \
    CALL(CreateEx, (int backend, void *device_allocator, void *pinned_allocator, unsigned flags, fov_nvjpeg_handle *handle))       \
    CALL(Destroy, (fov_nvjpeg_handle handle))                                                                                      \
    CALL(JpegStateCreate, (fov_nvjpeg_handle handle, fov_nvjpeg_state * state))                                                    \
    CALL(JpegStateDestroy, (fov_nvjpeg_state state))                                                                               \
    CALL(GetImageInfo, (fov_nvjpeg_handle handle, const unsigned char *data, size_t size, int *components, int *subsampling,       \
                        int *widths, int *heights))                                                                                \
    CALL(Decode, (fov_nvjpeg_handle handle, fov_nvjpeg_state state, const unsigned char *data, size_t size, int format,            \
                  fov_nvjpeg_image *image, fov_nvjpeg_stream stream))                                                              \
    CALL(DecodeBatchedInitialize, (fov_nvjpeg_handle handle, fov_nvjpeg_state state, int count, int threads, int format))          \
    CALL(DecodeBatched, (fov_nvjpeg_handle handle, fov_nvjpeg_state state, const unsigned char *const *data, const size_t *size,   \
                         fov_nvjpeg_image *image, fov_nvjpeg_stream stream))

#endif
