// SPDX-License-Identifier: MIT
#include "base/alloc.h"
#include "engine/engine.h"

#include <stdlib.h>

static int larger_first(const void *a, const void *b)
{
    const fov_buffer_need *x = *(fov_buffer_need *const *)a, *y = *(fov_buffer_need *const *)b;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? 1 : -1;
    return x->first != y->first ? (x->first > y->first) - (x->first < y->first) : (x > y) - (x < y);
}

static bool alive_together(const fov_buffer_need *a, const fov_buffer_need *b)
{
    return a->first <= b->last && b->first <= a->last;
}

/* Lowest offset at which `need` overlaps none of the `placed` buffers: start at 0 and hop over whatever is in the way. */
static size_t lowest_gap(const fov_buffer_need *need, fov_buffer_need *const *placed, size_t n_placed)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (size_t i = 0; i < n_placed; i++) {
            const fov_buffer_need *other = placed[i];
            if (!alive_together(need, other) || offset >= other->offset + other->bytes || other->offset >= offset + need->bytes)
                continue;
            offset = other->offset + other->bytes;
            moved = true;
        }
    }
    return offset;
}

bool fov_memory_assign(fov_buffer_need *need, size_t count, size_t *total_bytes)
{
    fov_buffer_need **order = fov_alloc_array(count, sizeof *order);
    *total_bytes = 0;
    if (!order) return false;
    for (size_t i = 0; i < count; i++) order[i] = &need[i];
    qsort(order, count, sizeof *order, larger_first);
    for (size_t i = 0; i < count; i++) {
        order[i]->offset = lowest_gap(order[i], order, i);
        size_t end = order[i]->offset + order[i]->bytes;
        if (end > *total_bytes) *total_bytes = end;
    }
    fov_free(order);
    return true;
}
