// SPDX-License-Identifier: MIT
#include "request.h"

#include <endian.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "detect_text.h"
#include "tensors.h"

enum { MAX_RANK = 4, MAX_SIDE = 1000000 };

/* What Triton says of an input. */
typedef struct described {
    TRITONBACKEND_Input  *input;
    const char           *name;
    TRITONSERVER_DataType type;
    const int64_t        *shape;
    uint32_t              rank, buffers;
    uint64_t              bytes;
    const unsigned char  *data;
} described;

void tri_request_fail(tri_request *r, fov_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(r->err.message, sizeof r->err.message, format, args);
    va_end(args);
    r->status = r->err.code = status;
}

/* What Triton itself says is wrong. @return true: nothing */
static bool succeeded(tri_request *r, TRITONSERVER_Error *error)
{
    if (!error) return true;
    tri_request_fail(r, FOV_ERR_INTERNAL, "Triton: %s", TRITONSERVER_ErrorMessage(error));
    TRITONSERVER_ErrorDelete(error);
    return false;
}

/* ---------------------------------------------------------------- parameters */

static bool print_value(char *text, size_t bytes, TRITONSERVER_ParameterType type, const void *value)
{
    int64_t whole;
    double  real;
    switch (type) {
    case TRITONSERVER_PARAMETER_STRING:
        snprintf(text, bytes, "%s", (const char *)value);
        return true;
    case TRITONSERVER_PARAMETER_INT:
        memcpy(&whole, value, sizeof whole);
        snprintf(text, bytes, "%lld", (long long)whole);
        return true;
    case TRITONSERVER_PARAMETER_DOUBLE:
        memcpy(&real, value, sizeof real);
        snprintf(text, bytes, "%.9g", real);
        return true;
    default:
        return false;
    }
}

static void read_parameter(tri_request *r, const fov_detect_options *own, uint32_t index)
{
    const char                *name = NULL;
    const void                *value = NULL;
    TRITONSERVER_ParameterType type = TRITONSERVER_PARAMETER_STRING;
    char                       text[64];
    if (!succeeded(r, TRITONBACKEND_RequestParameter(r->triton, index, &name, &type, &value))) return;
    if (!strncmp(name, "triton_", 7)) return; /* the server's own */
    if (!cli_detect_parameter_is_known(name))
        tri_request_fail(r, FOV_ERR_ARGUMENT, "%.64s: there is no such parameter; there are " CLI_DETECT_PARAMETERS, name);
    else if (!print_value(text, sizeof text, type, value))
        tri_request_fail(r, FOV_ERR_ARGUMENT, "parameter %.64s: expected a number or a text", name);
    else r->status = cli_detect_parameter_set(&r->detect, own, name, text, &r->err);
}

static void read_parameters(tri_request *r, const fov_detect_options *own)
{
    uint32_t count = 0;
    if (!succeeded(r, TRITONBACKEND_RequestParameterCount(r->triton, &count))) return;
    for (uint32_t i = 0; i < count && !r->status; i++) read_parameter(r, own, i);
}

/* ---------------------------------------------------------------- the input's bytes */

static bool read_piece(tri_request *r, const described *d, uint32_t index, const void **piece, uint64_t *bytes)
{
    TRITONSERVER_MemoryType memory = TRITONSERVER_MEMORY_CPU;
    int64_t                 id = 0;
    if (!succeeded(r, TRITONBACKEND_InputBuffer(d->input, index, piece, bytes, &memory, &id))) return false;
    if (memory != TRITONSERVER_MEMORY_GPU) return true;
    tri_request_fail(r, FOV_ERR_UNSUPPORTED,
                     "input %s: it is in the memory of a GPU: photos are decoded on the processor; send them "
                     "in the request or in the system's shared memory",
                     d->name);
    return false;
}

static void join_pieces(tri_request *r, described *d)
{
    size_t at = 0;
    if (!(r->joined = malloc(d->bytes + 1))) {
        tri_request_fail(r, FOV_ERR_MEMORY, "no memory for the %llu bytes of input %s", (unsigned long long)d->bytes, d->name);
        return;
    }
    for (uint32_t i = 0; i < d->buffers; i++) {
        const void *piece;
        uint64_t    bytes;
        if (!read_piece(r, d, i, &piece, &bytes)) return;
        if (bytes > d->bytes - at) {
            tri_request_fail(r, FOV_ERR_INTERNAL, "input %s: its pieces are more than its %llu bytes", d->name,
                             (unsigned long long)d->bytes);
            return;
        }
        memcpy(r->joined + at, piece, bytes);
        at += bytes;
    }
    d->bytes = at;
    d->data = r->joined;
}

static void read_bytes(tri_request *r, described *d)
{
    const void *data = NULL;
    if (d->buffers != 1) join_pieces(r, d);
    else if (read_piece(r, d, 0, &data, &d->bytes)) d->data = data;
}

/* ---------------------------------------------------------------- photos and pixels */

/* @param sizes that are multiplied */
static bool make_looks(tri_request *r, const described *d, uint32_t sizes)
{
    size_t count = 1;
    for (uint32_t i = 0; i < sizes; i++)
        if (__builtin_mul_overflow(count, (size_t)d->shape[i], &count)) count = SIZE_MAX;
    /* Each has bytes of its own: a shape alone takes no memory. */
    if (count > d->bytes) {
        tri_request_fail(r, FOV_ERR_ARGUMENT, "input %s: %zu photos in %llu bytes", d->name, count, (unsigned long long)d->bytes);
        return false;
    }
    /* NOLINTNEXTLINE(clang-analyzer-optin.portability.UnixAPI): there are fewer than a request has bytes */
    r->look = calloc(count + 1, sizeof *r->look);
    if (!r->look) tri_request_fail(r, FOV_ERR_MEMORY, "no memory for %zu photos", count);
    r->looks = r->look ? count : 0;
    for (size_t i = 0; i < r->looks; i++) r->look[i].request = r;
    return r->look;
}

/* Each with its length before it, 4 bytes, little-endian. */
static void read_photos(tri_request *r, const described *d)
{
    size_t at = 0;
    if (!make_looks(r, d, d->rank)) return;
    for (size_t i = 0; i < r->looks; i++) {
        uint32_t size = UINT32_MAX;
        if (d->bytes - at >= sizeof size) {
            memcpy(&size, d->data + at, sizeof size);
            size = le32toh(size);
            at += sizeof size;
        }
        if (size > d->bytes - at) {
            tri_request_fail(r, FOV_ERR_ARGUMENT, "input photo: its %llu bytes end before photo %zu does",
                             (unsigned long long)d->bytes, i);
            return;
        }
        r->look[i].data = d->data + at;
        r->look[i].bytes = size;
        at += size;
    }
}

static void read_pixels(tri_request *r, const described *d, const tri_settings *settings)
{
    if (d->rank < 3 || d->shape[d->rank - 1] != 3) {
        tri_request_fail(r, FOV_ERR_ARGUMENT, "input pixels: expected the shape [height, width, 3] or [N, height, width, 3]");
        return;
    }
    const size_t height = (size_t)d->shape[d->rank - 3], width = (size_t)d->shape[d->rank - 2], bytes = 3 * height * width;
    if (height * width > settings->photo_pixels) { /* sides have limits */
        tri_request_fail(r, FOV_ERR_LIMIT, "input pixels: %zu x %zu is more than the %llu pixels that the model takes (max_pixels)",
                         width, height, (unsigned long long)settings->photo_pixels);
        return;
    }
    if (!make_looks(r, d, d->rank - 3)) return;
    if (r->looks * bytes != d->bytes) {
        tri_request_fail(r, FOV_ERR_ARGUMENT, "input pixels: its shape says %zu bytes, and it has %llu", r->looks * bytes,
                         (unsigned long long)d->bytes);
        return;
    }
    for (size_t i = 0; i < r->looks; i++)
        r->look[i].pixels = (fov_image){d->data + i * bytes, (int)width, (int)height, (ptrdiff_t)(3 * width), FOV_RGB8};
}

static bool has_sane_shape(tri_request *r, const described *d)
{
    bool sane = d->rank >= 1 && d->rank <= MAX_RANK;
    for (uint32_t i = 0; sane && i < d->rank; i++) sane = d->shape[i] >= 1 && d->shape[i] <= MAX_SIDE;
    if (!sane)
        tri_request_fail(r, FOV_ERR_ARGUMENT, "input %s: expected a shape of 1 to %d sizes, each from 1 to %d", d->name, MAX_RANK,
                         MAX_SIDE);
    return sane;
}

static void read_input(tri_request *r, const tri_settings *settings)
{
    uint32_t  count = 0;
    described d = {0};
    if (!succeeded(r, TRITONBACKEND_RequestInputCount(r->triton, &count))) return;
    if (count != 1) {
        tri_request_fail(r, FOV_ERR_ARGUMENT, "%u inputs: expected either photo (BYTES) or pixels (UINT8)", count);
        return;
    }
    if (!succeeded(r, TRITONBACKEND_RequestInputByIndex(r->triton, 0, &d.input)) ||
        !succeeded(r, TRITONBACKEND_InputProperties(d.input, &d.name, &d.type, &d.shape, &d.rank, &d.bytes, &d.buffers)) ||
        !has_sane_shape(r, &d))
        return;
    read_bytes(r, &d);
    if (r->status) return;
    /* Names and types are those of config.pbtxt, as Triton has checked. */
    if (d.type == TRITONSERVER_TYPE_BYTES && !strcmp(d.name, srv_inputs[SRV_PHOTO].name)) read_photos(r, &d);
    else if (d.type == TRITONSERVER_TYPE_UINT8 && !strcmp(d.name, srv_inputs[SRV_PIXELS].name)) read_pixels(r, &d, settings);
    else tri_request_fail(r, FOV_ERR_ARGUMENT, "input %.64s: expected photo (TYPE_STRING) or pixels (TYPE_UINT8)", d.name);
}

/* ---------------------------------------------------------------- the whole */

void tri_request_read(tri_request *r, TRITONBACKEND_Request *triton, const tri_settings *settings)
{
    *r = (tri_request){.triton = triton, .detect = settings->detect};
    read_parameters(r, &settings->detect);
    if (!r->status) read_input(r, settings);
}

void tri_request_clear(tri_request *r)
{
    for (size_t i = 0; i < r->looks; i++) {
        fov_photo_free(r->look[i].photo);
        free(r->look[i].face);
    }
    free(r->look);
    free(r->joined);
}
