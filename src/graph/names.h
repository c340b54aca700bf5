// SPDX-License-Identifier: MIT
/* Values by their names: a graph may have tens of thousands, and looks for a free name for each of them. */
#ifndef FOVEA_GRAPH_NAMES_H
#define FOVEA_GRAPH_NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct fov_graph;

/** A hash table with open addressing. What it says of a value is looked up again, so that a name that was given up does no harm. */
typedef struct fov_names {
    int   *slot; /* value ids; FOV_NONE: free */
    size_t size; /* a power of two, or 0 */
    size_t used;
} fov_names;

/** Value `id`, which has a name, joins those of the graph. @return false: no memory, and nothing changed */
bool fov_names_add(struct fov_graph *graph, int id);
/** After ids changed: as many values as there were, or fewer. */
void fov_names_rebuild(struct fov_graph *graph);
void fov_names_clear(fov_names *names);

#endif
