// SPDX-License-Identifier: MIT
/* Layers alone: nodes between random tensors of any type, layout and rank, run by a backend whose steps run elsewhere and by
 * "reference", and compared. Several nodes are convolutions of one input, which that backend joins. */
#ifndef FOVEA_TESTS_LAYER_H
#define FOVEA_TESTS_LAYER_H

#include "backend/backend.h"
#include "support.h"

enum { LAYER_IN = 16, LAYER_OUT = 6 };

/** A tensor, in memory of its own on the host and at the place. */
typedef struct layer_tensor {
    int            value; /* of the graph */
    fov_view       view;  /* on the host */
    unsigned char *memory;
    size_t         bytes;
    bool           constant; /* memory is the graph's */
} layer_tensor;

typedef struct layer {
    fov_graph   *graph;
    test_random  random;
    layer_tensor in[LAYER_IN], out[LAYER_OUT];
    int          n_in, n_out;
    int          align; /* of where activations begin in wider ones, and of how wide those are, in elements */
} layer;

/** What an element may be off: absolute, relative to it, and by one step of the type it is stored in; all 0: the same bits. */
typedef struct layer_bound {
    double absolute, relative;
} layer_bound;

layer layer_begin(uint64_t seed);
void  layer_end(layer *l);
int   layer_pick(layer *l, int low, int high); /* inclusive */

/** Random elements from low to high. Of rank 4: some channels of a wider NHWC tensor. @return the value */
int layer_input(layer *l, fov_dtype dtype, int rank, const int64_t *dim, float low, float high);
/** The same known to the graph. @param data NULL: random from -1 to 1, of I8 and U8 with random scales */
int layer_constant(layer *l, fov_dtype dtype, int rank, const int64_t *dim, const void *data);

/** Append a node; it has its outputs when its attributes are set and layer_outputs() was called. @param in FOV_NONE: left out */
fov_node *layer_node(layer *l, fov_op op, const int *in, int n_in);
/** Its outputs, of the inferred shapes. @param dtype FOV_I64: as inferred @param like whose scales a U8 one has; FOV_NONE: its own
 */
void layer_outputs(layer *l, int n_out, fov_dtype dtype, int like);

/** How much the absolute value of each element of output 0 of the only node, a Conv, could have been: the sums of all terms'.
 * Release with free(). */
double *layer_conv_magnitude(const layer *l);

/** Fail the test where an element is off by more than `bound` + share * magnitude[element], or where other memory was written,
 * or where memory that is refused while it is lowered and compiled does not end in FOV_ERR_MEMORY (starve.h).
 * @param magnitude of the first output's elements, row-major; may be NULL */
void layer_check(layer *l, const char *backend, layer_bound bound, const double *magnitude, double share);
/** The backend does not take the layer, with a message that contains `part`. */
void layer_check_refused(layer *l, const char *backend, fov_status status, const char *part);

#endif
