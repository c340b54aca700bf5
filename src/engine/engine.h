// SPDX-License-Identifier: MIT
/* Engine: an optimised graph, lowered. Plan: the engine at one input size, buffers laid out. The runner walks the steps of
 * a plan; it knows views and backends, no operator by name. */
#ifndef FOVEA_ENGINE_ENGINE_H
#define FOVEA_ENGINE_ENGINE_H

#include "backend/backend.h"
#include "graph/passes.h"
#include "models/model.h"

/** Recorded inputs and what every layer made of them: engine/golden.h. */
typedef struct fov_golden fov_golden;

/** Where a value lives when it is a run of channels of another value: what makes Concat free, and residual adds in place. */
typedef struct fov_slice {
    int     parent;  /* value id, FOV_NONE: the value has memory of its own */
    int64_t channel; /* first channel in the parent */
} fov_slice;

/** Nodes that read the same value and run as one step. */
typedef struct fov_joint {
    fov_lowered lowered;
    int         nodes, node[FOV_STEP_NODES]; /* nodes 0: there is none */
} fov_joint;

struct fov_engine {
    fov_graph         *graph;    /* optimised */
    fov_lowered       *lowered;  /* one a node; empty for nodes that need no work (Concat in place) */
    fov_lowered       *chain;    /* one a node: this node and the next as one step; empty where they are two */
    fov_joint         *joint;    /* one a node: this node and later ones as one step */
    fov_slice         *slice;    /* one a value */
    int64_t           *channels; /* one a value, as fov_channels_of() says: the same at every input size */
    fov_settings       settings;
    const fov_backend *backend;
    int                device;         /* of a remote backend: where it is verified, and detectors run */
    char              *backend_reason; /* where "auto" chose the backend; else NULL */
    fov_pass_count     passes[FOV_PASS_COUNT];
    int                concat_in_place; /* Concat nodes that became slices */
    int                add_in_place;    /* residual adds into the residual's memory */
    int                chained;         /* pairs of nodes that run as one step */
    int                joined;          /* nodes that run in another's step */
    size_t             weight_bytes;    /* packed */
    fov_precision      precision;       /* FP32, BF16, FP16, INT8 or MIXED: what the graph's values say */
    char              *certificate;     /* JSON, NULL: never measured */
    char              *reason;          /* for its precision, where nobody asked for one; NULL: none */
    fov_golden        *golden;          /* NULL: none */
    char              *source;          /* what the model was called, NULL: unknown */
    bool               keeps_weights;   /* the graph's constants were not given back: the engine can be written */
};

/**
 * Lower a graph that fov_graph_optimize() has been through and whose values have their types.
 * @param graph becomes the engine's, or is freed on failure
 * @param backend, device, keep_weights as in fov_engine_options
 */
fov_status fov_engine_from_graph(fov_graph *graph, const fov_settings *settings, const char *backend, int device, bool keep_weights,
                                 fov_engine **engine, fov_error *err);

/**
 * Decide which values become slices: the inputs of a Concat over channels are written straight into its output.
 * Channel counts come from `channels` (one a value, -1 unknown).
 * @param slice   out: n_value entries
 * @param in_place out: n_node flags
 */
void fov_slices_assign(const fov_graph *graph, const int64_t *channels, fov_slice *slice, bool *in_place);

/**
 * Let a node's output take the memory of its residual (fov_lowered.in_place) where that is read for the last time: the lines
 * are in the cache, and one large buffer less is alive. Call after fov_slices_assign().
 * @param shared out: n_value flags, false on entry; the outputs that were placed so
 * @return how many
 */
int fov_slices_share(const fov_graph *graph, const fov_lowered *lowered, const int64_t *channels, fov_slice *slice, bool *shared);

/** Channels of an activation, which is four-dimensional and NHWC in memory; -1 of anything else. */
int64_t fov_channels_of(const fov_view *view);

/* ---- memory by liveness */

/** A buffer that must exist from step `first` to step `last`, both included. */
typedef struct fov_buffer_need {
    size_t bytes;
    int    first, last;
    size_t offset; /* out */
} fov_buffer_need;

/**
 * Give every buffer an offset so that no two which are alive together overlap: largest first, each at the lowest offset
 * that is free during its life (greedy by size; Pisarchyk and Lee, arXiv:2001.03288, 4.2).
 * @return false without memory
 */
bool fov_memory_assign(fov_buffer_need *need, size_t count, size_t *total_bytes);

/* ---- plans */

typedef struct fov_step {
    int                nodes, node[FOV_STEP_NODES]; /* that it runs */
    const fov_lowered *lowered;
    const fov_view   **in;            /* of the first node; NULL where an optional input is left out */
    int                n_out, *value; /* what it writes: values of the graph, FOV_NONE where an optional output is left out */
    fov_view          *out;
    size_t             scratch_offset;
    int                wave; /* steps of one wave need nothing of each other; where steps run on the host, each is a wave */
} fov_step;

/** An engine at one input size. Offsets only: fov_plan_bind() gives it memory, which several plans may share in turn. */
typedef struct fov_plan {
    const fov_engine *engine;
    int64_t           n, h, w;
    bool              whole;  /* every value is in memory after its step, and every node is a step of its own */
    fov_view         *value;  /* n_value; data is set by binding, constants point into the graph */
    size_t           *offset; /* n_value; SIZE_MAX: not in the arena */
    fov_step         *step;
    int               n_step;
    bool              takes_rows;     /* the first step makes rows of the input what they are for all others: fov_plan_put_row() */
    size_t            arena_bytes;    /* activations and scratch, shared by liveness */
    size_t            unshared_bytes; /* what they would take without sharing */
    size_t            scratch_bytes;  /* the most that a step works with, part of the arena */
    unsigned char    *arena;          /* bound now, NULL: none */
    fov_place        *place;          /* where the steps run (fov_plan_compile()); NULL: on the host */
    unsigned char    *remote_arena;   /* there; each value lies in it where it lies in `arena` */
    fov_program     **program;        /* one for all steps, or one a step */
    int               n_program;
    bool              faces; /* the program makes faces of photos */
} fov_plan;

/**
 * @param threads size of the pool the plan will run with (scratch depends on it)
 * @param whole   every value is in memory after its step, as observers want it; else nodes are chained and joined where the backend
 * can
 */
fov_status fov_plan_new(const fov_engine *engine, int64_t n, int64_t h, int64_t w, int threads, bool whole, fov_plan **plan,
                        fov_error *err);
/** Lay the plan over `arena` (arena_bytes, FOV_ALIGN-aligned). Cheap; does nothing when it is bound there already. */
void fov_plan_bind(fov_plan *plan, unsigned char *arena);
/* NHWC, 3 channels: write here before a run; no data where plan->takes_rows */
const fov_view *fov_plan_input(const fov_plan *plan);
/**
 * Give row y of image n, out_w pixels of 3 floats, to a plan that takes rows; all rows before a run. Rows may come from several
 * threads at once.
 */
fov_status      fov_plan_put_row(const fov_plan *plan, int64_t n, int64_t y, float *row, fov_error *err);
const fov_view *fov_plan_output(const fov_plan *plan, int index); /* graph output `index`, after a run */
/**
 * Make a plan ready whose engine's backend runs steps elsewhere.
 * @param memory   of the place, as much as an arena
 * @param stepwise each step is to be run by itself: for observers, and to be timed
 */
fov_status fov_plan_compile(fov_plan *plan, fov_place *place, void *memory, bool stepwise, fov_error *err);
/** Make it ready to find faces: from photos to faces is one program. The heads are as fov_settings say. */
fov_status fov_plan_compile_faces(fov_plan *plan, fov_place *place, void *memory, fov_error *err);
/** Undo that: what was compiled is gone. */
void fov_plan_release(fov_plan *plan);
/** The address at the place of what a view of the plan shows on the host. */
void *fov_plan_remote(const fov_plan *plan, const fov_view *view);
/** Run all steps. */
fov_status fov_plan_run(const fov_plan *plan, fov_pool *pool, fov_error *err);
/** The same, step by step on the clock. @param seconds out: n_step */
fov_status fov_plan_run_timed(const fov_plan *plan, fov_pool *pool, double *seconds, fov_error *err);

/** Called after each step of a run: the step's outputs have just been written, its inputs may be gone. Failing ends the run. */
typedef fov_status fov_observer(void *context, const fov_plan *plan, const fov_step *step, fov_error *err);
/** Run all steps, and show each to `observe`. */
fov_status fov_plan_run_observed(const fov_plan *plan, fov_pool *pool, fov_observer *observe, void *context, fov_error *err);
void       fov_plan_free(fov_plan *plan); /* NULL is allowed */

/** Multiply-accumulates of a step: Conv only, other operators count 0. */
double fov_step_macs(const fov_plan *plan, const fov_step *step);

#endif
