// SPDX-License-Identifier: MIT
/* ONNX's bytes -> protobuf-c's structs, safely. protobuf-c recurses as deep as a file nests, merges repeated messages in
 * quadratic time and allocates many bytes for one byte of input, so the wire format is checked first and memory is budgeted. */
#ifndef FOVEA_IMPORT_ONNX_WIRE_H
#define FOVEA_IMPORT_ONNX_WIRE_H

#include "import/import.h"

#include "onnx.pb-c.h"

typedef struct fov_onnx_file {
    Onnx__ModelProto  *model;
    ProtobufCAllocator allocator;
    size_t             budget;             /* bytes that may still be allocated */
    bool               refused, too_large; /* an allocation failed; the budget did */
} fov_onnx_file;

/** True when the first fields are those of a ModelProto, up to its graph. */
bool fov_onnx_recognise(const fov_source *source);

/** @param file out, stays where it is until fov_onnx_close(), which is called after a failure too */
fov_status fov_onnx_open(const fov_source *source, fov_onnx_file *file, fov_error *err);
void       fov_onnx_close(fov_onnx_file *file);

#endif
