// SPDX-License-Identifier: MIT
/* A worker with a GPU: NVIDIA's driver is a library that starts threads, and opens files whenever it likes. */
#ifndef FOVEA_SERVE_SANDBOX_GPU_H
#define FOVEA_SERVE_SANDBOX_GPU_H

#include "config.h"
#include "sandbox/paths.h"

/** Is one, or might be: what "auto" comes to is known when a model is open. */
bool srv_gpu_is_possible(const srv_config *config);

/** Does NVIDIA's multi-process service share GPUs out here? */
bool srv_gpu_is_shared(void);

/** Load the driver's library, which starts nothing, from wherever it is, and list the paths that the driver may reach from then on.
 */
void srv_gpu_paths(const srv_config *config, srv_paths *paths);

/** The same, of the calling process alone. */
void srv_gpu_thread_paths(srv_paths *paths);

/** Start the driver. Its threads have the limits of the calling one. Why it cannot be is told when a model is loaded. */
void srv_gpu_start(const srv_config *config);

#endif
