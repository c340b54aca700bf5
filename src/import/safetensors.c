// SPDX-License-Identifier: MIT
/* safetensors: 8 bytes little-endian length N, N bytes JSON, then the numbers.
 *     {"name": {"dtype": "F32", "shape": [..], "data_offsets": [begin, end]}, .., "__metadata__": {"key": "value"}}
 * Offsets count from the end of the JSON; together the tensors cover the data without gap or overlap. */
#include "import/import.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "import/numbers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* JSON grows up to 80-fold when parsed; 16 MB describe 100,000 tensors. */
enum { LENGTH_BYTES = 8, MAX_HEADER_BYTES = 16000000 };

/* Where a tensor's bytes lie. */
typedef struct extent {
    const char *name;
    size_t      begin, end;
} extent;

typedef struct reader {
    const fov_source    *source;
    const unsigned char *data;
    size_t               size; /* of the data */
    fov_weights         *weights;
    extent              *extent; /* of all tensors, those skipped too */
    size_t               n_extent;
    size_t               described;     /* bytes of the tensors read so far */
    const char          *first_skipped; /* tensor of integers that was left out, and how many there were */
    size_t               n_skipped;
    struct fov_model    *model;
    fov_error           *err;
} reader;

/* ---------------------------------------------------------------- numbers */

static uint64_t load_length(const fov_source *source)
{
    fov_bytes in = {source->data, source->size, 0};
    uint64_t  length = 0;
    fov_bytes_le(&in, LENGTH_BYTES, &length);
    return length;
}

static const struct number_type {
    const char       *name;
    size_t            bytes;
    fov_numbers_load *load; /* NULL: no weights, skipped */
} number_types[] = {
    {"F32", 4, fov_numbers_load_f32},
    {"F16", 2, fov_numbers_load_f16},
    {"BF16", 2, fov_numbers_load_bf16},
    {"F64", 8, fov_numbers_load_f64},
    {"I64", 8, NULL},
    {"I32", 4, NULL},
    {"I16", 2, NULL},
    {"I8", 1, NULL},
    {"U64", 8, NULL},
    {"U32", 4, NULL},
    {"U16", 2, NULL},
    {"U8", 1, NULL},
    {"BOOL", 1, NULL},
};

static const struct number_type *find_number_type(const char *name)
{
    for (size_t i = 0; name && i < sizeof number_types / sizeof *number_types; i++)
        if (!strcmp(number_types[i].name, name)) return &number_types[i];
    return NULL;
}

/* ---------------------------------------------------------------- the description of a tensor */

static fov_status fail(const reader *r, const char *name, const char *what)
{
    return fov_fail(r->err, FOV_ERR_FORMAT, "%s: tensor '%.200s': %s", r->source->name, name, what);
}

/* A whole number >= 0 that fits `max`. */
static bool read_size(const json_t *json, uint64_t max, uint64_t *size)
{
    if (!json_is_integer(json) || json_integer_value(json) < 0) return false;
    *size = (uint64_t)json_integer_value(json);
    return *size <= max;
}

static fov_status read_shape(const reader *r, const char *name, const json_t *json, fov_shape *shape, size_t *count)
{
    size_t rank = json_array_size(json);
    if (!json_is_array(json) || rank > FOV_MAX_RANK) return fail(r, name, "shape is not a list of at most 6 sizes");
    *shape = (fov_shape){.rank = (int)rank};
    for (size_t i = 0; i < rank; i++) {
        uint64_t dim;
        if (!read_size(json_array_get(json, i), INT64_MAX, &dim)) return fail(r, name, "shape has an entry that is no size");
        shape->dim[i] = (int64_t)dim;
    }
    return fov_shape_count(shape, count) ? FOV_OK : fail(r, name, "the product of the shape overflows");
}

static fov_status read_extent(const reader *r, const char *name, const json_t *json, extent *e)
{
    uint64_t begin, end;
    if (!json_is_array(json) || json_array_size(json) != 2 || !read_size(json_array_get(json, 0), SIZE_MAX, &begin) ||
        !read_size(json_array_get(json, 1), SIZE_MAX, &end))
        return fail(r, name, "data_offsets is not a pair of offsets");
    if (begin > end || end > r->size)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: tensor '%.200s': data_offsets %llu to %llu, the file has %zu bytes of data",
                        r->source->name, name, (unsigned long long)begin, (unsigned long long)end, r->size);
    *e = (extent){name, (size_t)begin, (size_t)end};
    return FOV_OK;
}

static int by_begin(const void *a, const void *b)
{
    const extent *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static fov_status check_cover(const reader *r)
{
    size_t      end = 0;
    const char *last = "the header";
    qsort(r->extent, r->n_extent, sizeof *r->extent, by_begin);
    for (size_t i = 0; i < r->n_extent; i++) {
        const extent *e = &r->extent[i];
        if (e->begin != end)
            return fov_fail(r->err, FOV_ERR_FORMAT, "%s: tensor '%.200s' starts at byte %zu of the data, '%.200s' ends at %zu",
                            r->source->name, e->name, e->begin, last, end);
        end = e->end;
        last = e->name;
    }
    if (end != r->size)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: the last tensor ends at byte %zu of the data, the file has %zu",
                        r->source->name, end, r->size);
    return FOV_OK;
}

static fov_status add_weight(reader *r, const struct number_type *type, const fov_shape *shape, size_t count, const extent *e)
{
    float *data = fov_alloc_array(count, sizeof *data);
    if (!data) return fov_fail_memory(r->err, e->name);
    type->load(r->data + e->begin, data, count);
    return fov_weights_add(r->weights, e->name, shape, count, data, r->err);
}

static fov_status read_tensor(reader *r, const char *name, const json_t *json)
{
    const char               *type_name = json_string_value(json_object_get(json, "dtype"));
    const struct number_type *type = find_number_type(type_name);
    extent                   *e = &r->extent[r->n_extent++];
    fov_shape                 shape;
    size_t                    count, bytes;
    fov_status                st;
    if (!json_is_object(json) || !type_name) return fail(r, name, "no description with dtype, shape and data_offsets");
    if (!type)
        return fov_fail(r->err, FOV_ERR_UNSUPPORTED,
                        "%s: tensor '%.200s': dtype %.20s is not known; weights are F32, F16, BF16 or F64", r->source->name, name,
                        type_name);
    if ((st = read_shape(r, name, json_object_get(json, "shape"), &shape, &count))) return st;
    if ((st = read_extent(r, name, json_object_get(json, "data_offsets"), e))) return st;
    if (__builtin_mul_overflow(count, type->bytes, &bytes) || bytes != e->end - e->begin) {
        char text[64];
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: tensor '%.200s': %s of shape %s do not fit %zu bytes", r->source->name, name,
                        type_name, fov_shape_print(&shape, text, sizeof text), e->end - e->begin);
    }
    r->described += bytes;
    if (r->described > r->size) return check_cover(r); /* some overlap: a file may not have its bytes copied a thousand times */
    if (type->load) return add_weight(r, type, &shape, count, e);
    if (!fov_weight_is_counter(name) && !r->n_skipped++) r->first_skipped = name;
    return FOV_OK;
}

/* ---------------------------------------------------------------- the file */

static fov_status read_tensors(reader *r, json_t *header)
{
    const char *name;
    json_t     *json;
    r->extent = fov_alloc_array(json_object_size(header), sizeof *r->extent);
    if (!r->extent) return fov_fail_memory(r->err, "the list of tensors");
    json_object_foreach(header, name, json)
    {
        if (!strcmp(name, "__metadata__")) continue;
        fov_status st = read_tensor(r, name, json);
        if (st) return st;
    }
    if (r->n_skipped) {
        fov_status st = fov_model_warn(r->model, r->err, "%zu tensors of integers were ignored, the first is '%.200s'",
                                       r->n_skipped, r->first_skipped);
        if (st) return st;
    }
    return check_cover(r);
}

static fov_status read_header(const reader *r, uint64_t length, json_t **header)
{
    json_error_t error;
    *header = json_loadb((const char *)r->source->data + LENGTH_BYTES, (size_t)length, JSON_REJECT_DUPLICATES, &error);
    if (*header && json_is_object(*header)) return FOV_OK;
    if (*header) return fov_fail(r->err, FOV_ERR_FORMAT, "%s: the header is not a JSON object", r->source->name);
    return fov_fail(r->err, FOV_ERR_FORMAT, "%s: byte %d: the header is damaged JSON: %s", r->source->name,
                    LENGTH_BYTES + error.position, error.text);
}

static fov_status import_safetensors(const fov_source *source, struct fov_model *model, fov_error *err)
{
    fov_weights    weights = {.file = source->name};
    reader         r = {.source = source, .weights = &weights, .model = model, .err = err};
    json_t        *header = NULL;
    const uint64_t length = load_length(source), left = source->size - LENGTH_BYTES;
    fov_status     st;
    if (length > left)
        return fov_fail(err, FOV_ERR_FORMAT, "%s: the header has %llu bytes, the file ends after %llu of them: it is truncated",
                        source->name, (unsigned long long)length, (unsigned long long)left);
    r.data = source->data + LENGTH_BYTES + length;
    r.size = (size_t)(left - length);
    if ((st = read_header(&r, length, &header))) goto done;
    if ((st = read_tensors(&r, header))) goto done;
    st = fov_import_weights(source, json_string_value(json_object_get(json_object_get(header, "__metadata__"), "fovea.settings")),
                            &weights, model, err);
done:
    fov_free(r.extent);
    json_decref(header);
    fov_weights_clear(&weights);
    return st;
}

static bool recognise_safetensors(const fov_source *source)
{
    return source->size > LENGTH_BYTES && source->data[LENGTH_BYTES] == '{' && load_length(source) <= MAX_HEADER_BYTES;
}

const fov_importer fov_importer_safetensors = {
    .format = "safetensors",
    .recognise = recognise_safetensors,
    .import = import_safetensors,
};
