// SPDX-License-Identifier: MIT
#include "build/calibrator.h"

#include "api/detector.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "quant/ranges.h"

#include <string.h>

/* Channel counts do not depend on the input's size; this one every stride divides. */
enum { PROBE_SIDE = 128 };

/* A Concat over channels holds what its inputs hold, and may be no step of the network at all. */
static bool is_joined(const fov_graph *graph, int value)
{
    const int node = fov_graph_producer(graph, value);
    return node != FOV_NONE && graph->node[node].op == FOV_OP_Concat && fov_node_int(&graph->node[node], "axis", 0) == 1;
}

/* ---------------------------------------------------------------- making one */

static fov_status add_tensors(fov_calibrator *c, const fov_view *shapes, fov_error *err)
{
    const fov_graph *graph = c->engine->graph;
    fov_status       st = FOV_OK;
    for (int v = 0; v < graph->n_value && !st; v++) {
        c->at[v] = -1;
        if (!fov_value_is_calibrated(graph, v) || is_joined(graph, v)) continue;
        fov_calibrated_tensor *tensor = &c->tensor[c->n_tensor];
        const int              channels = shapes[v].shape.rank == 4 ? (int)shapes[v].shape.dim[1] : 1;
        *tensor = (fov_calibrated_tensor){.value = v, .flat = shapes[v].shape.rank != 4};
        c->at[v] = c->n_tensor++;
        st = fov_tally_init(&tensor->all, channels, err);
        if (!st) st = fov_tally_init(&tensor->photo, channels, err);
    }
    return st;
}

static fov_status find_tensors(fov_calibrator *c, fov_error *err)
{
    const fov_graph *graph = c->engine->graph;
    fov_view         input = fov_view_nhwc(1, 3, PROBE_SIDE, PROBE_SIDE, 3, NULL), *shapes;
    fov_status       st = fov_graph_infer(graph, &input, &shapes, err);
    if (st) return st;
    c->tensor = fov_calloc((size_t)graph->n_value, sizeof *c->tensor);
    c->at = fov_alloc_array((size_t)graph->n_value, sizeof *c->at);
    st = c->tensor && c->at ? add_tensors(c, shapes, err) : fov_fail_memory(err, "calibration");
    fov_values_free(graph, shapes);
    return st;
}

static fov_status prepare(fov_calibrator *c, const fov_model *model, int threads, fov_error *err)
{
    fov_status st = fov_engine_build(model, &(fov_engine_options){.precision = FOV_PRECISION_FP32}, &c->engine, err);
    if (!st) st = fov_detector_new(c->engine, &(fov_detector_options){.threads = threads}, &c->detector, err);
    if (!st) st = fov_pool_new(threads, &c->pool, err);
    if (!st) st = fov_tally_scratch_init(&c->scratch, threads, err);
    if (!st) st = fov_digest_origin(model, &c->detect, &c->origin, err);
    return st ? st : find_tensors(c, err);
}

fov_status fov_calibrator_new(const fov_model *model, const fov_calibrator_options *options, fov_calibrator **out, fov_error *err)
{
    fov_calibrator *c = fov_calloc(1, sizeof *c);
    *out = NULL;
    if (!c) return fov_fail_memory(err, "calibration");
    c->detect = options && options->detect ? *options->detect : fov_detect_options_default();
    fov_status st = prepare(c, model, options && options->threads ? options->threads : fov_cpu_threads(), err);
    if (st) fov_calibrator_free(c);
    else *out = c;
    return st;
}

void fov_calibrator_free(fov_calibrator *c)
{
    if (!c) return;
    for (int i = 0; i < c->n_tensor; i++) {
        fov_tally_clear(&c->tensor[i].all);
        fov_tally_clear(&c->tensor[i].photo);
    }
    fov_tally_scratch_clear(&c->scratch);
    fov_pool_free(c->pool);
    fov_detector_free(c->detector);
    fov_engine_free(c->engine);
    fov_free(c->tensor);
    fov_free(c->at);
    fov_free(c->photo);
    fov_free(c);
}

/* ---------------------------------------------------------------- photos */

bool fov_calibrator_find(const fov_calibrator *c, const fov_digest *digest, size_t *at)
{
    size_t first = 0, end = c->photos;
    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        const int    order = memcmp(&c->photo[middle].digest, digest, sizeof *digest);
        if (order < 0) first = middle + 1;
        else end = middle;
    }
    *at = first;
    return first < c->photos && !memcmp(&c->photo[first].digest, digest, sizeof *digest);
}

fov_status fov_calibrator_insert(fov_calibrator *c, const fov_digest *digest, bool confirmed, fov_error *err)
{
    size_t at;
    if (c->photos == c->capacity) {
        const size_t          capacity = c->capacity ? 2 * c->capacity : 64;
        fov_calibrated_photo *grown = fov_realloc_array(c->photo, capacity, sizeof *grown);
        if (!grown) return fov_fail_memory(err, "the list of photos");
        c->photo = grown;
        c->capacity = capacity;
    }
    fov_calibrator_find(c, digest, &at);
    memmove(c->photo + at + 1, c->photo + at, (c->photos - at) * sizeof *c->photo);
    c->photo[at] = (fov_calibrated_photo){*digest, confirmed};
    c->photos++;
    return FOV_OK;
}

size_t fov_calibrator_count(const fov_calibrator *c)
{
    return c->photos;
}

size_t fov_calibrator_unconfirmed(const fov_calibrator *c)
{
    size_t count = 0;
    for (size_t i = 0; i < c->photos; i++) count += !c->photo[i].confirmed;
    return count;
}

static bool is_picture(const fov_image *image)
{
    return image->data && image->width > 0 && image->height > 0 && (unsigned)image->format <= FOV_RGBA8;
}

bool fov_calibrator_has(const fov_calibrator *c, const fov_image *image)
{
    fov_digest digest;
    size_t     at;
    return is_picture(image) && !fov_digest_image(image, &digest, NULL) && fov_calibrator_find(c, &digest, &at);
}

/* ---------------------------------------------------------------- one photo */

static fov_status take_value(fov_calibrator *c, int value, const fov_view *view, fov_error *err)
{
    fov_error own = {0};
    if (value == FOV_NONE || c->at[value] < 0) return FOV_OK;
    fov_status st = fov_tally_add(&c->tensor[c->at[value]].photo, view, &c->scratch, c->pool, &own);
    return st ? fov_fail(err, st, "layer '%s' %s", c->engine->graph->value[value].name, own.message) : FOV_OK;
}

static fov_status observe(void *context, const fov_plan *plan, const fov_step *step, fov_error *err)
{
    fov_calibrator  *c = context;
    const fov_graph *graph = plan->engine->graph;
    fov_status       st = FOV_OK;
    if (step->node[0] == FOV_NONE) return take_value(c, graph->input[0], step->out, err);
    for (int i = 0; i < graph->node[step->node[0]].n_out && !st; i++)
        st = take_value(c, graph->node[step->node[0]].out[i], &step->out[i], err);
    return st;
}

static fov_status run(fov_calibrator *c, const fov_image *image, const char *name, fov_error *err)
{
    fov_error own = {0};
    fov_faces faces;
    for (int i = 0; i < c->n_tensor; i++) fov_tally_reset(&c->tensor[i].photo);
    fov_status st = fov_detector_run_observed(c->detector, image, &c->detect, observe, c, &faces, &own);
    return st ? fov_fail(err, st, "%s: %s", name ? name : "a photo", own.message) : FOV_OK;
}

fov_status fov_calibrator_add(fov_calibrator *c, const fov_image *image, const char *name, fov_error *err)
{
    fov_digest digest;
    size_t     at;
    if (!is_picture(image))
        return fov_fail(err, FOV_ERR_ARGUMENT, "%s: an empty picture, or of no known format", name ? name : "a photo");
    fov_status st = fov_digest_image(image, &digest, err);
    if (!st && fov_calibrator_find(c, &digest, &at)) {
        c->photo[at].confirmed = true;
        return FOV_OK;
    }
    if (!st) st = run(c, image, name, err);
    if (!st) st = fov_calibrator_insert(c, &digest, true, err);
    for (int i = 0; i < c->n_tensor && !st; i++) fov_tally_merge(&c->tensor[i].all, &c->tensor[i].photo, 0);
    return st;
}
