// SPDX-License-Identifier: MIT
/* An imported model: a canonical graph, its settings and its family.
 *
 * Canonical: one float input (N, 3, H, W), N, H, W open; only 4-D float values; no exporter's tail: the graph's outputs are
 * the raw heads, for level k
 *     output[3k]     scores     (N, anchors * 2,  H/stride, W/stride)   channel = anchor * 2 + {background, face}
 *     output[3k + 1] boxes      (N, anchors * 4,  ...)
 *     output[3k + 2] landmarks  (N, anchors * 10, ...)
 *
 * or, where a plugin decodes them, one output: a table (N, rows, 15) of faces in pixels of the network's input,
 *     x1, y1, x2, y2, score, x and y of the five landmarks
 * made by a FOV_OP_Plugin node, which reads the heads in whatever order it wants them.
 * BatchNormalization is kept as it was in the file: what is written out has the tensors that were read in. */
#ifndef FOVEA_MODELS_MODEL_H
#define FOVEA_MODELS_MODEL_H

#include "graph/graph.h"
#include "models/settings.h"
#include "plugin/plugin.h"

typedef struct fov_weights fov_weights;
typedef struct fov_family  fov_family;

struct fov_model {
    fov_graph        *graph;
    fov_settings      settings;
    const fov_family *family;   /* NULL: an ONNX graph that no family rebuilds; only .onnx can be written */
    char             *source;   /* name given to the importer */
    const char       *format;   /* "pth", "wts", ... static */
    char             *warnings; /* lines, "" if none */
};

enum { FOV_TABLE_WIDTH = 15 };

/** Whether a canonical graph gives a table of faces, not heads. */
static inline bool fov_graph_gives_table(const fov_graph *graph)
{
    return graph->n_output == 1;
}

/**
 * Let an operator of a plugin decode the heads: the outputs of the model's graph become its inputs, the table that it gives the
 * only output. The model's settings go along as the attributes that fovea/plugin.h promises.
 * @param name of the operator, or "domain::name"
 */
fov_status fov_model_decode_by_plugin(struct fov_model *model, fov_plugin_set set, const char *name, fov_error *err);
/**
 * The same with a node that was taken off another graph.
 * @param tail its name, attributes and operator are copied. @param output name of the table
 */
fov_status fov_model_append_plugin(struct fov_model *model, const fov_node *tail, const char *output, fov_error *err);

/** Takes over nothing. @return NULL without memory */
struct fov_model *fov_model_new(const char *source, const char *format);
/** Append a line to the warnings. */
fov_status fov_model_warn(struct fov_model *model, fov_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* ---- named weights: what a checkpoint without a graph holds */

typedef struct fov_weight {
    char     *name;
    fov_shape shape; /* rank -1: the file gives only the count (.wts) */
    size_t    count;
    float    *data; /* owned */
    bool      used; /* a family took it */
} fov_weight;

struct fov_weights {
    fov_weight *item;
    size_t      count, capacity;
    const char *file; /* that they are read from, for messages; the reader's */
};

/** Append; copies the name, takes over `data` (from fov_alloc) whether it succeeds or not. */
fov_status fov_weights_add(fov_weights *weights, const char *name, const fov_shape *shape, size_t count, float *data,
                           fov_error *err);
/**
 * By name, ignoring the prefix "module." on either side; a name that starts with "body." is also found without it, when the
 * full name is not there. NULL if there is none.
 */
fov_weight *fov_weights_find(fov_weights *weights, const char *name);
/** BatchNorm's step counter: in every checkpoint, of no use to inference, written to nothing. */
bool fov_weight_is_counter(const char *name);
void fov_weights_clear(fov_weights *weights);

/* ---- families: networks that can be rebuilt from bare weights; a row each in families.def */

struct fov_family {
    const char *name;  /* "retinaface-mnet025" */
    const char *title; /* "RetinaFace MobileNet-0.25" */
    /** A tensor name that only this family has (without "module."). */
    const char *mark;
    /**
     * Build the canonical graph with BatchNormalization nodes. Value names are the checkpoint's tensor names.
     * @param weights NULL: a template to match other graphs against, its parameters have shapes and no data; else every
     *                needed tensor's numbers are moved out of it, and missing or misshapen ones are listed in one message
     *                that names `source`
     */
    fov_status (*build)(const fov_settings *settings, fov_weights *weights, const char *source, fov_graph **graph, fov_error *err);
};

/**
 * Recognise the family by tensor names and shapes and build the model's graph; sets family, graph, warnings for tensors that
 * nobody used. @param settings already final
 */
fov_status fov_family_build(struct fov_model *model, fov_weights *weights, fov_error *err);

#define FOV_FAMILY(family) extern const fov_family family;
#include "models/families.def"
#undef FOV_FAMILY

/** Families in the order of families.def, NULL-terminated walk: fov_family_at(0), (1), .. until NULL. */
const fov_family *fov_family_at(size_t index);

/**
 * Find the family whose template has the same convolutions in the same places as a model imported with a graph, and give
 * the weights under the family's names. Convolutions that come with BatchNorm folded get a BatchNorm of exactly the identity
 * up to rounding (gamma 1, mean 0, var 1 - eps). On success sets model->family and
 * settings.leaky, which the graph shows, and model->graph is the family's.
 * @return FOV_ERR_UNSUPPORTED when no family matches, naming the first difference to the closest one
 */
fov_status fov_family_match(struct fov_model *model, fov_error *err);

/**
 * The model's tensors in checkpoint order under the family's names, for writers of weight files.
 * @return FOV_ERR_UNSUPPORTED for a model without family
 */
fov_status fov_model_weights(const struct fov_model *model, fov_weights *weights, fov_error *err);

#endif
