// SPDX-License-Identifier: MIT
/* Paths that a process may still reach, most of them made of others. */
#ifndef FOVEA_SERVE_SANDBOX_PATHS_H
#define FOVEA_SERVE_SANDBOX_PATHS_H

#include "sandbox/landlock.h"

/** All zeros: none. */
typedef struct srv_paths {
    srv_path_rule *rule;
    size_t         count, capacity;
    bool           failed; /* no memory */
} srv_paths;

/** @param path to free(), which the list does; NULL: there was no memory */
void srv_paths_add(srv_paths *paths, char *path, srv_permission may);
void srv_paths_clear(srv_paths *paths);

#endif
