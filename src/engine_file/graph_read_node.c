// SPDX-License-Identifier: MIT
#include "engine_file/graph_reader.h"

#include "base/alloc.h"
#include "graph/op.h"

enum { MAX_ATTRS = 64 };

fov_status fov_graph_reader_ids(fov_graph_reader *r, bool may_be_left_out, int **ids, int *count)
{
    uint32_t n;
    *ids = NULL;
    if (!fov_get_u32(&r->in, &n) || n > fov_bytes_left(&r->in) / 4) return fov_place_short(&r->place, r->what);
    if (n > FOV_ANY_COUNT) return fov_place_fail(&r->place, "%s has a list of %u values", r->what, n);
    if (!(*ids = fov_alloc_array(n, sizeof **ids))) return fov_fail_memory(r->place.err, r->what);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = 0;
        fov_get_u32(&r->in, &id);
        (*ids)[i] = id == UINT32_MAX ? FOV_NONE : (int)(id & INT32_MAX);
        if (id == UINT32_MAX ? !may_be_left_out : id >= (uint32_t)r->graph->n_value)
            return fov_place_fail(&r->place, "%s names value %u of %d", r->what, id, r->graph->n_value);
    }
    *count = (int)n;
    return FOV_OK;
}

static fov_status take_ints(fov_graph_reader *r, fov_node *node, const char *name, uint32_t count)
{
    int64_t *ints = fov_alloc_array(count, sizeof *ints);
    if (!ints) return fov_fail_memory(r->place.err, name);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t wide = 0;
        fov_bytes_le(&r->in, 8, &wide);
        ints[i] = (int64_t)wide;
    }
    fov_status st = fov_node_set_ints(node, name, ints, count, r->place.err);
    fov_free(ints);
    return st;
}

static fov_status take_floats(fov_graph_reader *r, fov_node *node, const char *name, uint32_t count)
{
    float *floats = fov_alloc_array(count, sizeof *floats);
    if (!floats) return fov_fail_memory(r->place.err, name);
    for (uint32_t i = 0; i < count; i++) fov_get_f32(&r->in, &floats[i]);
    fov_status st = fov_node_set_floats(node, name, floats, count, r->place.err);
    fov_free(floats);
    return st;
}

static fov_status take_string(fov_graph_reader *r, fov_node *node, const char *name)
{
    char      *string;
    fov_status st = fov_get_string(&r->place, &r->in, r->what, &string);
    if (!st) st = fov_node_set_string(node, name, string, r->place.err);
    fov_free(string);
    return st;
}

static fov_status take_attr(fov_graph_reader *r, fov_node *node, const char *name)
{
    uint8_t  kind;
    uint32_t count;
    if (fov_node_attr(node, name)) return fov_place_fail(&r->place, "%s has two attributes '%.100s'", r->what, name);
    if (!fov_bytes_u8(&r->in, &kind)) return fov_place_short(&r->place, r->what);
    if (kind == FOV_ATTR_STRING) return take_string(r, node, name);
    if (kind != FOV_ATTR_INTS && kind != FOV_ATTR_FLOATS)
        return fov_place_fail(&r->place, "%s: attribute '%.100s' is of kind %d, which is unknown", r->what, name, kind);
    if (!fov_get_u32(&r->in, &count) || count > fov_bytes_left(&r->in) / (kind == FOV_ATTR_INTS ? 8 : 4))
        return fov_place_short(&r->place, r->what);
    return kind == FOV_ATTR_INTS ? take_ints(r, node, name, count) : take_floats(r, node, name, count);
}

static fov_status read_attrs(fov_graph_reader *r, fov_node *node)
{
    uint32_t   count;
    fov_status st = FOV_OK;
    if (!fov_get_u32(&r->in, &count)) return fov_place_short(&r->place, r->what);
    if (count > MAX_ATTRS) return fov_place_fail(&r->place, "%s has %u attributes, the most is %d", r->what, count, MAX_ATTRS);
    for (uint32_t i = 0; i < count && !st; i++) {
        char *name;
        if (!(st = fov_get_string(&r->place, &r->in, r->what, &name))) st = take_attr(r, node, name);
        fov_free(name);
    }
    return st;
}

/* What it takes to make a node; all to be released. */
typedef struct node_parts {
    char *op, *name;
    int  *in, *out, n_in, n_out;
} node_parts;

static fov_status add_node(fov_graph_reader *r, node_parts *p)
{
    fov_status st;
    if ((st = fov_get_string(&r->place, &r->in, r->what, &p->op))) return st;
    if ((st = fov_get_string(&r->place, &r->in, r->what, &p->name))) return st;
    if ((st = fov_graph_reader_ids(r, true, &p->in, &p->n_in))) return st;
    if ((st = fov_graph_reader_ids(r, true, &p->out, &p->n_out))) return st;
    fov_op op = fov_op_find(p->op);
    if (op == FOV_OP_COUNT)
        return fov_fail(r->place.err, FOV_ERR_UNSUPPORTED,
                        "%s: %s, '%.200s': operator '%.100s' is not known to Fovea %s; a newer release may know it", r->place.file,
                        r->what, p->name, p->op, fov_version());
    int id = fov_graph_add_node(r->graph, p->name, op, p->in, p->n_in, p->out, p->n_out, r->place.err);
    return id == FOV_NONE ? FOV_ERR_MEMORY : read_attrs(r, &r->graph->node[id]);
}

fov_status fov_graph_reader_node(fov_graph_reader *r)
{
    node_parts parts = {0};
    fov_status st = add_node(r, &parts);
    fov_free(parts.op);
    fov_free(parts.name);
    fov_free(parts.in);
    fov_free(parts.out);
    return st;
}
