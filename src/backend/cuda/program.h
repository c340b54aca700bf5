// SPDX-License-Identifier: MIT
/* Steps as one CUDA graph. */
#ifndef FOVEA_BACKEND_CUDA_PROGRAM_H
#define FOVEA_BACKEND_CUDA_PROGRAM_H

#include "backend/cuda/ends.h"
#include "backend/cuda/place.h"
#include "backend/cuda/record.h"

struct fov_program {
    fov_place  *place;
    CUgraphExec graph;
    CUgraph     captured; /* kept where there are ends, whose nodes it has */
    fov_cuda_ends *ends;  /* NULL: the network alone */
    void      **constant; /* device memory */
    int         n_constant, cap_constant;
};

/** fov_remote.compile, run and release. */
fov_status fov_program_compile(fov_place *place, const fov_call *calls, int count, fov_program **program, fov_error *err);
fov_status fov_program_run(fov_program *program, double *seconds, fov_error *err);
/** fov_remote.compile_faces, start and finish. */
fov_status fov_program_compile_faces(fov_place *place, const fov_call *calls, int count, const fov_ends *ends, fov_program **program,
                                     fov_error *err);
fov_status fov_program_start(fov_program *program, const fov_remote_photo *photo, const fov_detect_options *options, fov_pool *pool,
                             fov_error *err);
fov_status fov_program_finish(fov_program *program, fov_faces *faces, fov_error *err);
void       fov_program_free(fov_program *program);

#endif
