// SPDX-License-Identifier: MIT
#include "base/name_index.h"

#include "base/alloc.h"

#include <string.h>
#include <xxhash.h>

enum { FEWEST_SLOTS = 64 }; /* a power of two, as all larger numbers of them are */

/* Where the item of this name is, or the free slot where it belongs; at least half of them are free. Seeded by an address, so that
 * nobody can make a file whose names all fall into one place. */
static uint32_t *slot_of(const fov_name_index *index, fov_named named, const char *name)
{
    const size_t last = index->slots - 1;
    size_t       at = (size_t)XXH3_64bits_withSeed(name, strlen(name), (uintptr_t)index->slot) & last;
    while (index->slot[at] && strcmp(named.name(named.items, index->slot[at] - 1), name) != 0) at = (at + 1) & last;
    return &index->slot[at];
}

static void insert(fov_name_index *index, fov_named named, size_t i)
{
    uint32_t *slot = slot_of(index, named, named.name(named.items, i));
    if (*slot) return;
    *slot = (uint32_t)i + 1;
    index->used++;
}

void fov_name_index_rebuild(fov_name_index *index, fov_named named)
{
    if (index->slot) memset(index->slot, 0, index->slots * sizeof *index->slot);
    index->used = 0;
    for (size_t i = 0; i < named.count; i++) insert(index, named, i);
}

/* Names that were given up keep their slots until then: all may be in it once more. */
static bool grow(fov_name_index *index, fov_named named)
{
    fov_name_index larger = {.slots = FEWEST_SLOTS};
    while (larger.slots < 4 * (named.count + 1)) larger.slots *= 2;
    if (!(larger.slot = fov_calloc(larger.slots, sizeof *larger.slot))) return false;
    fov_name_index_rebuild(&larger, named);
    fov_name_index_clear(index);
    *index = larger;
    return true;
}

bool fov_name_index_add(fov_name_index *index, fov_named named, size_t i)
{
    if (2 * (index->used + 1) > index->slots && !grow(index, named)) return false;
    insert(index, named, i);
    return true;
}

size_t fov_name_index_find(const fov_name_index *index, fov_named named, const char *name)
{
    const uint32_t found = index->slots ? *slot_of(index, named, name) : 0;
    return found ? found - 1 : SIZE_MAX;
}

void fov_name_index_clear(fov_name_index *index)
{
    fov_free(index->slot);
    *index = (fov_name_index){0};
}
