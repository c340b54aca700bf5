// SPDX-License-Identifier: MIT
/* How much processor time Linux' control groups leave to a process. */
#ifndef FOVEA_BASE_CGROUP_H
#define FOVEA_BASE_CGROUP_H

/**
 * Processors' worth of time, such as 1.5; INFINITY where nothing limits it.
 * @param list the process's groups, /proc/self/cgroup
 * @param root where they are mounted, /sys/fs/cgroup
 */
double fov_cgroup_cpus(const char *list, const char *root);

#endif
