// SPDX-License-Identifier: MIT
#include "sandbox/paths.h"

#include <stdint.h>
#include <stdlib.h>

enum { MORE = 32 };

static bool has_room(srv_paths *p)
{
    if (p->count < p->capacity) return true;
    srv_path_rule *more = realloc(p->rule, (p->capacity + MORE) * sizeof *more);
    if (!more) return false;
    p->rule = more;
    p->capacity += MORE;
    return true;
}

void srv_paths_add(srv_paths *p, char *path, srv_permission may)
{
    if (path && has_room(p)) {
        p->rule[p->count++] = (srv_path_rule){path, may};
        return;
    }
    p->failed = true;
    free(path);
}

void srv_paths_clear(srv_paths *p)
{
    while (p->count) free((char *)(uintptr_t)p->rule[--p->count].path);
    free(p->rule);
    p->rule = NULL;
    p->capacity = 0;
}
