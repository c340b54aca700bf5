// SPDX-License-Identifier: MIT
/* The part of a graph behind the heads, as a graph of its own whose inputs are the heads. */
#ifndef FOVEA_IMPORT_HEADS_TAIL_H
#define FOVEA_IMPORT_HEADS_TAIL_H

#include "import/heads.h"

typedef struct fov_tail {
    fov_graph *graph;                                  /* input 3 * level + kind is a head */
    fov_view   input[FOV_MAX_LEVELS * FOV_HEAD_KINDS]; /* dense, to be filled before a run */
    uint32_t  *reach;                                  /* of every value: bit i, input i has a part in it */
} fov_tail;

/** @param tail out: release with fov_tail_clear(), after a failure too */
fov_status fov_tail_cut(const fov_graph *graph, const fov_view *values, const fov_heads *heads, fov_tail *tail, fov_error *err);
/** Run on what `tail->input` holds. @param values out: fov_values_free(tail->graph, ..) */
fov_status fov_tail_run(const fov_tail *tail, fov_view **values, fov_error *err);
void       fov_tail_clear(fov_tail *tail);

/** Levels and kinds of the heads in a `reach`, as bits. */
unsigned fov_tail_levels(uint32_t reach);
unsigned fov_tail_kinds(uint32_t reach);

#endif
