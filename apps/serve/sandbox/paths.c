// SPDX-License-Identifier: MIT
#include "sandbox/paths.h"

#include <stdlib.h>

void srv_paths_add(srv_paths *p, char *path, srv_permission may)
{
    p->failed |= !path;
    if (!path || p->count == SRV_MOST_PATHS) {
        free(path);
        return;
    }
    p->made[p->count] = path;
    p->rule[p->count++] = (srv_path_rule){path, may};
}

void srv_paths_clear(srv_paths *p)
{
    while (p->count) free(p->made[--p->count]);
}
