// SPDX-License-Identifier: MIT
#include "import/onnx_wire.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"

/* A graph without control flow nests 6 deep: model, graph, value, type, tensor type, shape, dimension. */
enum { MAX_DEPTH = 16 };

/* Room for the structs of the largest permitted graph; weights cost about what they cost in the file. */
#define BUDGET_BASE ((size_t)64 << 20)
#define BUDGET_PER_BYTE 8

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

typedef struct field {
    uint64_t number;
    unsigned wire;
    uint64_t size; /* of the payload that follows */
} field;

static bool read_varint(fov_bytes *in, uint64_t *value)
{
    size_t start = in->pos;
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!fov_bytes_u8(in, &byte)) break;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    in->pos = start;
    return false;
}

/* Tag and, for bytes, their length; a varint's size is found by reading it. */
static bool read_field(fov_bytes *in, field *f)
{
    uint64_t tag;
    if (!read_varint(in, &tag)) return false;
    f->number = tag >> 3;
    f->wire = (unsigned)(tag & 7);
    f->size = 0;
    if (f->number == 0 || f->number > INT32_MAX) return false;
    switch (f->wire) {
    case WIRE_VARINT:
        return read_varint(in, &tag);
    case WIRE_64:
        f->size = 8;
        return true;
    case WIRE_32:
        f->size = 4;
        return true;
    case WIRE_BYTES:
        return read_varint(in, &f->size);
    default:
        return false;
    }
}

static const ProtobufCFieldDescriptor *describe(const ProtobufCMessageDescriptor *type, uint64_t number)
{
    return protobuf_c_message_descriptor_get_field(type, (unsigned)number);
}

/* ---------------------------------------------------------------- check */

/* A message that is being read. */
typedef struct level {
    const ProtobufCMessageDescriptor *type;
    size_t                            end;
    uint64_t                          seen; /* bit i: single sub-message field i was there */
} level;

static fov_status enter(level *stack, int *depth, const ProtobufCFieldDescriptor *known, size_t at, size_t end, fov_error *err)
{
    level   *outer = &stack[*depth - 1];
    unsigned index = (unsigned)(known - outer->type->fields);
    if (*depth == MAX_DEPTH)
        return fov_fail(err, FOV_ERR_FORMAT, "byte %zu: ONNX messages nested more than %d deep; this is no graph of a detector", at,
                        MAX_DEPTH);
    if (known->label != PROTOBUF_C_LABEL_REPEATED && index < 64) {
        if (outer->seen >> index & 1)
            return fov_fail(err, FOV_ERR_FORMAT, "byte %zu: a second '%s' in one ONNX message; the file is damaged", at,
                            known->name);
        outer->seen |= (uint64_t)1 << index;
    }
    stack[(*depth)++] = (level){.type = known->descriptor, .end = end};
    return FOV_OK;
}

static fov_status check(fov_bytes *in, fov_error *err)
{
    level stack[MAX_DEPTH] = {{.type = &onnx__model_proto__descriptor, .end = in->size}};
    for (int depth = 1; depth;) {
        const level *now = &stack[depth - 1];
        size_t       at = in->pos;
        field        f;
        if (at == now->end) {
            depth--;
            continue;
        }
        if (!read_field(in, &f) || in->pos > now->end)
            return fov_fail(err, FOV_ERR_FORMAT, "byte %zu: no valid protobuf field; the ONNX file is damaged or no ONNX file", at);
        if (f.size > now->end - in->pos)
            return fov_fail(err, FOV_ERR_FORMAT,
                            "byte %zu: a field of %llu bytes where %zu are left; the ONNX file is truncated or damaged", at,
                            (unsigned long long)f.size, now->end - in->pos);
        const ProtobufCFieldDescriptor *known = describe(now->type, f.number);
        if (known && known->type == PROTOBUF_C_TYPE_MESSAGE && f.wire == WIRE_BYTES) {
            fov_status st = enter(stack, &depth, known, at, in->pos + (size_t)f.size, err);
            if (st) return st;
        } else {
            in->pos += (size_t)f.size;
        }
    }
    return FOV_OK;
}

bool fov_onnx_recognise(const fov_source *source)
{
    fov_bytes in = {.data = source->data, .size = source->size};
    field     f;
    while (read_field(&in, &f)) {
        const ProtobufCFieldDescriptor *known = describe(&onnx__model_proto__descriptor, f.number);
        if (!known) return false;
        if (known->descriptor == &onnx__graph_proto__descriptor) return f.wire == WIRE_BYTES;
        if (!fov_bytes_take(&in, f.size)) return source->size >= FOV_FILE_START; /* perhaps the beginning of one */
    }
    return false;
}

/* ---------------------------------------------------------------- unpack */

static void *budget_alloc(void *user, size_t size)
{
    fov_onnx_file *file = user;
    void          *block = size <= file->budget ? fov_alloc(size) : NULL;
    if (block) file->budget -= size;
    else if (size <= file->budget) file->refused = true;
    else file->too_large = true;
    return block;
}

static void budget_free(void *user, void *block)
{
    (void)user;
    fov_free(block);
}

fov_status fov_onnx_open(const fov_source *source, fov_onnx_file *file, fov_error *err)
{
    fov_bytes in = {.data = source->data, .size = source->size};
    size_t    scaled;
    *file = (fov_onnx_file){.allocator = {budget_alloc, budget_free, file}};
    if (__builtin_mul_overflow(source->size, (size_t)BUDGET_PER_BYTE, &scaled) ||
        __builtin_add_overflow(scaled, BUDGET_BASE, &file->budget))
        file->budget = SIZE_MAX;

    fov_status st = check(&in, err);
    if (st) return st;
    file->model = onnx__model_proto__unpack(&file->allocator, source->size, source->data);
    if (!file->model && file->too_large)
        return fov_fail(err, FOV_ERR_LIMIT,
                        "unpacked, it would take more than %zu times its %zu bytes and %zu MiB: this is no graph of a detector",
                        (size_t)BUDGET_PER_BYTE, source->size, BUDGET_BASE >> 20);
    if (!file->model && file->refused)
        return fov_fail(err, FOV_ERR_MEMORY, "no memory to unpack an ONNX file of %zu bytes", source->size);
    if (!file->model)
        return fov_fail(err, FOV_ERR_FORMAT,
                        "a field of the ONNX file does not have the type that ONNX's schema gives it; it is damaged");
    if (!file->model->graph) return fov_fail(err, FOV_ERR_FORMAT, "an ONNX file without a graph; it is damaged or holds no model");
    return FOV_OK;
}

void fov_onnx_close(fov_onnx_file *file)
{
    if (file->model) onnx__model_proto__free_unpacked(file->model, &file->allocator);
    file->model = NULL;
}
