// SPDX-License-Identifier: MIT
/* What a program has before and behind the network: photos become its input, its heads become faces.
 *
 * Both ends are nodes of the program's graph. What changes from run to run, pixels, sizes and where they go, is staged in a block
 * of memory that is copied up before the graph; what changes seldom, the options and where that block is, are parameters of three
 * nodes, which are set anew when they differ from the last run's. Where they can, the steps that make the heads are part of the end
 * (heads.h). */
#ifndef FOVEA_BACKEND_CUDA_ENDS_H
#define FOVEA_BACKEND_CUDA_ENDS_H

#include "backend/cuda/faces.h"
#include "backend/cuda/heads.h"
#include "backend/cuda/letterbox.h"
#include "backend/cuda/place.h"
#include "backend/cuda/record.h"

/** A kernel whose parameters change, as it stands in the graph. */
typedef struct fov_cuda_node_ref {
    CUfunction  kernel;
    CUgraphNode node;
} fov_cuda_node_ref;

typedef struct fov_cuda_ends {
    fov_place           *place;
    fov_settings         settings;
    int                  images, out_w, out_h;
    float               *input; /* of the network, on the device */
    int                  input_ld;
    fov_cuda_head        head[FOV_MAX_LEVELS];
    fov_cuda_heads       heads;
    void                *work; /* of the faces, on the device */
    size_t               work_bytes;
    fov_cuda_node_ref    letterbox, collect, keep;
    fov_letterbox_params letterbox_params; /* as the graph has them */
    fov_cuda_faces       faces;
} fov_cuda_ends;

/** @param calls of the program, in the order of their waves */
fov_status fov_cuda_ends_new(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_cuda_ends **out,
                             fov_error *err);
void       fov_cuda_ends_free(fov_cuda_ends *ends); /* NULL is allowed */

/** The launches before and behind the network's. */
fov_status fov_cuda_ends_record_first(fov_cuda_ends *ends, fov_recorder *recorder, fov_error *err);
fov_status fov_cuda_ends_record_last(fov_cuda_ends *ends, fov_recorder *recorder, fov_error *err);
/** Find them in the graph that they were captured in, which lives as long as `ends`. */
fov_status fov_cuda_ends_find(fov_cuda_ends *ends, CUgraph graph, fov_error *err);

/** fov_remote.start and finish, without the graph: bring up what is new, and set what changed; read the faces when all is done. */
fov_status fov_cuda_ends_give(fov_cuda_ends *ends, CUgraphExec graph, const fov_remote_photo *photo,
                              const fov_detect_options *options, fov_pool *pool, fov_error *err);
void       fov_cuda_ends_take(const fov_cuda_ends *ends, fov_faces *faces);

#endif
