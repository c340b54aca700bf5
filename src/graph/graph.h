// SPDX-License-Identifier: MIT
/* The intermediate representation: a graph of nodes whose operators and attributes are ONNX's, in name and meaning.
 *
 * Values are the edges. A value is a graph input, a constant (it has data) or the output of one node. Nodes stand in
 * topological order. Ids are indices into the arrays and stay valid until fov_graph_compact(). */
#ifndef FOVEA_GRAPH_GRAPH_H
#define FOVEA_GRAPH_GRAPH_H

#include "base/error.h"
#include "base/name_index.h"
#include "graph/view.h"

/* Operators: FOV_OP_Conv, FOV_OP_Relu, ...: one for each row of ops.def. */
typedef enum fov_op {
#define FOV_OP(name, definition, cpu, cuda) FOV_OP_##name,
#include "graph/ops.def"
#undef FOV_OP
    FOV_OP_COUNT
} fov_op;

#define FOV_NONE (-1) /* an id that names nothing: an optional input left out */

typedef struct fov_value {
    char      *name; /* unique in the graph, never NULL */
    fov_dtype  dtype;
    fov_shape  shape;  /* as far as it is known; rank -1: not known yet */
    void      *data;   /* constants: dense row-major, owned by the graph; else NULL */
    char      *origin; /* constants from a file: the tensor(s) it was made of, "a, b"; NULL otherwise */
    bool       packed; /* a constant whose data was given back because a backend keeps it in a form of its own */
    fov_quant *quant;  /* of U8 and I8: what the integers stand for; owned */
} fov_value;

typedef enum fov_attr_kind { FOV_ATTR_INTS, FOV_ATTR_FLOATS, FOV_ATTR_STRING } fov_attr_kind;

/** An attribute; a single number is a list of one. */
typedef struct fov_attr {
    char         *name;
    fov_attr_kind kind;
    size_t        count;
    int64_t      *ints;
    float        *floats;
    char         *string;
} fov_attr;

typedef struct fov_node {
    char                       *name; /* may be "" */
    fov_op                      op;
    int                        *in, *out; /* value ids; FOV_NONE for an optional one left out */
    int                         n_in, n_out;
    fov_attr                   *attr;
    int                         n_attr;
    bool                        dead;   /* removed by a pass; skipped by everybody, dropped by fov_graph_compact() */
    const struct fov_plugin_op *plugin; /* FOV_OP_Plugin: the operator of a shared library; NULL for all others */
} fov_node;

typedef struct fov_graph {
    fov_value     *value;
    fov_node      *node;
    int           *input, *output; /* value ids */
    int            n_value, n_node, n_input, n_output;
    int            cap_value, cap_node, cap_input, cap_output;
    fov_name_index index; /* of values, by their names */
    int64_t        opset; /* of the default ONNX domain, whose meaning the operators follow; 13 where Fovea built the graph */
    int64_t most_known;   /* words of 4 bytes that inference may compute of constants; the rest is computed as the network runs */
} fov_graph;

/* An ONNX file may make its priors and weights of small constants, which are then folded; what is left of it needs shapes alone. */
enum { FOV_MOST_KNOWN = 1 << 26, FOV_MOST_KNOWN_SETTLED = 1 << 20 };

/* ---- building. Names and payloads are copied. Ids are >= 0; FOV_NONE means no memory (err is set). */

fov_graph *fov_graph_new(void); /* NULL without memory */
void       fov_graph_free(fov_graph *graph);
void       fov_value_clear(fov_value *value); /* what it owns, not the struct */
void       fov_node_clear(fov_node *node);
fov_status fov_graph_clone(const fov_graph *graph, fov_graph **copy, fov_error *err);

/** A value without data. @param shape NULL: not known yet */
int fov_graph_add_value(fov_graph *graph, const char *name, fov_dtype dtype, const fov_shape *shape, fov_error *err);
/** A constant. @param data dense row-major, copied; NULL: zeros. @param origin may be NULL */
int fov_graph_add_constant(fov_graph *graph, const char *name, fov_dtype dtype, const fov_shape *shape, const void *data,
                           const char *origin, fov_error *err);
/**
 * Make a value one of a storage type. Its data, if it has any, is not converted: set it yourself.
 * @param dtype U8 or I8 with a quant, any other without. @param quant copied; may be NULL
 */
fov_status fov_graph_set_storage(fov_graph *graph, int value, fov_dtype dtype, const fov_quant *quant, fov_error *err);
/** Append a node; its inputs must exist. */
int        fov_graph_add_node(fov_graph *graph, const char *name, fov_op op, const int *in, int n_in, const int *out, int n_out,
                              fov_error *err);
fov_status fov_graph_add_input(fov_graph *graph, int value, fov_error *err);
fov_status fov_graph_add_output(fov_graph *graph, int value, fov_error *err);
/** Of its values, as its index looks at them. */
fov_named fov_graph_names(const fov_graph *graph);
/** Value by name, FOV_NONE if there is none. */
int fov_graph_find(const fov_graph *graph, const char *name);
/** @param name becomes the graph's, whatever comes of it; NULL: there was no memory for it */
fov_status fov_graph_rename(fov_graph *graph, int value, char *name, fov_error *err);
/** `stem`, or else stem_2, stem_3 ..., a name that no value has. Release with fov_free(); NULL without memory. */
char *fov_graph_unique_name(const fov_graph *graph, const char *stem);

/* ---- attributes. Setting replaces. A getter of a missing attribute gives the fallback. */

fov_status      fov_node_set_ints(fov_node *node, const char *name, const int64_t *ints, size_t count, fov_error *err);
fov_status      fov_node_set_int(fov_node *node, const char *name, int64_t value, fov_error *err);
fov_status      fov_node_set_floats(fov_node *node, const char *name, const float *floats, size_t count, fov_error *err);
fov_status      fov_node_set_float(fov_node *node, const char *name, float value, fov_error *err);
fov_status      fov_node_set_string(fov_node *node, const char *name, const char *string, fov_error *err);
fov_status      fov_node_copy_attrs(fov_node *to, const fov_node *from, fov_error *err);
const fov_attr *fov_node_attr(const fov_node *node, const char *name); /* NULL if missing */
int64_t         fov_node_int(const fov_node *node, const char *name, int64_t fallback);
/** Item `i` of a list of ints; fallback when the list is missing or shorter. */
int64_t     fov_node_int_at(const fov_node *node, const char *name, size_t i, int64_t fallback);
float       fov_node_float(const fov_node *node, const char *name, float fallback);
const char *fov_node_string(const fov_node *node, const char *name, const char *fallback);

/* ---- looking and rewriting */

/** Node that makes a value, FOV_NONE for inputs and constants. */
int fov_graph_producer(const fov_graph *graph, int value);
/** The same of every value at once, for who asks for many. Release with fov_free(); NULL without memory. */
int *fov_graph_producers(const fov_graph *graph);
/** Live nodes that read a value (each counted once per read) plus graph outputs that are it. */
int fov_graph_use_count(const fov_graph *graph, int value);
/** The only live node that reads `value`, FOV_NONE when there are none, several, or it is a graph output. */
int fov_graph_only_user(const fov_graph *graph, int value);
/** Make every reader of `from`, graph outputs included, read `to`. */
void fov_graph_replace_uses(fov_graph *graph, int from, int to);
/** Drop dead nodes and values that nothing names; ids change. */
fov_status fov_graph_compact(fov_graph *graph, fov_error *err);
/** Of all constants, read or not. */
uint64_t fov_graph_constant_bytes(const fov_graph *graph);
/** FOV_ERR_LIMIT where a graph from outside would need far more memory for weights than it has.
 * @param held the bytes of weights that its file has, not counting those that are computed from them */
fov_status fov_graph_check_sharing(const fov_graph *graph, uint64_t held, fov_error *err);
/** Restore topological order after a pass moved inputs around; FOV_ERR_FORMAT names a node on a cycle. */
fov_status fov_graph_sort(fov_graph *graph, fov_error *err);
/** One line a node: `out: shape = Op(in, in) {attr=..}`; what pass tests compare. Release with fov_free(). */
char *fov_graph_dump(const fov_graph *graph);

#endif
