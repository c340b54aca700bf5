// SPDX-License-Identifier: MIT
/* Random Conv nodes of all storage types, with inputs. */
#ifndef FOVEA_TESTS_CONV_CASE_H
#define FOVEA_TESTS_CONV_CASE_H

#include "check.h"

#include "graph/op.h"

enum { X = 0, W = 1, BIAS = 2, RESIDUAL = 3, MAX_IN = 4, PLENTY = 64 };

typedef struct conv_case {
    fov_graph     *graph;
    fov_view       in[MAX_IN], out; /* out: shape and type, no memory */
    unsigned char *memory[MAX_IN];
    bool           present[MAX_IN], int8, extreme;
    bool           halves; /* kernels add up in half precision */
    size_t         terms;
    float          rounding; /* of the stored output, relative */
} conv_case;

/** Shapes, strides, dilations, groups, scales, zero points and neighbours in memory are random. @param k has an empty graph
 * @return false when there is no such convolution */
bool conv_case_make(check *t, conv_case *k, fov_dtype x_type);
/** What a case owns. */
void conv_case_clear(conv_case *k);

#endif
