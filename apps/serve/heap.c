// SPDX-License-Identifier: MIT
#include "heap.h"

#include <malloc.h>

enum { LARGE_BYTES = 1 << 20, KEPT_BYTES = 8 << 20 };

/* glibc raises its threshold with each large block that is freed, up to 32 MB, and serves the next ones from an arena for each
 * thread; between them lies what stays, such as a model that was loaded meanwhile, and the arenas grow: tests/serve/soak.py found
 * 199 MiB at rest after 5,000 requests and 230 after 25,000. A threshold that was set stays. What is smaller is kept when it is
 * freed: giving all of it back with each photo takes a tenth more of the processor. */
void srv_heap_settle(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#endif
}
