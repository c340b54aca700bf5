// SPDX-License-Identifier: MIT
/* Activations of any storage type between guards, as kernels and lowerings meet them: NHWC, slices of wider buffers. */
#ifndef FOVEA_TESTS_TYPED_H
#define FOVEA_TESTS_TYPED_H

#include "check.h"

#include "graph/view.h"

/** F32, F16, BF16 or U8. */
fov_dtype random_dtype(check *t);
/** One scale and zero point, or one a channel; NULL unless dtype is U8. Release with free_quant(). */
fov_quant *random_quant(check *t, fov_dtype dtype, int64_t channels);
void       free_quant(fov_quant *quant);
/** NHWC pixels that may have guards between them. @param fill with numbers, else all are guards */
fov_view random_view(check *t, fov_dtype dtype, const fov_quant *quant, const int64_t *nchw, guarded *memory, bool fill);
/** Nothing but the view's elements was written. */
bool view_intact(const fov_view *view, const guarded *memory);
/** Elements of two views of one type and shape are the same bits (or both not-a-number). Else `at` is the first that differs. */
bool views_equal(const fov_view *a, const fov_view *b, int64_t *at);

#endif
