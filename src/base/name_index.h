// SPDX-License-Identifier: MIT
/* Names -> places in an array: a file from outside may have a hundred thousand of them, each of which is looked for. */
#ifndef FOVEA_BASE_NAME_INDEX_H
#define FOVEA_BASE_NAME_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The array, whose names the index reads where it needs them and keeps none of. */
typedef struct fov_named {
    const void *items;
    size_t      count;
    const char *(*name)(const void *items, size_t i);
} fov_named;

/** A hash table; {0} is an empty one. An item that has got another name is found by that after another fov_name_index_add(). */
typedef struct fov_name_index {
    uint32_t *slot; /* 0: free, or 1 + where the item is */
    size_t    slots, used;
} fov_name_index;

/** Take item `i` in, unless one has its name already. @return false: no memory, and nothing changed */
bool fov_name_index_add(fov_name_index *index, fov_named named, size_t i);
/** Take all items in, and forget what was: they have moved, and are no more than they were. */
void fov_name_index_rebuild(fov_name_index *index, fov_named named);
/** @return where the item of this name is, SIZE_MAX: nowhere */
size_t fov_name_index_find(const fov_name_index *index, fov_named named, const char *name);
void   fov_name_index_clear(fov_name_index *index); /* sets it to {0} */

#endif
