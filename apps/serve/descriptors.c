// SPDX-License-Identifier: MIT
#include "descriptors.h"

#include "console.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    OF_MODELS = 1024, /* one each, and what else is open */
    OF_PROCESS = 4,   /* beside a lane for each worker; while it is started, or a model loaded */
    OF_THREAD = 4,    /* of connections: what it waits for, and one that it lets in above the limit */
    OF_LOADS = 16,    /* folders and files that are read */
    OF_LATER = 32,    /* models that requests load, where there are fewer than all want */
};

/* What is not open all the time. */
static size_t now_and_then(const srv_config *c)
{
    return OF_LOADS + OF_PROCESS * (size_t)c->processes + OF_THREAD * (size_t)c->io_threads;
}

void srv_descriptors_raise(const srv_config *c)
{
    struct rlimit now;
    const size_t  wanted = c->connections + OF_MODELS + (size_t)c->processes * (size_t)c->workers + now_and_then(c);
    if (getrlimit(RLIMIT_NOFILE, &now) || now.rlim_cur >= wanted) return;
    now.rlim_cur = wanted < now.rlim_max ? wanted : now.rlim_max;
    (void)prlimit(0, RLIMIT_NOFILE, &now, NULL);
}

/* The lowest number that is free, for they are given out in their order. */
static size_t in_use(int fd)
{
    const int next = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (next >= 0) close(next);
    return next >= 0 ? (size_t)next : SIZE_MAX / 2;
}

/* @param left for connections and models that are loaded later */
static srv_descriptors share(const srv_config *c, size_t left)
{
    const size_t later = !c->control ? 0 : left / 2 < OF_LATER ? left / 2 : OF_LATER;
    if (left >= c->connections + later) return (srv_descriptors){c->connections, left - c->connections};
    return (srv_descriptors){left > later ? left - later : 1, later};
}

srv_descriptors srv_descriptors_share(const srv_config *c, int fd)
{
    struct rlimit now;
    const size_t  others = in_use(fd) + now_and_then(c);
    if (getrlimit(RLIMIT_NOFILE, &now)) return (srv_descriptors){c->connections, SIZE_MAX};
    const srv_descriptors shared = share(c, now.rlim_cur > others ? now.rlim_cur - others : 0);
    if (shared.connections < c->connections)
        cli_warning("--max-connections %u: there are descriptors for %zu (ulimit -n)", c->connections, shared.connections);
    return shared;
}
