// SPDX-License-Identifier: MIT
/* What a backend is. The engine knows buffers, steps and this struct; a backend knows nothing of the others.
 *
 * Activations are NHWC in memory (fov_view_nhwc): channel stride 1, a pixel every `ld` elements, so that a value may be a
 * slice of a wider one (Concat without copies). Every buffer honours FOV_OVERREAD
 * (base/alloc.h). */
#ifndef FOVEA_BACKEND_BACKEND_H
#define FOVEA_BACKEND_BACKEND_H

#include "base/alloc.h"
#include "base/threads.h"
#include "graph/op.h"

/** The most nodes that may run as one step. */
enum { FOV_STEP_NODES = 4 };

#define FOV_SCRATCH_NO_MEMORY SIZE_MAX

/** A node made ready to run, with packed weights. Immutable and shared by all plans of an engine. */
typedef struct fov_lowered {
    const char *kernel; /* what runs it, for `fovea inspect`: "conv3x3_f32_avx512_14x32" */
    size_t      bytes;  /* of packed weights */
    void       *impl;   /* the backend's */
    /** 1 + index of the input whose memory the first output may take when nobody needs that input any more, because each
     *  element is read before the output's element in its place is written; 0: none. */
    int  in_place;
    bool packed; /* the node's constants live on in `impl`: the graph may give their data back */
    /** A row of the first output is made of the same row of the only input: NHWC rows may be run by themselves, from several
     * threads at once, without scratch or pool. */
    bool        by_rows;
    const void *kin; /* the backend's, for join(); NULL: the node runs alone, or in a chain */
    /**
     * Scratch bytes this node needs for these shapes, 64-byte aligned, not shared with anything while it runs.
     * NULL: none. May give FOV_SCRATCH_NO_MEMORY: finding out took memory that was not to be had.
     */
    size_t (*scratch)(const void *impl, const fov_view *const *in, const fov_view *out, int threads);
    /**
     * Run once. Does not allocate. Constants (weights) among the inputs are NULL if lowering consumed them.
     * @param out one view per output
     */
    fov_status (*run)(const void *impl, const fov_view *const *in, fov_view *out, void *scratch, fov_pool *pool, fov_error *err);
    void (*free)(void *impl);
} fov_lowered;

typedef struct fov_backend {
    const char *name;
    /** Make a node of a canonical, optimised graph ready. The graph outlives the result. */
    fov_status (*lower)(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err);
    /**
     * Make one step of two nodes, of which the second alone reads the output of the first, so that this need not be in memory as a
     * whole. The step has the inputs of the first and the outputs of the second, and gives the same bits. NULL: never done.
     * @param first, second as lower() made them; they outlive the result
     * @param out   `run` stays NULL where there is no such step
     */
    fov_status (*chain)(const fov_lowered *first, const fov_lowered *second, fov_lowered *out, fov_error *err);
    /** Whether join() takes both, if they read the same value and beside it only constants. NULL: never. */
    bool (*alike)(const fov_lowered *a, const fov_lowered *b);
    /**
     * Make one step of nodes that read the same value, so that it is read, and made ready for kernels, once. The step has the
     * inputs of the first and the outputs of all, in their order, and gives the same bits.
     * @param nodes 2 to FOV_STEP_NODES, each alike() to the first, as lower() made them; they outlive the result
     */
    fov_status (*join)(const fov_lowered *const *nodes, int count, fov_lowered *out, fov_error *err);
} fov_backend;

/** By name; NULL if there is none. Rows in backends.def. */
const fov_backend *fov_backend_find(const char *name);
const fov_backend *fov_backend_at(size_t index); /* NULL past the last */

/** Lower a node to its definition (graph/ops): what "reference" does for all, other backends for operators they lack. */
fov_status fov_lower_definition(const fov_graph *graph, const fov_node *node, fov_lowered *out, fov_error *err);

#endif
