// SPDX-License-Identifier: MIT
/* seccomp: which system calls a process may make. The lists are tables, a call a row, with the reason beside it (syscalls/).
 *
 * What is in no list is refused with EPERM, and the process goes on: a C library that is newer than this program tries calls that
 * it does without where it must. The calls of syscalls/weapons.def end the process instead: nothing here makes them, so that
 * whoever does has taken it over. A worker that is ended is started anew, and the log tells of the signal (SIGSYS). */
#ifndef FOVEA_SERVE_SANDBOX_FILTER_H
#define FOVEA_SERVE_SANDBOX_FILTER_H

#include <stdbool.h>

typedef enum srv_filter {
    SRV_FILTER_FRONT,
    SRV_FILTER_NURSERY,
    SRV_FILTER_WORKER,
    SRV_FILTER_GPU_NURSERY,
    SRV_FILTER_GPU_WORKER,
    SRV_FILTER_SHARED_GPU_WORKER, /* with NVIDIA's multi-process service */
} srv_filter;

/** Can this kernel filter, and is libseccomp there? Before any thread is started. */
bool srv_filter_is_possible(void);

/** For all threads of the process, those of a GPU's driver too, and all that they start; it cannot be taken back. @return false: it
 * could not be set */
bool srv_filter_set(srv_filter filter);

#endif
