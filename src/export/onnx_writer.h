// SPDX-License-Identifier: MIT
/* What the files of the ONNX writer share. */
#ifndef FOVEA_EXPORT_ONNX_WRITER_H
#define FOVEA_EXPORT_ONNX_WRITER_H

#include "graph/graph.h"

#include "onnx.pb-c.h"

/* In front of what was asked for: the block that was taken before. */
typedef union fov_onnx_block {
    union fov_onnx_block *before;
    max_align_t           align;
} fov_onnx_block;

typedef struct fov_onnx_writer {
    const fov_graph  *graph;
    Onnx__GraphProto *body; /* has room for two initialisers a node beside the graph's constants */
    fov_onnx_block   *last;
    bool              failed;
} fov_onnx_writer;

/** Zeroed memory that lives as long as the writer; NULL once an allocation has failed. */
void *fov_onnx_take(fov_onnx_writer *writer, size_t count, size_t size);

/** Strings that protobuf-c's structs borrow are not const in its types, and are not written to. */
static inline char *fov_onnx_borrow(const char *text)
{
    return (char *)(uintptr_t)text;
}

int32_t fov_onnx_element_type(fov_dtype dtype);

/** Give `node` the attributes of `from` that opset 13 knows, or a plugin's. */
void fov_onnx_attributes(fov_onnx_writer *writer, const fov_node *from, Onnx__NodeProto *node);

/** Make `node`, whose name, first input and output are set, what a Convert is in ONNX: QuantizeLinear, DequantizeLinear or Cast. */
void fov_onnx_convert(fov_onnx_writer *writer, const fov_node *from, Onnx__NodeProto *node);

#endif
