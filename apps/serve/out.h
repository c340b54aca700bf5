// SPDX-License-Identifier: MIT
/* Bytes that are made by printing. */
#ifndef FOVEA_SERVE_OUT_H
#define FOVEA_SERVE_OUT_H

#include <stdbool.h>
#include <stdio.h>

typedef struct srv_out {
    FILE  *file; /* NULL: no memory */
    char  *data;
    size_t bytes;
} srv_out;

/** The caller must not move it until srv_out_end(). @return false: no memory */
bool srv_out_begin(srv_out *out);
/** @return false: no memory, and there is no data; else `data` is to be freed */
bool srv_out_end(srv_out *out);

#endif
