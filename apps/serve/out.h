// SPDX-License-Identifier: MIT
/* Bytes that are made by printing. Those of a large answer are in the budget of all requests; up to SRV_OUT_OWN_BYTES are not, so
 * that a server that is full still says so. */
#ifndef FOVEA_SERVE_OUT_H
#define FOVEA_SERVE_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "budget.h"

enum { SRV_OUT_OWN_BYTES = 64 << 10 };

typedef struct srv_out {
    FILE       *file; /* NULL: no memory; failed once there is no room for what was printed */
    char       *data;
    size_t      bytes, capacity; /* of what left the stream's buffer */
    srv_budget *budget;          /* has `taken`; NULL: as much as there is memory */
    size_t      taken;
    bool        no_room; /* in the budget */
} srv_out;

/** The caller must not move it until srv_out_end(). @return false: no memory */
bool srv_out_begin(srv_out *out, srv_budget *budget);
/** How many were printed so far. */
size_t srv_out_bytes(srv_out *out);
/** @return false: no memory, or `no_room`, and there is no data; else `data` is to be freed, and `taken` to be given back */
bool srv_out_end(srv_out *out);
void srv_out_drop(srv_out *out); /* instead of srv_out_end() */

#endif
