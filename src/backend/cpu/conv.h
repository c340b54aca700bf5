// SPDX-License-Identifier: MIT
/* Convolution on the CPU: the ways to run what backend/conv.h describes. */
#ifndef FOVEA_BACKEND_CPU_CONV_H
#define FOVEA_BACKEND_CPU_CONV_H

#include "backend/conv.h"
#include "backend/cpu/lower.h"

/** fov_lowered.in_place of what reads each pixel of the residual before it writes that of the output. */
int fov_conv_in_place(const fov_conv *conv);
/** What makes floats of an input that is F16 or BF16; NULL: it has them. */
fov_widen_run *fov_conv_widen_to_f32(const fov_conv *conv, const fov_kernels *kernels);

/** Any convolution, as an indirect GEMM (conv_gemm.c). */
fov_status fov_conv_lower_gemm(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err);
/** One filter per channel, of not too many rows (conv_depthwise.c). */
bool       fov_conv_takes_depthwise(const fov_conv *conv);
fov_status fov_conv_lower_depthwise(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err);
/** 3x3, stride 1, floats, where fewer multiplications pay and cost little accuracy (conv_winograd.c). */
bool       fov_conv_is_winograd(const fov_conv *conv, const fov_kernels *kernels);
fov_status fov_conv_lower_winograd(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err);

/** The same of U8 and I8, exact, where it is faster (conv_winograd_int8.c). */
bool       fov_conv_is_winograd_int8(const fov_conv *conv, const fov_kernels *kernels);
fov_status fov_conv_lower_winograd_int8(const fov_conv *conv, const fov_kernels *kernels, fov_lowered *out, fov_error *err);

/* ---- convolutions of one input, as one step (conv_joint.c) */

/** What steps of a kind need to run, alone or together. `step` are as many as there are outputs, all alike to the first; a step
 * begins with its fov_conv. */
typedef struct fov_conv_kind {
    bool (*alike)(const void *a, const void *b);
    size_t (*scratch)(const void *const *step, int count, const fov_view *out, int threads);
    fov_status (*run)(const void *const *step, int count, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                      fov_error *err);
} fov_conv_kind;

/** fov_lowered.scratch and fov_lowered.run of a step that runs alone. */
size_t     fov_conv_one_scratch(const void *step, const fov_view *const *in, const fov_view *out, int threads);
fov_status fov_conv_one_run(const void *step, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool,
                            fov_error *err);

/** fov_conv_shape_read() of each step. @param shape out: `count` */
fov_status fov_conv_shapes_read(const void *const *step, int count, const fov_view *const *in, fov_view *out, fov_conv_shape *shape,
                                fov_error *err);

/** A window of 3x3 at stride 1 over all channels: what Winograd's F(4x4, 3x3) takes. */
bool fov_conv_is_3x3(const fov_conv *conv);

/** fov_backend.alike and fov_backend.join: fov_lowered.kin is a fov_conv_kind. */
bool       fov_conv_alike(const fov_lowered *a, const fov_lowered *b);
fov_status fov_conv_join(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err);

/** Depthwise, then 1x1, by bands of rows that stay in the cache: fov_backend.chain (conv_chain.c). */
fov_status fov_conv_chain(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err);

/* ---- what a chain needs of the two */

/** The convolution of a step of conv_depthwise.c; NULL if it is another's. */
const fov_conv *fov_conv_depthwise_of(const fov_lowered *lowered);
/** Output rows first .. last - 1, counted through all images; the first of them goes to shape->y.bytes. */
void fov_conv_depthwise_rows(const fov_lowered *lowered, const fov_conv_shape *shape, ptrdiff_t first, ptrdiff_t last);

/* ---- rows of A for the indirect GEMM (conv_rows.c) */

/**
 * How a convolution's input becomes rows of A, as far as lowering decides it: one row per output pixel, in `taps` pieces of `k`
 * elements. Usually a piece is one tap's channels. With few channels (the first layer) a piece is a whole row of the window, whose
 * pixels lie side by side; where such a piece sticks out of the image it is copied into a patch.
 *
 * Kernels that want another type than the input's, or zeros behind a piece, get copies of all pieces. So do rows whose distance
 * would make them collide in the cache.
 */
typedef struct fov_conv_pieces {
    size_t         taps, k;
    bool           whole_rows; /* where the layout of the input allows it */
    bool           packed;     /* weights are packed for whole rows: pieces are made if need be */
    bool           copies;     /* always */
    bool           collide;    /* copies where the layout of the input makes rows collide */
    size_t         edge_bytes; /* of patches of pieces at the edge, for each row */
    fov_widen_run *widen;      /* what copies; NULL: memcpy */
    size_t         room;       /* bytes from one copy to the next */
    size_t         wide_size;  /* bytes of an element for kernels */
} fov_conv_pieces;

/**
 * @param per_group elements that a kernel takes at once; 1: weights are packed so that whole rows and taps are the same
 * @param widen     what kernels need elements to be made of; NULL: they take them as they are
 * @param wide_size bytes of an element for kernels
 */
fov_conv_pieces fov_conv_pieces_of(const fov_conv *conv, size_t per_group, fov_widen_run *widen, size_t wide_size);
/** 1x1 at stride 1: whatever the layout of the input, rows of several tiles together lie at a constant step. */
bool fov_conv_pieces_linear(const fov_conv *conv, const fov_conv_pieces *pieces);
/** Bytes of patches that `m` rows may need. */
size_t fov_conv_pieces_patch(const fov_conv_pieces *pieces, size_t m);

/** The same at one input size. */
typedef struct fov_conv_rows {
    const fov_conv_pieces *pieces;
    const fov_conv_shape  *shape;
    const unsigned char   *zero; /* stands for taps outside the image: what 0 is, for each channel of a row of the window */
    size_t                 taps, k;
    size_t                 lda;        /* pointers from one tap to the next */
    size_t                 copied;     /* elements of a piece that a copy needs */
    bool                   linear;     /* 1x1, stride 1: row i is pixel i */
    bool                   whole_rows; /* a piece is a row of the window ... */
    bool                   gather;     /* ... whose pixels do not lie side by side */
    bool                   copy;
} fov_conv_rows;

fov_conv_rows fov_conv_rows_of(const fov_conv *conv, const fov_conv_pieces *pieces, const fov_conv_shape *shape,
                               const unsigned char *zero, size_t lda);
/**
 * Pointers of output pixels first .. first + m - 1.
 * @param a     out, taps * lda
 * @param patch fov_conv_pieces_patch(pieces, m) bytes, aligned; must live as long as the pointers
 * @return not 0: rows lie so many bytes apart, and only the pointer of each tap's row 0 was written
 */
ptrdiff_t fov_conv_rows_find(const fov_conv_rows *rows, ptrdiff_t first, int m, const void **a, unsigned char *patch);
/** Pointers into the residual, which is upsampled by `scale`. */
void fov_conv_residual_find(const fov_conv_shape *shape, int scale, ptrdiff_t first, int m, const void **residual);

#endif
