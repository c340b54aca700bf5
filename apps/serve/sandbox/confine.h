// SPDX-License-Identifier: MIT
/* What each process of the server may still do once it has begun: docs/serve.md, "Isolation", has the table. */
#ifndef FOVEA_SERVE_SANDBOX_CONFINE_H
#define FOVEA_SERVE_SANDBOX_CONFINE_H

#include "config.h"

/** What this kernel and this build can do. */
typedef struct srv_confinement {
    bool filters;  /* seccomp */
    int  landlock; /* its version; 0: none */
} srv_confinement;

/**
 * Look what can be done, and say what cannot; before any process or thread is started.
 * @return FOV_OK; FOV_ERR_UNSUPPORTED: not everything can, and isolation is required
 */
fov_status srv_confine_begin(const srv_config *config, fov_error *err);
/** As it was found. */
srv_confinement srv_confinement_here(void);

/* Each confines the calling process, before it has a second thread. @return FOV_OK; FOV_ERR_ARGUMENT: it cannot become that user;
 * FOV_ERR_UNSUPPORTED: the kernel refused what it said it could */
fov_status srv_confine_front(const srv_config *config, fov_error *err);
fov_status srv_confine_nursery(const srv_config *config, fov_error *err);
fov_status srv_confine_worker(const srv_config *config, fov_error *err);

#endif
