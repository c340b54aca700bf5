// SPDX-License-Identifier: MIT
/* The input of a request for inference: photos or pixels, as binary data or told in JSON. */
#include "infer.h"

#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BAD(...) srv_reply_error(MHD_HTTP_BAD_REQUEST, __VA_ARGS__)

enum { MAX_RANK = 4, MAX_SIDE = 1000000 };

/* What an input says of itself. */
typedef struct described {
    srv_input     kind;
    const char   *name;
    size_t        rank, shape[MAX_RANK];
    const json_t *data;  /* NULL: binary */
    size_t        bytes; /* of binary data */
} described;

/* ---------------------------------------------------------------- the description */

static srv_reply read_shape(const json_t *shape, described *d)
{
    size_t  i;
    json_t *side;
    d->rank = json_array_size(shape);
    if (!d->rank || d->rank > MAX_RANK) return BAD("input %s: expected a shape of 1 to %d sizes", d->name, MAX_RANK);
    json_array_foreach(shape, i, side)
    {
        const json_int_t value = json_integer_value(side);
        if (value < 1 || value > MAX_SIDE)
            return BAD("input %s: sizes of a shape are whole numbers from 1 to %d", d->name, MAX_SIDE);
        d->shape[i] = (size_t)value;
    }
    return (srv_reply){0};
}

static srv_reply read_place(const json_t *input, srv_rest *rest, described *d)
{
    const json_t *parameters = json_object_get(input, "parameters"), *size = json_object_get(parameters, "binary_data_size");
    d->data = json_object_get(input, "data");
    if (json_object_get(parameters, "shared_memory_region")) return BAD("input %s: this server has no shared memory", d->name);
    if (!size == !d->data) return BAD("input %s: expected either 'data' or the parameter binary_data_size", d->name);
    if (!size) return (srv_reply){0};
    const json_int_t bytes = json_is_integer(size) ? json_integer_value(size) : -1;
    if (bytes < 0 || (uint64_t)bytes > rest->bytes)
        return BAD("input %s: binary_data_size: expected a number up to the %zu bytes that follow the JSON", d->name, rest->bytes);
    d->bytes = (size_t)bytes;
    return (srv_reply){0};
}

static srv_reply describe(const json_t *input, srv_rest *rest, described *d)
{
    const char *name = json_string_value(json_object_get(input, "name"));
    const char *type = json_string_value(json_object_get(input, "datatype"));
    const int   kind = name ? srv_tensor_find(srv_inputs, SRV_INPUTS, name) : SRV_INPUTS;
    *d = (described){0};
    if (kind == SRV_INPUTS) return BAD("input '%.64s': there are photo (BYTES) and pixels (UINT8)", name ? name : "");
    d->kind = (srv_input)kind;
    d->name = srv_inputs[kind].name;
    if (!type || strcmp(type, srv_inputs[kind].datatype) != 0)
        return BAD("input %s: datatype '%.32s': expected %s", name, type ? type : "", srv_inputs[kind].datatype);
    const srv_reply wrong = read_shape(json_object_get(input, "shape"), d);
    return wrong.status ? wrong : read_place(input, rest, d);
}

/* ---------------------------------------------------------------- photos */

static srv_reply make_looks(srv_infer *infer, const described *d, size_t count, size_t most)
{
    if (count > most)
        return srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE, "input %s: %zu photos, and this server takes %zu at a time: send fewer",
                               d->name, count, most);
    infer->look = calloc(count, sizeof *infer->look);
    if (!infer->look) return srv_reply_no_memory();
    infer->looks = count;
    return (srv_reply){0};
}

/* Each with its length before it, 4 bytes, little-endian. */
static srv_reply read_lengths(const described *d, srv_rest *rest, srv_infer *infer)
{
    size_t at = 0;
    for (size_t i = 0; i < infer->looks; i++) {
        uint32_t size;
        if (d->bytes - at < sizeof size) return BAD("input photo: its %zu bytes end before photo %zu", d->bytes, i);
        memcpy(&size, rest->data + at, sizeof size);
        size = le32toh(size);
        at += sizeof size;
        if (size > d->bytes - at) return BAD("input photo: photo %zu has %u bytes, and %zu are left", i, size, d->bytes - at);
        infer->look[i].data = rest->data + at;
        infer->look[i].bytes = size;
        at += size;
    }
    if (at != d->bytes) return BAD("input photo: %zu bytes follow its last photo", d->bytes - at);
    return (srv_reply){0};
}

/* Into `made`, where the photo begins at `at`. */
static srv_reply decode_base64(const json_t *text, size_t index, srv_infer *infer, size_t *at)
{
    const gnutls_datum_t in = {(unsigned char *)(uintptr_t)json_string_value(text), (unsigned)json_string_length(text)};
    gnutls_datum_t       out;
    const int            failed = json_is_string(text) ? srv_http.gnutls_base64_decode2(&in, &out) : GNUTLS_E_BASE64_DECODING_ERROR;
    if (failed == GNUTLS_E_MEMORY_ERROR) return srv_reply_no_memory();
    if (failed) return BAD("input photo: photo %zu: photos in JSON are texts in base64; send it so, or as binary data", index);
    memcpy(infer->made + *at, out.data, out.size);
    (*srv_http.gnutls_free)(out.data);
    infer->look[index].data = infer->made + *at;
    infer->look[index].bytes = out.size;
    *at += out.size;
    return (srv_reply){0};
}

static srv_reply read_texts(const described *d, srv_infer *infer)
{
    size_t  i, room = 1, at = 0;
    json_t *text;
    if (json_array_size(d->data) != infer->looks)
        return BAD("input photo: its shape says %zu photos, its data has %zu", infer->looks, json_array_size(d->data));
    json_array_foreach(d->data, i, text) room += json_string_length(text); /* more than what it stands for */
    if (!(infer->made = malloc(room))) return srv_reply_no_memory();
    json_array_foreach(d->data, i, text)
    {
        const srv_reply wrong = decode_base64(text, i, infer, &at);
        if (wrong.status) return wrong;
    }
    return (srv_reply){0};
}

static srv_reply read_photos(const described *d, size_t most, srv_rest *rest, srv_infer *infer)
{
    size_t count = 1;
    for (size_t i = 0; i < d->rank; i++)
        if (__builtin_mul_overflow(count, d->shape[i], &count)) count = SIZE_MAX;
    const srv_reply wrong = make_looks(infer, d, count, most);
    if (wrong.status) return wrong;
    return d->data ? read_texts(d, infer) : read_lengths(d, rest, infer);
}

srv_reply srv_infer_raw(const srv_rest *body, srv_infer *infer)
{
    const described d = {.name = "photo"};
    const srv_reply wrong = make_looks(infer, &d, 1, 1);
    if (!wrong.status) infer->look[0] = (srv_look){.data = body->data, .bytes = body->bytes};
    return wrong;
}

/* ---------------------------------------------------------------- pixels */

/* Numbers of arrays in arrays, one after the other. */
static bool flatten(const json_t *data, unsigned char *out, size_t bytes, size_t *at)
{
    size_t  i;
    json_t *value;
    json_array_foreach(data, i, value)
    {
        if (json_is_array(value)) {
            if (!flatten(value, out, bytes, at)) return false;
            continue;
        }
        const json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
        if (number < 0 || number > 255 || *at == bytes) return false;
        out[(*at)++] = (unsigned char)number;
    }
    return true;
}

static srv_reply read_numbers(const described *d, size_t bytes, srv_infer *infer)
{
    size_t at = 0;
    if (bytes > SRV_JSON_VALUES) return BAD("input pixels: %zu numbers are too many for JSON: send them as binary data", bytes);
    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): read_shape() takes no size of 0 */
    if (!(infer->made = malloc(bytes))) return srv_reply_no_memory();
    if (flatten(d->data, infer->made, bytes, &at) && at == bytes) return (srv_reply){0};
    return BAD("input pixels: expected %zu whole numbers from 0 to 255, as its shape says", bytes);
}

static srv_reply read_pixels(const described *d, const srv_config *config, srv_rest *rest, srv_infer *infer)
{
    const size_t first = d->rank == 4 ? 1 : 0, count = first ? d->shape[0] : 1;
    if (d->rank < 3 || d->shape[d->rank - 1] != 3)
        return BAD("input pixels: expected the shape [height, width, 3] or [N, height, width, 3]");
    const size_t height = d->shape[first], width = d->shape[first + 1], photo_bytes = 3 * height * width; /* sides have limits */
    if (height * width > config->photo_pixels)
        return srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE,
                               "input pixels: %zu x %zu is more than the %llu pixels that this server takes", width, height,
                               (unsigned long long)config->photo_pixels);
    srv_reply wrong = make_looks(infer, d, count, config->request_photos);
    if (wrong.status) return wrong;
    const size_t bytes = count * photo_bytes;
    if (!d->data && bytes != d->bytes) return BAD("input pixels: its shape says %zu bytes, binary_data_size %zu", bytes, d->bytes);
    if (d->data) wrong = read_numbers(d, bytes, infer);
    if (wrong.status) return wrong;
    const unsigned char *pixels = d->data ? infer->made : rest->data;
    for (size_t i = 0; i < count; i++)
        infer->look[i].pixels = (fov_image){pixels + i * photo_bytes, (int)width, (int)height, (ptrdiff_t)(3 * width), FOV_RGB8};
    return (srv_reply){0};
}

srv_reply srv_infer_input(const json_t *input, const srv_config *config, srv_rest *rest, srv_infer *infer)
{
    described d;
    srv_reply wrong = describe(input, rest, &d);
    if (wrong.status) return wrong;
    wrong = d.kind == SRV_PHOTO ? read_photos(&d, config->request_photos, rest, infer) : read_pixels(&d, config, rest, infer);
    rest->data += d.bytes;
    rest->bytes -= d.bytes;
    return wrong;
}
