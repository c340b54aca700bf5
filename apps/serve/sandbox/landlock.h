// SPDX-License-Identifier: MIT
/* Linux's Landlock: a process gives up every file but those below some paths, TCP, and signals to others. */
#ifndef FOVEA_SERVE_SANDBOX_LANDLOCK_H
#define FOVEA_SERVE_SANDBOX_LANDLOCK_H

#include <stdbool.h>
#include <stddef.h>

typedef enum srv_permission {
    SRV_MAY_READ,    /* files and folders */
    SRV_MAY_LIST,    /* the names in folders */
    SRV_MAY_REPLACE, /* the files of a folder, and remove them */
    SRV_MAY_CONTROL, /* devices: read, write, ioctl */
    SRV_MAY_WRITE,   /* files that are there, and read them */
    SRV_MAY_KEEP,    /* files of a folder: all that one does with a cache */
} srv_permission;

typedef struct srv_path_rule {
    const char    *path; /* where there is nothing, there is no rule */
    srv_permission may;
} srv_path_rule;

/** Version of the kernel's Landlock; 0: it has none. From 4 on it knows TCP, from 6 on signals. */
int srv_landlock_version(void);

/** For the calling process and those that it starts; it cannot be taken back. @return false: errno says why not */
bool srv_landlock_restrict(const srv_path_rule *rule, size_t count);

#endif
