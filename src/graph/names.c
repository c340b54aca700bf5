// SPDX-License-Identifier: MIT
#include "graph/names.h"

#include "base/alloc.h"
#include "graph/graph.h"

#include <stdint.h>
#include <string.h>
#include <xxhash.h>

enum { SMALLEST = 64 };

/* Seeded by an address, so that nobody can make a file whose names all fall into one place. */
static size_t place_of(const fov_graph *graph, const char *name)
{
    return (size_t)XXH3_64bits_withSeed(name, strlen(name), (uintptr_t)graph->names.slot) & (graph->names.size - 1);
}

static void put(fov_graph *graph, int id)
{
    fov_names *names = &graph->names;
    size_t     i = place_of(graph, graph->value[id].name);
    while (names->slot[i] != FOV_NONE) i = (i + 1) & (names->size - 1);
    names->slot[i] = id;
    names->used++;
}

static bool grow(fov_graph *graph)
{
    fov_names   *names = &graph->names;
    const size_t larger = names->size ? 2 * names->size : SMALLEST;
    int         *slot = fov_alloc_array(larger, sizeof *slot);
    if (!slot) return false;
    fov_free(names->slot);
    *names = (fov_names){slot, larger, 0};
    fov_names_rebuild(graph);
    return true;
}

void fov_names_rebuild(fov_graph *graph)
{
    fov_names *names = &graph->names;
    for (size_t i = 0; i < names->size; i++) names->slot[i] = FOV_NONE;
    names->used = 0;
    for (int id = 0; id < graph->n_value; id++) put(graph, id);
}

bool fov_names_add(fov_graph *graph, int id)
{
    if (2 * (graph->names.used + 1) > graph->names.size && !grow(graph)) return false;
    put(graph, id);
    return true;
}

int fov_graph_find(const fov_graph *graph, const char *name)
{
    const fov_names *names = &graph->names;
    if (!names->size) return FOV_NONE;
    for (size_t i = place_of(graph, name); names->slot[i] != FOV_NONE; i = (i + 1) & (names->size - 1))
        if (!strcmp(graph->value[names->slot[i]].name, name)) return names->slot[i];
    return FOV_NONE;
}

void fov_names_clear(fov_names *names)
{
    fov_free(names->slot);
    *names = (fov_names){0};
}
