// SPDX-License-Identifier: MIT
/* From tasks to what came of them: photos are decoded, looked at together, and drawn, by the engines of this process. */
#ifndef FOVEA_SERVE_PHOTO_WORK_H
#define FOVEA_SERVE_PHOTO_WORK_H

#include "job.h"

enum { SRV_MAX_BATCH = 64 };

/**
 * Do `count` tasks that may share a pass, 1 to SRV_MAX_BATCH. What fails is told in the task.
 * @param alone all threads may be used
 */
void srv_photo_work(srv_task *const *task, size_t count, bool alone, const srv_config *config);

#endif
