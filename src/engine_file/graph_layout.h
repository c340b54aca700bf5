// SPDX-License-Identifier: MIT
/* Numbers of the graph section that its writer and its reader share. */
#ifndef FOVEA_ENGINE_FILE_GRAPH_LAYOUT_H
#define FOVEA_ENGINE_FILE_GRAPH_LAYOUT_H

enum {
    FOV_VALUE_CONSTANT = 1, /* flags of a value */
    FOV_VALUE_QUANT = 2,
    FOV_RANK_UNKNOWN = 255,
};

#define FOV_HOST_IS_BIG_ENDIAN (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)

#endif
