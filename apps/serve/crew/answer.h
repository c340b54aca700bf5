// SPDX-License-Identifier: MIT
/* What a worker process says of a photo, which may be anything: a photo may have taken it over. */
#ifndef FOVEA_SERVE_CREW_ANSWER_H
#define FOVEA_SERVE_CREW_ANSWER_H

#include "crew/protocol.h"

/** @return false: the process is gone, or said what cannot be; the task is as it was */
bool srv_answer_receive(int fd, srv_task *task);

#endif
