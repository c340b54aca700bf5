// SPDX-License-Identifier: MIT
/* Layer by layer: what A made of a photo is held while B runs on it, value by value of the same name. */
#ifndef FOVEA_COMPARE_LAYERS_H
#define FOVEA_COMPARE_LAYERS_H

#include "compare/clipping.h"
#include "engine/engine.h"

/** SNR of what is not finite, and of what holds nothing but noise. */
#define FOV_SNR_WORST (-300.0)

typedef enum fov_layer_state { FOV_LAYER_TO_DO, FOV_LAYER_HELD, FOV_LAYER_DONE } fov_layer_state;

typedef struct fov_layer {
    char         *name;
    const char   *op, *precision; /* of B: operator, and what its weights, or else its results, are kept in */
    bool          head;           /* one of the raw outputs, which are compared by place, not by name */
    int           channels;       /* 0: not seen yet */
    double       *sum;            /* [4][channels]: a * a, a * b, b * b, (a - b)^2 */
    float        *peak;           /* [channels]: largest |a - b| */
    fov_clipping *clipping;       /* where B quantises; else NULL */
    size_t        photos;         /* on which both had the same shape */

    fov_layer_state state; /* on the photo at hand */
    float          *held;  /* A's values, rows of pixels of channels */
    size_t          capacity;
    fov_shape       shape;

    double snr_db, cosine, max; /* from fov_layers_finish() */
    bool   identical;
    int    rescaled; /* channels that B keeps at another scale on purpose (equalisation, repair), which was undone */
} fov_layer;

typedef struct fov_layers {
    fov_layer *layer; /* the raw outputs, then A's order */
    size_t     count, heads;
    size_t     total_a, total_b; /* values that each engine computes, the raw outputs left out */
    int       *of_a, *of_b;      /* by value id, -1: not compared */
    float     *row;              /* B's, as floats */
    size_t     cap_row, held_bytes;
    int        n_value_a, n_value_b;
} fov_layers;

/** @param all false: the raw outputs only */
fov_status fov_layers_init(fov_layers *layers, const fov_engine *a, const fov_engine *b, bool all, fov_error *err);
void       fov_layers_clear(fov_layers *layers);
/** Before a photo. */
void fov_layers_begin(fov_layers *layers);
/** Between two passes over one photo: is there a layer that memory did not suffice for? */
bool fov_layers_again(fov_layers *layers);
/** Observers: A's run holds, B's run, after it, compares. `context` is the fov_layers. */
fov_status fov_layers_hold(void *context, const fov_plan *plan, const fov_step *step, fov_error *err);
fov_status fov_layers_compare(void *context, const fov_plan *plan, const fov_step *step, fov_error *err);
void       fov_layers_finish(fov_layers *layers);

/** Row `y` of a value (batch of one) as floats, pixel by pixel of all channels. */
void fov_row_load(const fov_view *view, int64_t y, float *row);

/* ---- one layer's sums */

fov_status fov_layer_reserve(fov_layer *layer, const fov_view *b, fov_error *err);
void       fov_layer_add(fov_layer *layer, const float *a, const float *b, int64_t pixels);
/** What channel c of B must be multiplied by: 1 unless B keeps it at another scale. */
double fov_layer_gain(const fov_layer *layer, int c);
void   fov_layer_finish(fov_layer *layer);

#endif
