// SPDX-License-Identifier: MIT
#include "numerics/round_weights.h"

#include "numerics/counts.h"
#include "numerics/tensors.h"

#include "base/alloc.h"
#include "base/half.h"

#include <math.h>

static void round_floats(float *data, size_t count, fov_precision precision, bool flush)
{
    const float normal = fov_float_limits_of(precision)->normal;
    for (size_t i = 0; i < count; i++) {
        data[i] = precision == FOV_PRECISION_BF16 ? fov_float_from_bf16(fov_bf16_from_float(data[i]))
                                                  : fov_float_from_half(fov_half_from_float(data[i]));
        if (flush && fabsf(data[i]) < normal) data[i] = 0;
    }
}

/* As fov_counts_of_rows() counts it. A row that is zero, or not finite, stays as it is. */
static void round_row(float *row, size_t count)
{
    double largest = 0;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(row[i])) return;
        largest = fmax(largest, fabs((double)row[i]));
    }
    for (size_t i = 0; i < count && largest > 0; i++) row[i] = (float)(rint((double)row[i] / largest * 127) * largest / 127);
}

static void round_tensor(fov_value *value, const fov_tensor_use *use, fov_precision precision, bool flush)
{
    if (precision != FOV_PRECISION_INT8) {
        round_floats(value->data, use->count, precision, flush);
        return;
    }
    if (use->role != FOV_TENSOR_KERNEL) return;
    const size_t rows = (size_t)value->shape.dim[0], per_row = use->count / rows;
    for (size_t r = 0; r < rows; r++) round_row((float *)value->data + r * per_row, per_row);
}

fov_status fov_round_weights(fov_graph *graph, fov_precision precision, bool flush, fov_error *err)
{
    fov_tensor_list list;
    fov_status      st = fov_tensors_list(graph, &list, err);
    if (st) return st;
    for (size_t i = 0; i < list.count; i++) round_tensor(&graph->value[list.item[i].value], &list.item[i], precision, flush);
    fov_free(list.item);
    return FOV_OK;
}
