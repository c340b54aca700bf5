// SPDX-License-Identifier: MIT
/* Loaded in front of a program (LD_PRELOAD): there are 16 processors, so that what asks how many threads to start starts 16 of them
 * and races show on a small machine (`make tsan`). */
#include <sched.h>
#include <string.h>

enum { PROCESSORS = 16 };

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *set)
{
    (void)process;
    memset(set, 0, size);
    for (size_t i = 0; i < PROCESSORS; i++) CPU_SET_S(i, size, set);
    return 0;
}
