// SPDX-License-Identifier: MIT
/* A convolution made ready for the indirect GEMM: what conv_pack.c makes and conv_gemm.c runs. */
#ifndef FOVEA_BACKEND_CPU_CONV_GEMM_H
#define FOVEA_BACKEND_CPU_CONV_GEMM_H

#include "backend/cpu/conv.h"

/** Columns of W that one kernel runs over the rows of A. One of the kernels is set. */
typedef struct fov_conv_panel {
    const fov_gemm_f32 *f32;
    const fov_gemm_dot *dot;
    int                 mr, nr, n; /* n: columns that exist */
    const void         *w;
    ptrdiff_t           channel;  /* first output channel */
    ptrdiff_t           a_offset; /* first input channel of its group: floats, or bytes for dot */
} fov_conv_panel;

typedef struct fov_conv_gemm {
    fov_conv            conv;
    fov_kernels         kernels;
    char                name[64];
    const fov_gemm_dot *dot;    /* kernels of panels, widest first; NULL: kernels.gemm */
    bool                tiled;  /* on a matrix unit: kernels of fov_conv_gemm_tiles() */
    bool                direct; /* the kernels of panels do everything; else gemm_end ends their sums */
    fov_conv_pieces     pieces;
    size_t              groups;        /* of a piece, as dot kernels count it */
    size_t              group_bytes;   /* of one group's input channels, as the kernel sees them */
    int                 mr;            /* rows of a tile, fit for all panels */
    unsigned char      *packed, *zero; /* panels; what stands for taps outside of the image */
    float              *scale, *bias;  /* by output channel, for gemm_end; behind the panels */
    fov_storage         out, residual; /* for gemm_end */
    size_t              packed_bytes, n_panel;
    fov_conv_panel      panel[];
} fov_conv_gemm;

/** Everything of a step but how it runs. */
fov_status fov_conv_gemm_new(const fov_conv *conv, const fov_kernels *kernels, fov_conv_gemm **step, fov_error *err);
void       fov_conv_gemm_free(void *step);
/** What readies the matrix unit for this step's kernels; NULL: they use none. */
const fov_gemm_tiles *fov_conv_gemm_tiles(const fov_conv_gemm *step);

#endif
