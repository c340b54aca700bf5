// SPDX-License-Identifier: MIT
/* Golden vectors: inputs that an engine carries, and what its layers made of them where it was built. Replaying them tells whether
 * this machine, release and instruction set compute the same network. */
#ifndef FOVEA_ENGINE_GOLDEN_H
#define FOVEA_ENGINE_GOLDEN_H

#include "engine/engine.h"

enum {
    FOV_GOLDEN_SAMPLES = 64, /* elements kept of each layer */
    FOV_GOLDEN_MAX_SIDE = 4096,
    FOV_GOLDEN_INPUTS = 2, /* of fov_golden_inputs() */
};

/**
 * What is kept of a layer's output: a digest that tells whether it is the same to the bit, and enough of it to tell how far off it
 * is. Elements are counted in row-major order of (N, C, H, W). Sample k of n is element
 *     k * elements / n + (k * 2654435761 mod 2^32) mod (elements / n)
 * so that samples are spread over all channels, rows and columns. Values of U8 are kept as the integers they are, others as floats.
 */
typedef struct fov_golden_layer {
    char     *name; /* of the value */
    fov_dtype dtype;
    uint64_t  elements, digest; /* XXH3-64 of the elements as they are stored, little-endian */
    double    rms;              /* root of the mean of all elements' squares */
    uint32_t  n_sample;
    float    *sample;
} fov_golden_layer;

/** All of a graph output, in row-major order. */
typedef struct fov_golden_output {
    uint64_t count;
    float   *data;
} fov_golden_output;

typedef struct fov_golden_vector {
    int                width, height;
    uint8_t           *pixels; /* RGB; bytes, so that the network's input is the same everywhere */
    fov_golden_layer  *layer;
    fov_golden_output *output;
    int                n_layer, n_output, cap_layer;
} fov_golden_vector;

struct fov_golden {
    fov_golden_vector *vector;
    size_t             count;
};

/** What a vector is made from. */
typedef struct fov_golden_input {
    int              width, height; /* of the network's input */
    const fov_image *photo;         /* shrunk to that; NULL: a pattern */
} fov_golden_input;

/** Two small inputs of different shapes that the engine's strides divide. @param photo may be NULL */
void fov_golden_inputs(const fov_engine *engine, const fov_image *photo, fov_golden_input input[FOV_GOLDEN_INPUTS]);

/**
 * Run the engine on the inputs and record what it makes of them.
 * @param golden out: to become engine->golden, or to be released with fov_golden_free()
 */
fov_status fov_golden_make(const fov_engine *engine, const fov_golden_input *input, size_t count, fov_golden **golden,
                           fov_error *err);

/** A layer or output that is not what was recorded. */
typedef struct fov_drift {
    char       *layer;
    size_t      vector;
    const char *what; /* "samples", "rms", "bits", "output" or "shape" */
    const char *unit; /* of both numbers: "relative", to the element or the layer's rms, or "steps" of 8 bits */
    double      difference, tolerance;
} fov_drift;

typedef struct fov_replay {
    size_t     vectors, layers, identical; /* layers compared, and those that are the same to the bit */
    fov_drift *drift;                      /* in the order of the network: the first is where it began */
    size_t     n_drift, cap_drift;
} fov_replay;

/** Replay the engine's golden vectors. @param replay out: release with fov_replay_clear() */
fov_status fov_golden_replay(const fov_engine *engine, fov_replay *replay, fov_error *err);
void       fov_replay_clear(fov_replay *replay);

void fov_golden_free(fov_golden *golden); /* NULL is allowed */

/* ---- what recording and replaying share */

/** Called for every layer's output after it was computed; `bytes` is the whole value, dense and row-major. */
typedef fov_status fov_golden_visit(void *context, const fov_plan *plan, int value, const void *bytes, size_t elements,
                                    fov_error *err);
/** Run the engine on a vector's pixels. @param output called for every graph output at the end, `value` being its index */
fov_status fov_golden_run(const fov_engine *engine, const fov_golden_vector *vector, fov_golden_visit *layer,
                          fov_golden_visit *output, void *context, fov_error *err);

/** RGB, row by row. @param pixels out: 3 * width * height */
void fov_golden_pixels(const fov_golden_input *input, uint8_t *pixels);
/** The k-th sample's element. */
uint64_t fov_golden_place(uint64_t elements, uint32_t n_sample, uint32_t k);
/** An element as a sample keeps it. */
float fov_golden_element(fov_dtype dtype, const void *bytes, uint64_t i);
/** Digest and root mean square of a whole value. */
void fov_golden_sum_up(fov_dtype dtype, const void *bytes, size_t elements, uint64_t *digest, double *rms);

#endif
