// SPDX-License-Identifier: MIT
/* The table of CPU kernels. The generic ones fill it completely; each instruction set then replaces what it does better.
 *
 * Kernels know pointers, sizes and parameters, nothing of tensors or nodes. A kernel's tile sizes stand beside its pointer, so
 * that one packer and one driver serve all instruction sets. Within a table every output is one chain of operations in the order
 * of k, whatever tile it falls in: results do not depend on how work is split. */
#ifndef FOVEA_BACKEND_CPU_KERNELS_H
#define FOVEA_BACKEND_CPU_KERNELS_H

#include "graph/view.h"

#include <stdbool.h>
#include <stddef.h>

/** Bounds that drivers may rely on for arrays on their stack. */
enum { FOV_GEMM_MAX_MR = 32, FOV_GEMM_MAX_NR = 64, FOV_GEMM_WIDTHS = 3 };

/** Weights and biases of depthwise kernels are padded with zeros to a multiple of this many channels. */
enum { FOV_DEPTHWISE_PAD = 16 };

/** Scales and zero points are padded to a multiple of this many channels. */
enum { FOV_STORAGE_PAD = 64 };

/** How the elements of an activation stand for reals: F32, F16, BF16 or U8 (graph/view.h). Made by fov_storage_init(). */
typedef struct fov_storage {
    fov_dtype      dtype;
    size_t         mask;            /* channel c is at [c & mask]: 0 when one scale, repeated, serves all */
    const float   *scale, *inverse; /* of U8: real = (q - zero_point) * scale; 1 / scale */
    const int32_t *zero_point;
    void          *block; /* what holds them */
} fov_storage;

/* act(v) = v < 0 ? slope * v : v, as in graph/op.h. */

/**
 * C[m][n] = act(bias + A[m][taps * k] * W + residual) or act(bias + A * W) + residual.
 *
 * Indirect: a row of A is `taps` pieces of `k` floats, found by pointers, so that a convolution needs no im2col. Panel `w` holds
 * nr biases, then taps * k rows of nr weights, zeros beyond n; it is 64-byte aligned.
 */
typedef struct fov_gemm_f32_call {
    int                m, n;     /* rows 1..mr and columns 1..nr that exist; nothing else of C is touched */
    size_t             taps, k;  /* 1 or more */
    const void *const *a;        /* [taps][lda]: pieces of row 0 .. m-1 of each tap, floats */
    size_t             lda;      /* pointers, m or more */
    ptrdiff_t          a_offset; /* floats added to every pointer of `a` */
    ptrdiff_t          a_step;   /* not 0: rows of a tap lie so many bytes apart, and only the pointer of row 0 is there */
    const float       *w;
    float             *c;
    ptrdiff_t          ldc;
    const void *const *residual; /* [m], floats, or NULL; n of them from residual_offset on are added */
    ptrdiff_t          residual_offset;
    bool               residual_after;
    float              slope;
} fov_gemm_f32_call;

typedef struct fov_gemm_f32 {
    const char *name;
    int         mr, nr; /* nr 0: the table has fewer widths */
    void (*run)(const fov_gemm_f32_call *call);
} fov_gemm_f32;

/** What four bytes along k are to a kernel of fov_gemm_dot, in A and in W. */
typedef enum fov_gemm_group {
    FOV_GROUP_U8,   /* four U8 of A, four I8 of W */
    FOV_GROUP_S16,  /* two int16_t of each, which hold U8 and I8, or what winograd_int8.h makes of them */
    FOV_GROUP_BF16, /* two bfloat16 of each */
    FOV_GROUP_F16   /* two halves of each */
} fov_gemm_group;

/** Groups of halves along k, counted through all taps, whose products are added up in halves (half_tile.h). */
enum { FOV_HALF_RUN = 32 };

/**
 * sum[m][nr] = start[nr] + A[m][taps * groups] * W, in int32_t modulo 2^32 or, of bfloat16, in float.
 *
 * As fov_gemm_f32_call, but a piece of a row is `groups` groups of four bytes. Panel `w` holds the nr values that the sums start
 * from, then taps * groups rows of nr groups; it is 64-byte aligned. 64 bytes may be read wherever a group of A begins.
 *
 * Of halves, sums start from 0, and the nr values are what they are multiplied by at the end (half_pack.h).
 */
typedef struct fov_gemm_dot_call {
    int                m;
    size_t             taps, groups; /* 1 or more */
    const void *const *a;            /* [taps][lda] */
    size_t             lda;
    ptrdiff_t          a_offset; /* bytes added to every pointer of `a` */
    ptrdiff_t          a_step;   /* not 0: rows of a tap lie so many bytes apart, and only the pointer of row 0 is there */
    const void        *w;
    void              *sum; /* 64-byte aligned */
} fov_gemm_dot_call;

typedef struct fov_gemm_dot {
    const char    *name;
    int            mr, nr; /* nr 0: the table has fewer widths */
    fov_gemm_group group;
    void (*run)(const fov_gemm_dot_call *call);
} fov_gemm_dot;

/** Kernels that use the tiles of a matrix unit. A thread calls begin() before and end() after any number of runs with that many
 * groups: between them the unit belongs to it. */
typedef struct fov_gemm_tiles {
    fov_gemm_dot kernel[FOV_GEMM_WIDTHS]; /* widest first; none: there is no unit */
    void (*begin)(size_t groups);
    void (*end)(void);
} fov_gemm_tiles;

/** Groups that the kernels of tiles take at once: the largest divisor of `groups` up to 16. */
size_t fov_gemm_tile_step(size_t groups);

/**
 * What becomes of the sums of a tile: v = sum * scale (of integers), v += bias, residual and activation as in fov_gemm_f32_call,
 * each rounded once; then v is stored as graph/view.h says.
 * Arrays of channels may be read, for a vector that begins with a channel that exists, to its end; behind the last channel they
 * begin again with the first.
 */
typedef struct fov_gemm_end_call {
    int                m, n;
    ptrdiff_t          channel;  /* of column 0 */
    ptrdiff_t          channels; /* that there are */
    const void        *sum;      /* int32_t where there is a scale, else float; read up to 64 bytes past its end */
    ptrdiff_t          ldsum;
    const float       *scale; /* by channel; or NULL */
    const float       *bias;  /* by channel */
    const fov_storage *out, *residual_storage;
    unsigned char     *c;        /* channel 0 of row 0 */
    ptrdiff_t          ldc;      /* bytes */
    const void *const *residual; /* [m], channel 0 of each row; or NULL */
    bool               residual_after;
    bool               plain; /* fov_gemm_end_is_plain(), sums are integers and the output is U8 */
    float              slope;
} fov_gemm_end_call;

/**
 * The slope is 0 .. 1, and no result of the channel is NaN or, in steps of the output's scale, 2^30 or more.
 * @param most the largest magnitude of sum * scale + residual
 * @param y    of U8, or of any other type, whose results are never plain
 */
bool fov_gemm_end_is_plain(size_t channel, float slope, float most, float bias, const fov_storage *y);

typedef struct fov_gemm_end {
    const char *name;
    void (*run)(const fov_gemm_end_call *call);
} fov_gemm_end;

/** Elements made wider, for kernels that take no others; up to 64 bytes more than `n` elements may be read and written. */
typedef void fov_widen_run(size_t n, const void *from, void *to);

typedef struct fov_widen {
    const char    *name;
    fov_widen_run *f16_f32, *bf16_f32, *u8_s16;
} fov_widen;

/**
 * Depthwise: y[i][c] = act(bias[c] + sum over (r, s) of w[r][s][c] * x at row[r] + i * step + s * tap, channel c) for i < m.
 * All taps are inside the image: drivers clip rows and columns of the window at the edges and pass what is left.
 *
 * Of U8 and I8 (graph/ops/conv_int8.h): act(bias[c] + scale[c] * sum of w[r][s][c] * (q - zero point)). Where the whole of a
 * window of 3x3 is inside, there are also its columns: words of `taps` weights, one below the other, lowest bits first.
 */
typedef struct fov_depthwise_call {
    size_t                      m, channels;
    size_t                      rows, cols; /* of the clipped window */
    const unsigned char *const *row;        /* [rows] input of output 0 at column 0 of the clipped window */
    ptrdiff_t                   step, tap;  /* bytes from one output pixel, one tap, to the next */
    const float                *w;          /* the clipped window's first tap; a tap's weights are padded to FOV_DEPTHWISE_PAD */
    const int32_t              *w_int8;     /* the same of integers */
    ptrdiff_t                   ldw, ldtap; /* weights from one window row, one tap, to the next */
    const float                *bias;       /* padded likewise */
    const float                *scale;      /* of integers, padded */
    const int32_t              *columns;    /* [3][words][padded], NULL unless fov_depthwise_is_plain() as well */
    const int32_t              *start;      /* padded: what the zero points add to the sum of a whole window */
    const int32_t              *blocks;     /* tables for whole blocks (fov_depthwise_kernel.block), NULL where they do not serve */
    unsigned char              *y;
    ptrdiff_t                   ldy; /* bytes */
    float                       slope;
    const fov_storage          *as_x, *as_y; /* x: F32, F16, BF16; or U8, of integers */
} fov_depthwise_call;

/** The slope is 0 .. 1, and all numbers are so moderate that no result can be NaN. @param y of U8, or any other */
bool fov_depthwise_is_plain(size_t channels, float slope, const float *scale, const float *bias, const fov_storage *y);

/**
 * Tables of a block: what is to be known of `block` bytes of the output that lie side by side, which are channels of one pixel or
 * of several. Arrays of `block` words: the three columns, start, and as floats scale, bias, 1 / scale of y, and as integers zero
 * points of y. Entry i of them is for the byte that fov_depthwise_block_byte() says: kernels make words of bytes by interleaving
 * them within lanes of 16 bytes.
 */
enum { FOV_BLOCK_START = 3, FOV_BLOCK_SCALE, FOV_BLOCK_BIAS, FOV_BLOCK_INVERSE, FOV_BLOCK_ZERO_POINT, FOV_BLOCK_ARRAYS };

static inline int fov_depthwise_block_byte(int block, int i)
{
    const int lanes = block / 4, vector = i / lanes, lane = i % lanes;
    return lane / 4 * 16 + vector * 4 + lane % 4;
}

/**
 * Words of all tables of a convolution; 0 where blocks cannot serve: channels do not make whole blocks, columns have other than
 * four weights a word, or results are not small numbers (fov_gemm_end_is_plain()).
 * @param call its channels, columns, start, scale, bias, slope, ldtap and as_y are read
 */
size_t fov_depthwise_blocks_words(int block, int taps, const fov_depthwise_call *call);
/** Fill them. */
void fov_depthwise_blocks_fill(int block, const fov_depthwise_call *call, int32_t *tables);

typedef struct fov_depthwise_kernel {
    const char *name;
    int         taps;  /* in a word of a column: 1, 2 or 4, of 32 / taps bits; 0: of floats */
    int         block; /* bytes of U8 output that the kernel can make at once; 0: it has no blocks */
    void (*run)(const fov_depthwise_call *call);
} fov_depthwise_kernel;

/** m pixels of n channels, each `step` bytes after the one before; as_x says what the elements stand for. */
typedef struct fov_rows_call {
    size_t               m, n;
    const unsigned char *a, *b; /* b: of Add only */
    unsigned char       *y;
    ptrdiff_t            step_a, step_b, step_y;
    const fov_storage   *as_a, *as_b, *as_y;
} fov_rows_call;

/** y = a + b, or y = a: of the reals, each sum rounded to float before it is stored */
typedef struct fov_rows_kernel {
    const char *name;
    void (*run)(const fov_rows_call *call);
} fov_rows_kernel;

/** y[c] = max over r < rows of row[r][c], -infinity for none; not-a-number is never the larger */
typedef struct fov_max_call {
    size_t                      n, rows;
    const unsigned char *const *row;
    unsigned char              *y;
    const fov_storage          *as_x, *as_y;
} fov_max_call;

typedef struct fov_max_kernel {
    const char *name;
    void (*run)(const fov_max_call *call);
} fov_max_kernel;

/* Winograd's minimal filtering F(4x4, 3x3) in floats (winograd_tile.h): a tile of 6x6 input pixels becomes 36 values a channel,
 * whose products with the 36 values of a filter, summed over channels, become a tile of 4x4 outputs. */
enum { FOV_WINOGRAD_OUT = 4, FOV_WINOGRAD_IN = 6, FOV_WINOGRAD_POINTS = FOV_WINOGRAD_IN * FOV_WINOGRAD_IN };

/** One tile of input. v[point * ldpoint + c] is written up to a multiple of `lanes` channels, zeros beyond those that exist. */
typedef struct fov_winograd_input_call {
    ptrdiff_t    channels;
    const float *x; /* [6][6][channels] */
    ptrdiff_t    ldrow, ldpixel;
    float       *v; /* 64-byte aligned, as ldpoint is */
    ptrdiff_t    ldpoint;
} fov_winograd_input_call;

/** m[tile][columns] = sum over k of v[tile][k] * w[k][columns], one point of some tiles. w is aligned as vectors of the kernel are.
 */
typedef struct fov_winograd_products_call {
    ptrdiff_t    tiles, k;
    int          columns; /* 1 or 2 times `lanes` */
    const float *v;
    ptrdiff_t    ldv;
    const float *w;
    float       *m;
} fov_winograd_products_call;

/** One tile of output: y = act(bias + sums + residual) or act(bias + sums) + residual. */
typedef struct fov_winograd_output_call {
    int                 channels;   /* 1 .. 2 * lanes */
    int                 rows, cols; /* 1 .. 4 that exist; nothing else is touched */
    const float        *m;          /* [36], `ldpoint` apart, up to a multiple of `lanes`; aligned */
    ptrdiff_t           ldpoint;
    const float        *bias; /* aligned, padded to a multiple of `lanes` */
    float              *y;
    ptrdiff_t           ldrow, ldpixel;
    const float *const *residual; /* [4][4], those that exist; or NULL */
    bool                residual_after;
    float               slope;
} fov_winograd_output_call;

typedef struct fov_winograd {
    const char *name;
    int         lanes, tiles; /* how many tiles make products fast */
    void (*input)(const fov_winograd_input_call *call);
    void (*products)(const fov_winograd_products_call *call);
    void (*output)(const fov_winograd_output_call *call);
} fov_winograd;

/** One tile of U8 input becomes 36 values of 16 bits, written up to whole vectors of channels. Reads to the end of such a vector.
 */
typedef struct fov_winograd_int8_input_call {
    ptrdiff_t      channels;
    const uint8_t *x; /* [6][6][channels] */
    ptrdiff_t      ldrow, ldpixel;
    int16_t       *v; /* 64-byte aligned, as ldpoint is */
    ptrdiff_t      ldpoint;
} fov_winograd_int8_input_call;

/** One tile of sums modulo 2^32 becomes 4x4 results, to each of which `start` of its column is added. */
typedef struct fov_winograd_int8_output_call {
    int            columns; /* a multiple of `lanes`, as are all strides */
    const int32_t *m;       /* [36], `ldpoint` apart; aligned as vectors are, as is everything here */
    ptrdiff_t      ldpoint;
    const int32_t *start;
    int32_t       *y; /* [4][4] */
    ptrdiff_t      ldrow, ldpixel;
} fov_winograd_int8_output_call;

/** The same algorithm in integers, exact (winograd_int8.h). */
typedef struct fov_winograd_int8 {
    const char  *name; /* NULL: there is none */
    int          lanes;
    fov_gemm_dot products[FOV_GEMM_WIDTHS]; /* of FOV_GROUP_S16, widest first; at most two */
    void (*input)(const fov_winograd_int8_input_call *call);
    void (*output)(const fov_winograd_int8_output_call *call);
} fov_winograd_int8;

typedef struct fov_kernels {
    fov_gemm_f32         gemm[FOV_GEMM_WIDTHS];      /* widest first */
    fov_gemm_dot         gemm_int8[FOV_GEMM_WIDTHS]; /* widest first */
    fov_gemm_dot         gemm_bf16[FOV_GEMM_WIDTHS]; /* widest first; none: widen, and use gemm */
    fov_gemm_dot         gemm_f16[FOV_GEMM_WIDTHS];  /* the same */
    fov_gemm_tiles       tile_int8, tile_bf16;       /* the same, for what fills tiles */
    fov_gemm_end         gemm_end;
    fov_winograd         winograd;
    fov_winograd_int8    winograd_int8;
    fov_widen            widen;
    fov_depthwise_kernel depthwise, depthwise_int8;
    fov_rows_kernel      add, convert;
    fov_max_kernel       max;
    fov_max_kernel       max_u8; /* of bytes as they are: x and y have the same scales and zero points */
} fov_kernels;

/** @param cpu bits of base/cpu.h that may be used */
void fov_kernels_init(fov_kernels *kernels, unsigned cpu);

/* One per folder; each replaces members of a table that is already complete. */
void fov_kernels_generic(fov_kernels *kernels);
void fov_kernels_avx2(fov_kernels *kernels);
void fov_kernels_avxvnni(fov_kernels *kernels);
void fov_kernels_avx512(fov_kernels *kernels);
void fov_kernels_avx512vnni(fov_kernels *kernels);
void fov_kernels_avx512bf16(fov_kernels *kernels);
void fov_kernels_avx512fp16(fov_kernels *kernels);
void fov_kernels_amx(fov_kernels *kernels);

#endif
