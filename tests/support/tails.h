// SPDX-License-Identifier: MIT
/* A small network of two levels, and the tails that exporters put behind its heads. */
#ifndef FOVEA_TESTS_TAILS_H
#define FOVEA_TESTS_TAILS_H

#include "graph/op.h"
#include "support.h"

enum {
    TAIL_HEIGHT = 64,
    TAIL_WIDTH = 96,
    TAIL_LEVELS = 2,
    TAIL_ANCHORS = 2,
    TAIL_ROWS = 8 * 12 * 2 + 4 * 6 * 2,
};

#define TAIL_SETTINGS "anchors = 16,32 / 64,128\nstrides = 8,16\n"

/** Numbers of an anchor in the rows of each kind of head: scores, boxes, landmarks. */
extern const int tail_width[3];

/** @param channels of the heads of each kind. @param head out: [level][kind] */
fov_graph *tail_network(const int channels[3], int head[TAIL_LEVELS][3]);

/* Nodes; each returns its output value. A failure fails the test. */
int       tail_ints(fov_graph *g, const char *name, int64_t count, const int64_t *data); /* a constant */
int       tail_scalar(fov_graph *g, const char *name, float value);                      /* a constant */
fov_node *tail_node(fov_graph *g, fov_op op, const char *name, const int *in, int n_in, int *out);
int       tail_two(fov_graph *g, fov_op op, const char *name, int a, int b);
/** (1, A, k) over both levels, in prior order. */
int tail_rows(fov_graph *g, int head[TAIL_LEVELS][3], int kind);
int tail_softmax(fov_graph *g, int x);
/** Of the columns. */
int tail_slice(fov_graph *g, const char *name, int x, int64_t from, int64_t to);
/** Centre and size of every box, in 0..1. @param shift of the centres, in cells. @param v0, v1 variances */
int  tail_decoded(fov_graph *g, int rows, float shift, float v0, float v1);
void tail_output(fov_graph *g, int value, int64_t columns);

#endif
