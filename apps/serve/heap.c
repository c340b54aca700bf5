// SPDX-License-Identifier: MIT
#include "heap.h"

#include <malloc.h>

enum { WORKERS_OF_ARENA = 16, LARGE_BYTES = 4 << 20, KEPT_BYTES = 8 << 20 };

/* glibc gives each thread an arena, and serves blocks of up to 32 MB from it, once one was freed; what lies between blocks that
 * stay, such as a model that was loaded meanwhile, is kept, and arenas grow: tests/serve/soak.py found 199 MiB at rest after
 * 5,000 requests and 230 after 25,000. With one arena alone it is 167 to 186; with large blocks apart from it, 136 to 139. A
 * photo of a megapixel is none of these: to get its memory anew takes 8 % more of the processor. */
void srv_heap_settle(int workers)
{
#ifdef M_ARENA_MAX
    mallopt(M_ARENA_MAX, 1 + workers / WORKERS_OF_ARENA);
    mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES);
#else
    (void)workers;
#endif
}

/* glibc does so by itself at the heap's end alone, where something of a model that stays may lie. */
void srv_heap_give_back(void)
{
#ifdef M_ARENA_MAX
    malloc_trim(0);
#endif
}
