// SPDX-License-Identifier: MIT
/* Shapes, and strided views of tensors. A view says nothing of memory order: NCHW in meaning, any order in memory. */
#ifndef FOVEA_GRAPH_VIEW_H
#define FOVEA_GRAPH_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOV_MAX_RANK 6

/** Element types. The numbers stand in engine files and never change. F16, BF16, U8 and I8 are storage: what they hold stands for
 * reals, and operators mean what they mean for those reals. */
typedef enum fov_dtype { FOV_F32 = 0, FOV_I64 = 1, FOV_BOOL = 2, FOV_F16 = 3, FOV_BF16 = 4, FOV_U8 = 5, FOV_I8 = 6 } fov_dtype;

/**
 * How the integers of a tensor stand for reals: real = (q - zero_point[c]) * scale[c]. `c` is the channel: axis 1 of activations
 * (U8), axis 0 of weights (I8, whose zero points are all 0). Affine quantisation as in Jacob et al., arXiv:1712.05877, 2.1.
 */
typedef struct fov_quant {
    int      count;      /* 1: one scale for the whole tensor; else one a channel */
    float   *scale;      /* each finite and > 0 */
    int32_t *zero_point; /* each 0 .. 255 for U8 */
} fov_quant;

/** Dimensions of a tensor; -1 where a dimension is open (batch, height, width) until a plan closes it. */
typedef struct fov_shape {
    int     rank;
    int64_t dim[FOV_MAX_RANK];
} fov_shape;

/** A tensor somewhere in memory. Element (i0, i1, ..) is at data + sum(i * stride), strides in elements. */
typedef struct fov_view {
    fov_dtype        dtype;
    fov_shape        shape; /* all dimensions closed */
    int64_t          stride[FOV_MAX_RANK];
    void            *data;  /* NULL while only the shape is known */
    const fov_quant *quant; /* of U8 and I8; belongs to the graph */
} fov_view;

size_t    fov_dtype_size(fov_dtype dtype);
fov_shape fov_shape_make(int rank, const int64_t *dim);
bool      fov_shape_equal(const fov_shape *a, const fov_shape *b);
bool      fov_shape_closed(const fov_shape *shape); /* no dimension is open */
/** Number of elements; false when a dimension is open or the product overflows. A rank of 0 has one element. */
bool fov_shape_count(const fov_shape *shape, size_t *count);
/** What its elements take, in words of 4 bytes: limits count so. At most FOV_MAX_ELEMENTS elements. */
int64_t fov_view_words(const fov_view *view);
/** "1x3x640x640", open dimensions as "?"; into `text` of `size` bytes, returns text. */
char *fov_shape_print(const fov_shape *shape, char *text, size_t size);

/** Dense row-major view. */
fov_view fov_view_dense(fov_dtype dtype, const fov_shape *shape, void *data);
/** NCHW shape, NHWC memory with `ld` elements from one pixel to the next: how backends keep activations. */
fov_view fov_view_nhwc(int64_t n, int64_t c, int64_t h, int64_t w, int64_t ld, float *data);
/** The same of any element type. */
fov_view fov_view_nhwc_of(fov_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w, int64_t ld, void *data);

/* ---- storage */

bool        fov_dtype_is_storage(fov_dtype dtype); /* F16, BF16, U8 or I8 */
const char *fov_dtype_name(fov_dtype dtype);       /* "f32", "bf16", "f16", "u8", ... */

/** Scale and zero point of channel `c`. */
static inline float fov_quant_scale(const fov_quant *quant, int64_t c)
{
    return quant->scale[quant->count == 1 ? 0 : c];
}

static inline int32_t fov_quant_zero_point(const fov_quant *quant, int64_t c)
{
    return quant->zero_point[quant->count == 1 ? 0 : c];
}

/**
 * The one way from a real to an integer, on every backend: round(v * (1 / scale)) to nearest, ties to even, plus the zero point,
 * clamped to lo .. hi. The reciprocal is rounded to float first; NaN becomes the zero point.
 */
static inline int32_t fov_quantize(float v, float inverse_scale, int32_t zero_point, int32_t lo, int32_t hi)
{
    const float scaled = v * inverse_scale, least = (float)(lo - zero_point), most = (float)(hi - zero_point);
    if (!(scaled == scaled)) return zero_point;
    return (int32_t)__builtin_rintf(scaled < least ? least : scaled > most ? most : scaled) + zero_point;
}

/** One element, or all, of a view of F32 or a storage type, into floats or from them: dequantise, widen, or copy; quantise, round
 * to nearest even, or copy. Both views have the same shape. U8 and I8 take scales and zero points from `quant`. */
float fov_view_load_one(const fov_view *view, const int64_t *at);
void  fov_view_store_one(const fov_view *view, const int64_t *at, float v);
void  fov_view_load_f32(const fov_view *from, const fov_view *to_f32);
void  fov_view_store_f32(const fov_view *from_f32, const fov_view *to);

#endif
