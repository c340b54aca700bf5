// SPDX-License-Identifier: MIT
#include "quant/range_index.h"

#include "base/alloc.h"
#include "quant/ranges.h"

#include <string.h>
#include <xxhash.h>

enum { FIRST_SLOTS = 256 }; /* a power of two, as all later sizes are */

/* Where the range of this name is, or the free slot where it belongs; at least half of them are free. Seeded by an address, so that
 * nobody can make a file whose names all fall into one place. */
static uint32_t *slot_of(const fov_range_index *index, const fov_range *ranges, const char *name)
{
    const size_t last = index->slots - 1;
    size_t       at = (size_t)XXH3_64bits_withSeed(name, strlen(name), (uintptr_t)index->slot) & last;
    while (index->slot[at] && strcmp(ranges[index->slot[at] - 1].name, name) != 0) at = (at + 1) & last;
    return &index->slot[at];
}

static void insert(fov_range_index *index, const fov_range *ranges, size_t i)
{
    uint32_t *slot = slot_of(index, ranges, ranges[i].name);
    if (!*slot) *slot = (uint32_t)i + 1;
}

static bool grow(fov_range_index *index, const fov_range *ranges, size_t count)
{
    fov_range_index larger = {.slots = index->slots ? 2 * index->slots : FIRST_SLOTS};
    if (!(larger.slot = fov_calloc(larger.slots, sizeof *larger.slot))) return false;
    for (size_t i = 0; i < count; i++) insert(&larger, ranges, i);
    fov_range_index_clear(index);
    *index = larger;
    return true;
}

bool fov_range_index_add(fov_range_index *index, const fov_range *ranges, size_t count)
{
    if (count > index->slots / 2) return grow(index, ranges, count);
    insert(index, ranges, count - 1);
    return true;
}

size_t fov_range_index_find(const fov_range_index *index, const fov_range *ranges, const char *name)
{
    const uint32_t found = index->slots ? *slot_of(index, ranges, name) : 0;
    return found ? found - 1 : SIZE_MAX;
}

void fov_range_index_clear(fov_range_index *index)
{
    fov_free(index->slot);
    *index = (fov_range_index){0};
}
