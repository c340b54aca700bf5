// SPDX-License-Identifier: MIT
#include "sandbox/limits.h"

#include <sys/resource.h>

/* Never above what it is already. */
static bool limit(__rlimit_resource_t what, rlim_t most)
{
    struct rlimit now;
    if (getrlimit(what, &now)) return false;
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most) most = now.rlim_max;
    return !setrlimit(what, &(struct rlimit){most, most});
}

bool srv_limit_core(void)
{
    return limit(RLIMIT_CORE, 0);
}

bool srv_limit_files(size_t count)
{
    return limit(RLIMIT_NOFILE, count);
}

/* Not RLIMIT_AS: threads' stacks and a GPU's driver reserve far more addresses than they use. */
bool srv_limit_memory(size_t bytes)
{
    return !bytes || limit(RLIMIT_DATA, bytes);
}
