// SPDX-License-Identifier: MIT
/* Groups form a tree, and a limit holds for everything below: the smallest from the process's own group up to the root counts.
 * A container without a name space of its own is told its path outside, which does not exist inside; there the walk finds
 * only the root's files, and those are the container's. */
#include "base/cgroup.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PATH = 4096 };

/* Up to two numbers at the start of a file; a word such as "max" ends them. @return how many */
static int read_numbers(const char *folder, const char *name, double number[2])
{
    char path[MAX_PATH + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "re");
    if (!f) return 0;
    char text[64], *at = fgets(text, sizeof text, f), *end;
    int  count = 0;
    fclose(f);
    for (; at && count < 2; count++, at = end) {
        number[count] = strtod(at, &end);
        if (end == at) break;
    }
    return count;
}

static double ratio(double quota, double period)
{
    return quota > 0 && period > 0 ? quota / period : INFINITY;
}

/* Version 2: "quota period" or "max period". */
static double quota_v2(const char *folder)
{
    double number[2];
    return read_numbers(folder, "cpu.max", number) == 2 ? ratio(number[0], number[1]) : INFINITY;
}

/* Version 1: a file each; a quota of -1 is none. */
static double quota_v1(const char *folder)
{
    double quota[2], period[2];
    bool   known = read_numbers(folder, "cpu.cfs_quota_us", quota) && read_numbers(folder, "cpu.cfs_period_us", period);
    return known ? ratio(quota[0], period[0]) : INFINITY;
}

/* @param group "/a/b", cut shorter on the way up */
static double smallest_upwards(const char *root, char *group, double (*quota)(const char *folder))
{
    double least = INFINITY;
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        char folder[MAX_PATH];
        *end = '\0';
        if (snprintf(folder, sizeof folder, "%s%s", root, group) < (int)sizeof folder) least = fmin(least, quota(folder));
    }
    return least;
}

static bool lists(const char *controllers, const char *name)
{
    size_t length = strlen(name);
    for (const char *p = controllers; *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == length && !memcmp(p, name, length)) return true;
    return false;
}

/* "0::/group" is version 2's line, "4:cpu,cpuacct:/group" one of version 1. */
static double quota_of_line(char *line, const char *root, const char *root_v1)
{
    char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
    if (!group) return INFINITY;
    *group++ = '\0';
    group[strcspn(group, "\n")] = '\0';
    if (!*++controllers) return smallest_upwards(root, group, quota_v2);
    return lists(controllers, "cpu") ? smallest_upwards(root_v1, group, quota_v1) : INFINITY;
}

double fov_cgroup_cpus(const char *list, const char *root)
{
    char   line[MAX_PATH], root_v1[MAX_PATH];
    double least = INFINITY;
    FILE  *f = fopen(list, "re");
    if (!f) return INFINITY;
    snprintf(root_v1, sizeof root_v1, "%s/cpu", root);
    while (fgets(line, sizeof line, f)) least = fmin(least, quota_of_line(line, root, root_v1));
    fclose(f);
    return least;
}
