// SPDX-License-Identifier: MIT
/* As photo_work.h, in a worker process. */
#ifndef FOVEA_SERVE_CREW_REMOTE_WORK_H
#define FOVEA_SERVE_CREW_REMOTE_WORK_H

#include "crew/process.h"
#include "job.h"

/** Where: a lane of the process, which is the caller's. */
typedef struct srv_place {
    srv_process      *process;
    size_t            lane;
    const srv_config *config;
} srv_place;

/**
 * Do `count` tasks that may share a pass. A process that crashes meanwhile loses none of them: each is tried again, alone, and only
 * one that crashes it again fails. So does one that takes longer than srv_config.work_s by itself, in all its tries together, or
 * more than half of it when its process is ended for another's taking too long.
 */
void srv_remote_work(const srv_place *at, srv_task *const *task, size_t count, bool alone);

#endif
