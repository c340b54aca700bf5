// SPDX-License-Identifier: MIT
#include "graph/view.h"

#include <stdio.h>
#include <string.h>

size_t fov_dtype_size(fov_dtype dtype)
{
    static const size_t size[] = {
        [FOV_F32] = sizeof(float),     [FOV_I64] = sizeof(int64_t), [FOV_BOOL] = sizeof(bool), [FOV_F16] = sizeof(uint16_t),
        [FOV_BF16] = sizeof(uint16_t), [FOV_U8] = sizeof(uint8_t),  [FOV_I8] = sizeof(int8_t),
    };
    return size[dtype];
}

const char *fov_dtype_name(fov_dtype dtype)
{
    static const char *const name[] = {
        [FOV_F32] = "f32",   [FOV_I64] = "i64", [FOV_BOOL] = "bool", [FOV_F16] = "f16",
        [FOV_BF16] = "bf16", [FOV_U8] = "u8",   [FOV_I8] = "i8",
    };
    return name[dtype];
}

bool fov_dtype_is_storage(fov_dtype dtype)
{
    return dtype == FOV_F16 || dtype == FOV_BF16 || dtype == FOV_U8 || dtype == FOV_I8;
}

fov_shape fov_shape_make(int rank, const int64_t *dim)
{
    fov_shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++) shape.dim[i] = dim[i];
    return shape;
}

bool fov_shape_equal(const fov_shape *a, const fov_shape *b)
{
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

bool fov_shape_closed(const fov_shape *shape)
{
    if (shape->rank < 0) return false;
    for (int i = 0; i < shape->rank; i++)
        if (shape->dim[i] < 0) return false;
    return true;
}

bool fov_shape_count(const fov_shape *shape, size_t *count)
{
    size_t n = 1;
    if (!fov_shape_closed(shape)) return false;
    for (int i = 0; i < shape->rank; i++)
        if (__builtin_mul_overflow(n, (size_t)shape->dim[i], &n)) return false;
    *count = n;
    return true;
}

int64_t fov_view_words(const fov_view *view)
{
    size_t count = 0;
    fov_shape_count(&view->shape, &count);
    return ((int64_t)count * (int64_t)fov_dtype_size(view->dtype) + 3) / 4;
}

char *fov_shape_print(const fov_shape *shape, char *text, size_t size)
{
    size_t at = 0;
    text[0] = '\0';
    if (shape->rank < 0) snprintf(text, size, "unknown");
    if (shape->rank == 0) snprintf(text, size, "scalar");
    for (int i = 0; i < shape->rank && at < size; i++) {
        int n = shape->dim[i] < 0 ? snprintf(text + at, size - at, "%s?", i ? "x" : "")
                                  : snprintf(text + at, size - at, "%s%lld", i ? "x" : "", (long long)shape->dim[i]);
        at += (size_t)n;
    }
    return text;
}

/* Strides of a shape too large to exist wrap around; whoever gives it memory finds out by fov_shape_count(). */
fov_view fov_view_dense(fov_dtype dtype, const fov_shape *shape, void *data)
{
    fov_view view = {.dtype = dtype, .shape = *shape, .data = data};
    int64_t  stride = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        view.stride[i] = stride;
        stride = (int64_t)((uint64_t)stride * (uint64_t)shape->dim[i]);
    }
    return view;
}

fov_view fov_view_nhwc(int64_t n, int64_t c, int64_t h, int64_t w, int64_t ld, float *data)
{
    return fov_view_nhwc_of(FOV_F32, n, c, h, w, ld, data);
}

fov_view fov_view_nhwc_of(fov_dtype dtype, int64_t n, int64_t c, int64_t h, int64_t w, int64_t ld, void *data)
{
    return (fov_view){.dtype = dtype, .shape = {4, {n, c, h, w}}, .stride = {h * w * ld, 1, w * ld, ld}, .data = data};
}
