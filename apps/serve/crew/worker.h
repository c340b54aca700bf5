// SPDX-License-Identifier: MIT
/* The process that parses models, decodes photos and runs the network: whatever a stranger's bytes could break is broken here. */
#ifndef FOVEA_SERVE_CREW_WORKER_H
#define FOVEA_SERVE_CREW_WORKER_H

#include "config.h"

/** Confine the process, then do what comes over the control socket and the lanes until the front closes it. */
_Noreturn void srv_worker_main(int control, const srv_config *config);

#endif
