// SPDX-License-Identifier: MIT
/* A graph out of an engine file. Ids, types, counts and extents are checked here, before anything follows them; what operators make
 * of them is fov_graph_section_check()'s. */
#include "base/alloc.h"
#include "engine_file/graph_reader.h"

#include <stdio.h>
#include <stdlib.h>

/* The same that the ONNX importer takes. */
enum { MAX_NODES = 10000, MAX_VALUES = 50000 };

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static fov_status check_names(const fov_graph_reader *r)
{
    const size_t count = (size_t)r->graph->n_value;
    fov_status   st = FOV_OK;
    char       **name = fov_alloc_array(count, sizeof *name);
    if (!name) return fov_fail_memory(r->place.err, "the names of values");
    for (size_t i = 0; i < count; i++) name[i] = r->graph->value[i].name;
    qsort(name, count, sizeof *name, by_name);
    for (size_t i = 1; i < count && !st; i++)
        if (!strcmp(name[i - 1], name[i])) st = fov_place_fail(&r->place, "two values are called '%.200s'", name[i]);
    fov_free(name);
    return st;
}

/* Nodes first mention values by their ids: all values stand before all nodes. */
static fov_status read_lists(fov_graph_reader *r, uint32_t n_value, uint32_t n_node)
{
    fov_status st = FOV_OK;
    for (uint32_t i = 0; i < n_value && !st; i++) {
        snprintf(r->what, sizeof r->what, "value %u", i);
        st = fov_graph_reader_value(r);
    }
    if (!st) st = check_names(r);
    for (uint32_t i = 0; i < n_node && !st; i++) {
        snprintf(r->what, sizeof r->what, "node %u", i);
        st = fov_graph_reader_node(r);
    }
    return st;
}

typedef fov_status add_end(fov_graph *graph, int value, fov_error *err);

static fov_status read_ends(fov_graph_reader *r, const char *what, add_end *add)
{
    int *ids, count = 0;
    snprintf(r->what, sizeof r->what, "%s", what);
    fov_status st = fov_graph_reader_ids(r, false, &ids, &count);
    for (int i = 0; i < count && !st; i++) st = add(r->graph, ids[i], r->place.err);
    fov_free(ids);
    return st;
}

static fov_status read_graph(fov_graph_reader *r)
{
    uint64_t   opset;
    uint32_t   n_value, n_node;
    fov_status st;
    if (!fov_bytes_le(&r->in, 8, &opset) || !fov_get_u32(&r->in, &n_value) || !fov_get_u32(&r->in, &n_node))
        return fov_place_short(&r->place, "its counts");
    if (opset > INT32_MAX) return fov_place_fail(&r->place, "opset %llu does not exist", (unsigned long long)opset);
    if (n_value > MAX_VALUES || n_node > MAX_NODES)
        return fov_place_fail(&r->place, "%u values and %u nodes; the most are %d and %d", n_value, n_node, MAX_VALUES, MAX_NODES);
    r->graph->opset = (int64_t)opset;
    r->graph->most_known = FOV_MOST_KNOWN_SETTLED;
    if ((st = read_lists(r, n_value, n_node))) return st;
    if ((st = read_ends(r, "the list of inputs", fov_graph_add_input))) return st;
    if ((st = read_ends(r, "the list of outputs", fov_graph_add_output))) return st;
    return fov_bytes_left(&r->in) ? fov_place_fail(&r->place, "%zu bytes follow its end", fov_bytes_left(&r->in)) : FOV_OK;
}

fov_status fov_graph_section_read(const fov_sections *sections, const char *file, fov_graph **out, fov_error *err)
{
    fov_graph_reader r = {.place = {file, FOV_SECTION_GRAPH, err},
                          .in = sections->of[FOV_SECTION_GRAPH],
                          .tensors = sections->of[FOV_SECTION_TENSORS],
                          .scales = sections->of[FOV_SECTION_SCALES],
                          .graph = fov_graph_new()};
    *out = NULL;
    if (!r.graph) return fov_fail_memory(err, "a graph");
    fov_status st = read_graph(&r);
    if (st) fov_graph_free(r.graph);
    else *out = r.graph;
    return st;
}
