// SPDX-License-Identifier: MIT
/* safetensors with float32 weights; the settings travel in the metadata. */
#include "export/export.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <string.h>

enum { LENGTH_BYTES = 8, ALIGNMENT = 8 };

/* NULL without memory. */
static json_t *describe_tensor(const fov_weight *weight, size_t begin)
{
    json_t *shape = json_array();
    int     failed = 0;
    for (int i = 0; i < weight->shape.rank; i++) failed |= json_array_append_new(shape, json_integer(weight->shape.dim[i]));
    if (failed) {
        json_decref(shape);
        return NULL;
    }
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets", (json_int_t)begin,
                     (json_int_t)begin + (json_int_t)(weight->count * sizeof(float)));
}

static json_t *describe_metadata(const struct fov_model *model)
{
    fov_text settings = {0};
    fov_settings_print(&model->settings, &settings);
    json_t *json = settings.failed ? NULL
                                   : json_pack("{s:s, s:s, s:s}", "format", "pt", "fovea.family", model->family->name,
                                               "fovea.settings", settings.data);
    fov_text_clear(&settings);
    return json;
}

/* NULL without memory. Release with fov_free(). */
static char *make_header(const struct fov_model *model, const fov_weights *weights, size_t *data_bytes)
{
    json_t *header = json_object();
    *data_bytes = 0;
    fov_json_set(&header, "__metadata__", describe_metadata(model));
    for (size_t i = 0; i < weights->count; i++) {
        fov_json_set(&header, weights->item[i].name, describe_tensor(&weights->item[i], *data_bytes));
        *data_bytes += weights->item[i].count * sizeof(float);
    }
    return fov_json_take(header);
}

static void put_le(unsigned char *out, uint64_t v, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) out[i] = (unsigned char)(v >> (8 * i));
}

static void put_numbers(unsigned char *out, const fov_weight *weight)
{
    for (size_t i = 0; i < weight->count; i++) {
        uint32_t bits;
        memcpy(&bits, &weight->data[i], sizeof bits);
        put_le(out + i * sizeof bits, bits, sizeof bits);
    }
}

static fov_status assemble(const char *header, const fov_weights *weights, size_t data_bytes, fov_buffer *out, fov_error *err)
{
    const size_t length = strlen(header), padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    out->size = LENGTH_BYTES + padded + data_bytes;
    out->data = fov_alloc(out->size);
    if (!out->data) return fov_fail_memory(err, "the file's bytes");
    put_le(out->data, padded, LENGTH_BYTES);
    memcpy(out->data + LENGTH_BYTES, header, length);
    memset(out->data + LENGTH_BYTES + length, ' ', padded - length);
    unsigned char *p = out->data + LENGTH_BYTES + padded;
    for (size_t i = 0; i < weights->count; p += weights->item[i++].count * sizeof(float)) put_numbers(p, &weights->item[i]);
    return FOV_OK;
}

static fov_status export_safetensors(const struct fov_model *model, fov_buffer *out, fov_error *err)
{
    fov_weights weights = {0};
    size_t      data_bytes;
    fov_status  st = fov_model_weights(model, &weights, err);
    if (!st) {
        char *header = make_header(model, &weights, &data_bytes);
        st = header ? assemble(header, &weights, data_bytes, out, err) : fov_fail_memory(err, "the header");
        fov_free(header);
    }
    fov_weights_clear(&weights);
    return st;
}

const fov_exporter fov_exporter_safetensors = {.format = "safetensors", .carries_settings = true, .export = export_safetensors};
