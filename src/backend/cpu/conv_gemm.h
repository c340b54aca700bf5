// SPDX-License-Identifier: MIT
/* A convolution made ready for the indirect GEMM: what conv_pack.c makes and conv_gemm.c runs. */
#ifndef FOVEA_BACKEND_CPU_CONV_GEMM_H
#define FOVEA_BACKEND_CPU_CONV_GEMM_H

#include "backend/cpu/conv_end.h"

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
    int                 mr;            /* rows of a tile that all kernels of panels can do */
    int                 rows;          /* of the tiles that the image is cut into: mr, or FOV_CONV_TILE_ROWS */
    unsigned char      *packed, *zero; /* panels; what stands for taps outside of the image */
    fov_conv_end        end;
    size_t              packed_bytes, n_panel;
    fov_conv_panel      panel[];
} fov_conv_gemm;
_Static_assert(offsetof(fov_conv_gemm, conv) == 0, "fov_conv_kind: a step begins with its fov_conv");

/** Rows of a tile that lie at a constant step. Several calls of a kernel make its sums, one call ends them: where few products make
 * a sum, what a call costs is much. */
enum { FOV_CONV_TILE_ROWS = 56 };

/** Output pixels, and the rows of A that they come from. At most mr of them, or, at a constant step,
 * FOV_CONV_TILE_ROWS. */
typedef struct fov_conv_tile {
    int                m;
    size_t             taps, k, groups; /* pieces of a row, and their length in elements and as dot kernels count it */
    const void *const *a;               /* [taps][lda] */
    size_t             lda;
    ptrdiff_t          a_step;   /* as in fov_gemm_dot_call */
    const void *const *residual; /* [m]; NULL: none */
    unsigned char     *c;        /* channel 0 of row 0 */
} fov_conv_tile;

/** Run a panel over a tile (conv_tile.c). */
void fov_conv_tile_run(const fov_conv_gemm *step, const fov_conv_panel *panel, const fov_conv_shape *shape,
                       const fov_conv_tile *tile);

/** The step of conv_gemm.c, 1x1 at stride 1 without a residual, whose weights stay in the cache; NULL if it is another. */
const fov_conv_gemm *fov_conv_pointwise_of(const fov_lowered *lowered);

/** Both, which are fov_conv_gemm, find the same rows of A, in the same form, in the same input. */
bool fov_conv_gemm_same_rows(const void *a, const void *b);

/** Windows that are run over bands of rows, which are copied with their border (conv_band.c). */
extern const fov_conv_kind fov_conv_band;
bool                       fov_conv_band_fits(const fov_conv_gemm *step);

/** Everything of a step but how it runs. */
fov_status fov_conv_gemm_new(const fov_conv *conv, const fov_kernels *kernels, fov_conv_gemm **step, fov_error *err);
void       fov_conv_gemm_free(void *step);
/** What readies the matrix unit for this step's kernels; NULL: they use none. */
const fov_gemm_tiles *fov_conv_gemm_tiles(const fov_conv_gemm *step);

#endif
