// SPDX-License-Identifier: MIT
#include "heap.h"

#include <malloc.h>

enum { LARGE_BYTES = 1 << 20, KEPT_BYTES = 8 << 20 };

/* glibc raises its threshold with each large block that is freed, up to 32 MB, and serves the next ones from an arena for each
 * thread; between them lies what stays, such as a model that was loaded meanwhile, and the arenas grow: tests/serve/soak.py found
 * 204 MB at rest after 5,000 requests and 236 MB after 25,000. A threshold that was set stays. Below it, memory is kept as before:
 * giving it back with each photo would cost a tenth of the time. */
void srv_heap_settle(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}
