// SPDX-License-Identifier: MIT
/* Numbers of the graph section that its writer and its reader share. */
#ifndef FOVEA_ENGINE_FILE_GRAPH_LAYOUT_H
#define FOVEA_ENGINE_FILE_GRAPH_LAYOUT_H

enum {
    FOV_VALUE_CONSTANT = 1, /* flags of a value */
    FOV_VALUE_QUANT = 2,
    FOV_RANK_UNKNOWN = 255,
};

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "tensors are copied as they are in the file");

#endif
