// SPDX-License-Identifier: MIT
#include "sandbox/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As the kernel's own header has it from Linux 6.12 on; Debian 12's ends with the first member. Older kernels take the beginning.
 */
typedef struct ruleset_attr {
    uint64_t fs, net, scoped;
} ruleset_attr;

enum {
    HAS_REFER = 2,
    HAS_TRUNCATE = 3,
    HAS_NET = 4,
    HAS_IOCTL = 5,
    HAS_SCOPES = 6,
};

static const uint64_t FS_FIRST = (1U << 13) - 1, FS_REFER = 1U << 13, FS_TRUNCATE = 1U << 14, FS_IOCTL_DEV = 1U << 15;
static const uint64_t NET_BIND_TCP = 1U << 0, NET_CONNECT_TCP = 1U << 1;
static const uint64_t SCOPE_ABSTRACT_UNIX_SOCKET = 1U << 0, SCOPE_SIGNAL = 1U << 1;

static const uint64_t READING = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;

int srv_landlock_version(void)
{
    const long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

/* Everything that this kernel knows is given up. */
static ruleset_attr all_of(int version)
{
    ruleset_attr all = {.fs = FS_FIRST};
    if (version >= HAS_REFER) all.fs |= FS_REFER;
    if (version >= HAS_TRUNCATE) all.fs |= FS_TRUNCATE;
    if (version >= HAS_IOCTL) all.fs |= FS_IOCTL_DEV;
    if (version >= HAS_NET) all.net = NET_BIND_TCP | NET_CONNECT_TCP;
    if (version >= HAS_SCOPES) all.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL;
    return all;
}

static size_t size_of_attr(int version)
{
    return version >= HAS_SCOPES ? sizeof(ruleset_attr) : version >= HAS_NET ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static uint64_t rights_of(srv_permission may)
{
    static const uint64_t rights[] = {
        [SRV_MAY_READ] = READING,
        [SRV_MAY_LIST] = LANDLOCK_ACCESS_FS_READ_DIR,
        [SRV_MAY_REPLACE] = LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE,
        [SRV_MAY_KEEP] =
            READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | FS_TRUNCATE,
        [SRV_MAY_CONTROL] = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV,
        [SRV_MAY_WRITE] = READING | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_TRUNCATE,
    };
    return rights[may];
}

/* The kernel refuses rights to a file that only a folder can have. */
static uint64_t fitting(int fd, uint64_t rights)
{
    struct stat info;
    if (fstat(fd, &info) || S_ISDIR(info.st_mode)) return rights;
    return rights & (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | FS_IOCTL_DEV);
}

static bool add_rule(int ruleset, const srv_path_rule *rule, uint64_t handled)
{
    const int fd = open(rule->path, O_PATH | O_CLOEXEC);
    if (fd < 0) return true;
    const struct landlock_path_beneath_attr beneath = {fitting(fd, rights_of(rule->may)) & handled, fd};
    const bool added = !syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
    close(fd);
    return added;
}

bool srv_landlock_restrict(const srv_path_rule *rule, size_t count)
{
    const int          version = srv_landlock_version();
    const ruleset_attr all = all_of(version);
    const int          ruleset = (int)syscall(SYS_landlock_create_ruleset, &all, size_of_attr(version), 0);
    if (ruleset < 0) return false;
    bool good = true;
    for (size_t i = 0; i < count && good; i++) good = add_rule(ruleset, rule + i, all.fs);
    good = good && !syscall(SYS_landlock_restrict_self, ruleset, 0);
    const int error = errno;
    close(ruleset);
    errno = error;
    return good;
}
