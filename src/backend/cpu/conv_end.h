// SPDX-License-Identifier: MIT
/* What ends the sums of a convolution (kernels.h, fov_gemm_end), made ready at lowering. */
#ifndef FOVEA_BACKEND_CPU_CONV_END_H
#define FOVEA_BACKEND_CPU_CONV_END_H

#include "backend/cpu/conv.h"

typedef struct fov_conv_end {
    fov_gemm_end kernel;
    ptrdiff_t    channels;
    float       *scale, *bias; /* by output channel; scale: of integers */
    fov_storage  out, residual;
    bool         integer, plain; /* sums are integers; fov_gemm_end_is_plain() */
    bool         residual_after;
    float        slope;
} fov_conv_end;

/** @param end whatever happens, fov_conv_end_free() it */
fov_status fov_conv_end_init(fov_conv_end *end, const fov_conv *conv, const fov_kernels *kernels, fov_error *err);
void       fov_conv_end_free(fov_conv_end *end);

/** m pixels by n channels of one row of the output. */
typedef struct fov_conv_end_block {
    int                m, n;
    ptrdiff_t          channel; /* the first */
    const void        *sum;     /* [m][ldsum], read up to 64 bytes past its end */
    ptrdiff_t          ldsum;
    unsigned char     *c;        /* channel 0 of the first pixel */
    const void *const *residual; /* [m], channel 0 of each pixel; NULL: none */
} fov_conv_end_block;

void fov_conv_end_run(const fov_conv_end *end, const fov_conv_shape *shape, const fov_conv_end_block *block);

#endif
