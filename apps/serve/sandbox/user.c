// SPDX-License-Identifier: MIT
#include "sandbox/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

bool srv_user_is_root(void)
{
    return geteuid() == 0;
}

bool srv_user_become(const char *name)
{
    errno = 0;
    const struct passwd *user = getpwnam(name ? name : "nobody");
    if (!user && !errno) errno = ENOENT;
    return user && !setgroups(0, NULL) && !setresgid(user->pw_gid, user->pw_gid, user->pw_gid) &&
           !setresuid(user->pw_uid, user->pw_uid, user->pw_uid);
}

static bool keep(uint32_t which)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct   powers[_LINUX_CAPABILITY_U32S_3], kept[_LINUX_CAPABILITY_U32S_3] = {{0}};
    if (syscall(SYS_capget, &head, powers)) return false;
    kept[0].permitted = kept[0].effective = powers[0].permitted & which;
    return !syscall(SYS_capset, &head, kept);
}

bool srv_user_keep_reading(void)
{
    return keep(1U << CAP_DAC_READ_SEARCH);
}

bool srv_user_keep_nothing(void)
{
    return keep(0);
}
