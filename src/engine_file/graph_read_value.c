// SPDX-License-Identifier: MIT
#include "engine_file/graph_reader.h"

#include "base/alloc.h"
#include "graph/op.h"

#include <math.h>

static fov_status read_shape(fov_graph_reader *r, fov_shape *shape)
{
    uint8_t rank;
    if (!fov_bytes_u8(&r->in, &rank)) return fov_place_short(&r->place, r->what);
    *shape = (fov_shape){.rank = rank == FOV_RANK_UNKNOWN ? -1 : rank};
    if (shape->rank > FOV_MAX_RANK) return fov_place_fail(&r->place, "%s has rank %d, the most is %d", r->what, rank, FOV_MAX_RANK);
    for (int i = 0; i < shape->rank; i++) {
        uint64_t dim;
        if (!fov_bytes_le(&r->in, 8, &dim)) return fov_place_short(&r->place, r->what);
        shape->dim[i] = (int64_t)dim;
        if (shape->dim[i] < -1 || shape->dim[i] > FOV_MAX_ELEMENTS)
            return fov_place_fail(&r->place, "%s has a dimension of %lld", r->what, (long long)shape->dim[i]);
    }
    return FOV_OK;
}

/* A bool that is neither 0 nor 1 means nothing in C. */
static bool all_bools(const unsigned char *data, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (data[i] > 1) return false;
    return true;
}

/* Elements belong to one value: a file cannot ask for more memory than it has bytes. The elements are the section's next then. */
static fov_status take_place(const fov_graph_reader *r, fov_bytes *section, uint64_t offset, uint64_t bytes, const char *name)
{
    if (offset < section->pos)
        return fov_place_fail(&r->place, "value '%s': what it has begins at byte %llu of its section, where another's ends at %zu",
                              name, (unsigned long long)offset, section->pos);
    section->pos = (size_t)(offset + bytes);
    return FOV_OK;
}

static fov_status read_constant(fov_graph_reader *r, const char *name, fov_dtype dtype, const fov_shape *shape)
{
    const size_t size = fov_dtype_size(dtype);
    uint64_t     offset;
    uint8_t      has_origin;
    size_t       count;
    char        *origin = NULL, text[128];
    if (!fov_bytes_le(&r->in, 8, &offset) || !fov_bytes_u8(&r->in, &has_origin)) return fov_place_short(&r->place, r->what);
    if (!fov_op_shape_allowed(shape) || !fov_shape_count(shape, &count))
        return fov_place_fail(&r->place, "constant '%s': its shape %s is open or too large", name,
                              fov_shape_print(shape, text, sizeof text));
    if (offset % FOV_FILE_ALIGN || offset > r->tensors.size || count > (r->tensors.size - offset) / size)
        return fov_place_fail(&r->place, "constant '%s': %zu elements at %llu are not within the %zu bytes of section 'tensors'",
                              name, count, (unsigned long long)offset, r->tensors.size);
    fov_status st = take_place(r, &r->tensors, offset, (uint64_t)count * size, name);
    if (st) return st;
    if (dtype == FOV_BOOL && !all_bools(r->tensors.data + offset, count))
        return fov_place_fail(&r->place, "constant '%s': has elements that are neither true nor false", name);
    st = has_origin ? fov_get_string(&r->place, &r->in, r->what, &origin) : FOV_OK;
    if (st) return st;
    int id = fov_graph_add_constant(r->graph, name, dtype, shape, r->tensors.data + offset, origin, r->place.err);
    fov_free(origin);
    return id == FOV_NONE ? FOV_ERR_MEMORY : FOV_OK;
}

static fov_status take_quant(fov_graph_reader *r, fov_quant *quant, fov_bytes *from)
{
    const fov_value *value = &r->graph->value[r->graph->n_value - 1];
    for (int i = 0; i < quant->count; i++) {
        fov_get_f32(from, &quant->scale[i]);
        if (!isfinite(quant->scale[i]) || quant->scale[i] <= 0)
            return fov_place_fail(&r->place, "value '%s': scale %d is %g, it must be finite and above 0", value->name, i,
                                  (double)quant->scale[i]);
        if (value->dtype == FOV_U8 && !isfinite(1 / quant->scale[i])) /* numbers are stored multiplied by it */
            return fov_place_fail(&r->place, "value '%s': scale %d is %g, which has no finite inverse", value->name, i,
                                  (double)quant->scale[i]);
    }
    const uint32_t most = value->dtype == FOV_U8 ? UINT8_MAX : 0;
    for (int i = 0; i < quant->count; i++) {
        uint32_t zero_point = 0;
        fov_get_u32(from, &zero_point);
        if (zero_point > most)
            return fov_place_fail(&r->place, "value '%s': zero point %d is %u, at most %u is possible", value->name, i, zero_point,
                                  most);
        quant->zero_point[i] = (int32_t)zero_point;
    }
    return FOV_OK;
}

/* Of the value that was added last. */
static fov_status read_quant(fov_graph_reader *r)
{
    const int value = r->graph->n_value - 1;
    uint32_t  count;
    uint64_t  offset;
    if (!fov_get_u32(&r->in, &count) || !fov_bytes_le(&r->in, 8, &offset)) return fov_place_short(&r->place, r->what);
    if (!count || offset > r->scales.size || count > (r->scales.size - offset) / 8)
        return fov_place_fail(&r->place, "%s: %u scales at %llu are not within the %zu bytes of section 'scales'", r->what, count,
                              (unsigned long long)offset, r->scales.size);
    fov_status st = take_place(r, &r->scales, offset, (uint64_t)count * 8, r->graph->value[value].name);
    if (st) return st;
    fov_quant quant = {(int)count, fov_alloc_array(count, sizeof(float)), fov_alloc_array(count, sizeof(int32_t))};
    fov_bytes from = {r->scales.data + offset, r->scales.size - (size_t)offset, 0};
    st = quant.scale && quant.zero_point ? take_quant(r, &quant, &from) : fov_fail_memory(r->place.err, "scales");
    if (!st) st = fov_graph_set_storage(r->graph, value, r->graph->value[value].dtype, &quant, r->place.err);
    fov_free(quant.scale);
    fov_free(quant.zero_point);
    return st;
}

static fov_status add_value(fov_graph_reader *r, const char *name)
{
    uint8_t    dtype, flags;
    fov_shape  shape;
    fov_status st;
    if (!fov_bytes_u8(&r->in, &dtype) || !fov_bytes_u8(&r->in, &flags)) return fov_place_short(&r->place, r->what);
    if (dtype > FOV_I8) return fov_place_fail(&r->place, "%s, '%s': element type %d is unknown", r->what, name, dtype);
    if (flags & ~(FOV_VALUE_CONSTANT | FOV_VALUE_QUANT))
        return fov_place_fail(&r->place, "%s, '%s': flags 0x%02x are unknown", r->what, name, flags);
    if ((dtype == FOV_U8 || dtype == FOV_I8) != !!(flags & FOV_VALUE_QUANT))
        return fov_place_fail(&r->place, "%s, '%s': integers of 8 bits need scales, other types have none", r->what, name);
    if ((st = read_shape(r, &shape))) return st;
    if (flags & FOV_VALUE_CONSTANT) st = read_constant(r, name, (fov_dtype)dtype, &shape);
    else if (fov_graph_add_value(r->graph, name, (fov_dtype)dtype, &shape, r->place.err) == FOV_NONE) st = FOV_ERR_MEMORY;
    return !st && flags & FOV_VALUE_QUANT ? read_quant(r) : st;
}

fov_status fov_graph_reader_value(fov_graph_reader *r)
{
    char      *name;
    fov_status st = fov_get_string(&r->place, &r->in, r->what, &name);
    if (!st) st = add_value(r, name);
    fov_free(name);
    return st;
}
