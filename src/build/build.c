// SPDX-License-Identifier: MIT
/* From a model to an engine: ranges, types, lowering, and what the engine says of itself. */
#include "base/alloc.h"
#include "base/text.h"
#include "build/certificate.h"
#include "build/choose.h"
#include "build/cost.h"
#include "build/photos.h"
#include "engine/golden.h"

#include <stdio.h>

/* One build from beginning to end. */
typedef struct build {
    const fov_model *model;
    fov_model       *repaired; /* NULL: not asked for */
    fov_calibration *made;     /* ranges that were found here */
    fov_compile      compile;
    fov_photo_part   calibrate_on, held_out;
    fov_measure      measure;
    bool             measuring;
    fov_decision     decision;
    char           **layer; /* what each node is called in the certificate */
    double          *macs;
    int              n_layer;
} build;

static bool may_use_int8(const fov_engine_options *o)
{
    return o->precision == FOV_PRECISION_INT8 || o->precision == FOV_PRECISION_MIXED ||
           (o->precision == FOV_PRECISION_AUTO && (o->photos || o->calibration));
}

/* ---------------------------------------------------------------- ranges */

static fov_status calibrate(build *b, fov_calibration_method method, fov_calibration **made, fov_error *err)
{
    const fov_photo_source *photos = &b->calibrate_on.source;
    fov_calibrator         *calibrator;
    fov_error               why = {0};
    fov_status              st = fov_calibrator_new(b->model, NULL, &calibrator, err);
    for (size_t i = 0; i < photos->count && !st; i++) {
        fov_photo *photo;
        char       name[32];
        if ((st = fov_build_progress(&b->compile, "calibrating", i, photos->count, err))) break;
        if (photos->load(photos->user, i, &photo, why.code ? NULL : &why)) continue;
        const fov_image image = fov_photo_image(photo);
        snprintf(name, sizeof name, "photo %zu", i + 1);
        st = fov_calibrator_add(calibrator, &image, name, err);
        fov_photo_free(photo);
    }
    if (!st && !fov_calibrator_count(calibrator)) st = fov_photos_fail("calibrate", &why, err);
    if (!st) st = fov_calibrator_finish(calibrator, method, 0, made, err);
    fov_calibrator_free(calibrator);
    return st;
}

/* A single photo is too little to calibrate on, but it shows what statistics cannot know. */
static fov_status ranges_from_statistics(build *b, fov_error *err)
{
    fov_calibration *seen = NULL;
    fov_status       st = fov_calibration_from_statistics(b->model, &b->made, err);
    if (st || !b->calibrate_on.source.count) return st;
    st = calibrate(b, FOV_CALIBRATE_MIN_MAX, &seen, err);
    if (!st) fov_calibration_widen(b->made, seen);
    fov_calibration_free(seen);
    return st;
}

static fov_status find_ranges(build *b, fov_error *err)
{
    const fov_engine_options *o = b->compile.options;
    fov_status                st = FOV_OK;
    if (o->calibration || !may_use_int8(o)) return FOV_OK;
    if (b->calibrate_on.source.count < 2) st = ranges_from_statistics(b, err);
    if (b->calibrate_on.source.count > 1 || (st == FOV_ERR_UNSUPPORTED && b->calibrate_on.source.count))
        st = calibrate(b, FOV_CALIBRATE_MSE, &b->made, err);
    b->compile.ranges = b->made;
    return st;
}

static fov_status repair(build *b, fov_error *err)
{
    if (!b->compile.options->repair) return FOV_OK;
    if (b->compile.options->calibration)
        return fov_fail(err, FOV_ERR_ARGUMENT,
                        "a calibration of the model as it was does not fit the repaired one: let the build calibrate on photos, or "
                        "calibrate a model that was written with `fovea convert --repair`");
    fov_status st = fov_model_repair(b->model, &b->repaired, NULL, err);
    if (!st) b->model = b->repaired;
    return st;
}

/* ---------------------------------------------------------------- names for the certificate */

static fov_status note_layers(build *b, fov_error *err)
{
    const fov_graph *graph = b->compile.graph;
    b->n_layer = graph->n_node;
    b->layer = fov_calloc((size_t)graph->n_node, sizeof *b->layer);
    b->macs = fov_calloc((size_t)graph->n_node, sizeof *b->macs);
    if (!b->layer || !b->macs) return fov_fail_memory(err, "the layers' names");
    for (int i = 0; i < graph->n_node; i++) {
        b->layer[i] = fov_strdup(graph->value[graph->node[i].out[0]].name);
        if (!b->layer[i]) return fov_fail_memory(err, "the layers' names");
    }
    return fov_cost_macs(graph, b->macs, err);
}

static fov_status certify(const build *b, fov_engine *engine, fov_error *err)
{
    const fov_evidence evidence = {.model = b->model,
                                   .compile = &b->compile,
                                   .engine = engine,
                                   .fp32 = b->measuring ? b->measure.fp32 : NULL,
                                   .mixed = b->decision.mixed.types ? &b->decision.mixed : NULL,
                                   .held_out = &b->held_out.source,
                                   .calibrated_on_held_out = b->made && b->made->photos && b->held_out.whole,
                                   .too_few_faces = b->decision.too_few_faces,
                                   .candidate = b->decision.candidate,
                                   .n_candidate = b->decision.n_candidate,
                                   .layer = (const char *const *)b->layer,
                                   .n_layer = b->n_layer,
                                   .types = b->decision.types,
                                   .macs = b->macs};
    return fov_certificate_make(&evidence, &engine->certificate, err);
}

/* Golden vectors show a face where there is a photo. */
static fov_status record_golden(const build *b, fov_engine *engine, fov_error *err)
{
    fov_golden_input input[FOV_GOLDEN_INPUTS];
    fov_image        photo;
    if (b->measuring) photo = fov_photo_image(b->measure.sample[0]);
    fov_golden_inputs(engine, b->measuring ? &photo : NULL, input);
    return fov_golden_make(engine, input, FOV_GOLDEN_INPUTS, &engine->golden, err);
}

/* ---------------------------------------------------------------- all together */

static fov_status check_options(const fov_engine_options *o, fov_error *err)
{
    if (!fov_precision_name(o->precision)) return fov_fail(err, FOV_ERR_ARGUMENT, "%d is no precision", (int)o->precision);
    if (!(o->max_loss >= 0 && o->max_loss < 1))
        return fov_fail(err, FOV_ERR_ARGUMENT, "a loss of at most %g: a part of 1 is needed, 0.005 being half a point",
                        o->max_loss);
    if (o->photos && !o->photos->count) return fov_fail(err, FOV_ERR_ARGUMENT, "no photos to measure on: name some, or no source");
    return FOV_OK;
}

/* Why AUTO came to this. */
static fov_status explain(const build *b, fov_engine *engine, fov_error *err)
{
    const fov_candidate *found = NULL;
    fov_text             text = {0};
    if (b->compile.options->precision != FOV_PRECISION_AUTO || !b->measuring) return FOV_OK;
    for (size_t i = 0; i < b->decision.n_candidate; i++)
        if (b->decision.candidate[i].precision == engine->precision) found = &b->decision.candidate[i];
    if (b->decision.too_few_faces) fov_text_print(&text, "the photos show too few faces to prove anything about others");
    else if (found)
        fov_text_print(&text,
                       "loses %.2f points on the photos, within the budget of %.2f, and is the fastest such: %.2fx FP32's time",
                       100 * found->loss, 100 * b->compile.max_loss, found->cost);
    else
        fov_text_print(&text, "no other is both faster on this processor and within the budget of %.2f points",
                       100 * b->compile.max_loss);
    engine->reason = fov_text_take(&text);
    return engine->reason ? FOV_OK : fov_fail_memory(err, "the reason for a precision");
}

/* With a calibration that was made elsewhere, all photos are there to measure on. */
static void split_photos(build *b, const fov_engine_options *o)
{
    static const fov_photo_source none = {0};
    fov_photo_part_init(&b->calibrate_on, o->photos ? o->photos : &none, false);
    fov_photo_part_init(&b->held_out, o->photos ? o->photos : &none, true);
    if (o->photos && o->calibration) {
        b->held_out.whole = true;
        b->held_out.source.count = o->photos->count;
    }
}

static fov_status make(build *b, fov_engine **engine, fov_error *err)
{
    const fov_engine_options *o = b->compile.options;
    fov_status                st;
    if ((st = find_ranges(b, err))) return st;
    if ((st = note_layers(b, err))) return st;
    b->measuring = o->photos != NULL;
    if (b->measuring && (st = fov_measure_begin(&b->measure, &b->compile, &b->held_out.source, err))) {
        b->measuring = false;
        return st;
    }
    if ((st = fov_choose(&b->compile, b->measuring ? &b->measure : NULL, b->macs, &b->decision, err))) return st;
    if ((st = fov_compile_finish(&b->compile, b->decision.types, engine, err))) return st;
    if (b->model->source && !((*engine)->source = fov_strdup(b->model->source))) return fov_fail_memory(err, "a model's name");
    st = explain(b, *engine, err);
    if (!st && (o->keep_weights || b->measuring)) st = certify(b, *engine, err);
    if (!st && o->keep_weights) st = record_golden(b, *engine, err);
    return st;
}

static void clear(build *b)
{
    if (b->measuring) fov_measure_end(&b->measure);
    fov_decision_clear(&b->decision);
    for (int i = 0; b->layer && i < b->n_layer; i++) fov_free(b->layer[i]);
    fov_free(b->layer);
    fov_free(b->macs);
    fov_compile_end(&b->compile);
    fov_calibration_free(b->made);
    fov_model_free(b->repaired);
}

fov_status fov_engine_build(const fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    static const fov_engine_options defaults = {0};
    build                           b = {.model = model, .compile.options = options ? options : &defaults};
    fov_status                      st = check_options(b.compile.options, err);
    *engine = NULL;
    split_photos(&b, b.compile.options);
    if (!st) st = repair(&b, err);
    if (!st) st = fov_compile_begin(&b.compile, b.model, b.compile.options, err);
    if (!st) st = make(&b, engine, err);
    if (st) {
        fov_engine_free(*engine);
        *engine = NULL;
    }
    clear(&b);
    return st;
}
