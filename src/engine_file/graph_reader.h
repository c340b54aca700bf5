// SPDX-License-Identifier: MIT
/* The parts of the reader of the graph section. */
#ifndef FOVEA_ENGINE_FILE_GRAPH_READER_H
#define FOVEA_ENGINE_FILE_GRAPH_READER_H

#include "engine_file/content.h"
#include "engine_file/graph_layout.h"

typedef struct fov_graph_reader {
    fov_place  place;
    fov_bytes  in, tensors, scales; /* the cursors of the latter are where the last value's ended */
    fov_graph *graph;
    char       what[96]; /* is being read, for messages: "value 17" */
} fov_graph_reader;

/** Read the next value, or node, and add it to the graph. */
fov_status fov_graph_reader_value(fov_graph_reader *r);
fov_status fov_graph_reader_node(fov_graph_reader *r);
/** A list of ids of values. @param ids out: release with fov_free(), also after a failure */
fov_status fov_graph_reader_ids(fov_graph_reader *r, bool may_be_left_out, int **ids, int *count);

#endif
