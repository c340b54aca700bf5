// SPDX-License-Identifier: MIT
#include "file_set.h"

#include "memory.h"

#include <stdint.h>
#include <stdlib.h>

/* Open addressing; the slot where `id` is or would go. */
static cli_file_id *find(const cli_file_set *set, cli_file_id id)
{
    uint64_t hash = ((uint64_t)id.inode + (uint64_t)id.device * 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
    for (size_t i = (size_t)(hash >> 20);; i++) {
        cli_file_id *slot = set->slot + (i & (set->capacity - 1));
        if (!slot->inode || (slot->inode == id.inode && slot->device == id.device)) return slot;
    }
}

static void enlarge(cli_file_set *set)
{
    cli_file_set larger = {.count = set->count, .capacity = set->capacity ? set->capacity * 2 : 64};
    larger.slot = cli_calloc(larger.capacity, sizeof *larger.slot);
    for (size_t i = 0; i < set->capacity; i++)
        if (set->slot[i].inode) *find(&larger, set->slot[i]) = set->slot[i];
    free(set->slot);
    *set = larger;
}

bool cli_file_set_has(const cli_file_set *set, const struct stat *file)
{
    return set->count && find(set, (cli_file_id){file->st_dev, file->st_ino})->inode;
}

bool cli_file_set_add(cli_file_set *set, const struct stat *file)
{
    cli_file_id id = {file->st_dev, file->st_ino};
    if (set->count * 2 >= set->capacity) enlarge(set);
    cli_file_id *slot = find(set, id);
    if (slot->inode) return false;
    *slot = id;
    set->count++;
    return true;
}

void cli_file_set_clear(cli_file_set *set)
{
    free(set->slot);
    *set = (cli_file_set){0};
}
