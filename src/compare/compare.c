// SPDX-License-Identifier: MIT
/* Both engines on every photo. */
#include "api/detector.h"
#include "base/alloc.h"
#include "compare/comparison.h"

#include <stdio.h>

typedef struct run {
    const fov_photo_source    *photos;
    const fov_compare_options *options;
    fov_detect_options         detect;
    fov_detector              *a, *b;
    fov_comparison            *comparison;
    fov_error                  first; /* of the photos that failed */
} run;

static const fov_compare_options defaults = {0};

void fov_comparison_free(fov_comparison *c)
{
    if (!c) return;
    fov_free(c->a_name);
    fov_free(c->b_name);
    fov_agreement_clear(&c->agreement);
    fov_layers_clear(&c->layers);
    fov_free(c->score);
    for (size_t i = 0; i < c->n_worst; i++) fov_case_clear(&c->worst[i]);
    fov_free(c);
}

/* A layer that did not fit into memory is compared in another pass; the faces are the same each time. */
static fov_status run_both(run *r, const fov_image *image, fov_faces *a, fov_faces *b, fov_error *err)
{
    fov_layers *layers = &r->comparison->layers;
    fov_status  st;
    fov_layers_begin(layers);
    do {
        if ((st = fov_detector_run_observed(r->a, image, &r->detect, fov_layers_hold, layers, a, err))) return st;
        if ((st = fov_detector_run_observed(r->b, image, &r->detect, fov_layers_compare, layers, b, err))) return st;
    } while (fov_layers_again(layers));
    return FOV_OK;
}

static fov_status compare_faces(run *r, const fov_image *image, size_t index, const fov_faces *a, const fov_faces *b,
                                fov_error *err)
{
    char        number[32];
    const char *name = r->options->photo_name ? r->options->photo_name(r->photos->user, index) : NULL;
    fov_status  st = fov_agreement_add(&r->comparison->agreement, a, b, err);
    snprintf(number, sizeof number, "photo %zu", index + 1);
    return st ? st : fov_cases_add(r->comparison, image, index, name ? name : number, a, b, err);
}

static void note_failure(run *r, const fov_error *failure)
{
    if (!r->comparison->failed++) r->first = *failure;
}

static fov_status one_photo(run *r, size_t index, fov_error *err)
{
    fov_photo *photo = NULL;
    fov_error  failure = {0};
    fov_faces  a, b;
    if (r->photos->load(r->photos->user, index, &photo, &failure)) {
        note_failure(r, &failure);
        return FOV_OK;
    }
    const fov_image image = fov_photo_image(photo);
    fov_status      st = run_both(r, &image, &a, &b, &failure);
    if (st == FOV_ERR_LIMIT) {
        note_failure(r, &failure);
        st = FOV_OK;
    } else if (st) {
        if (err) *err = failure;
    } else {
        r->comparison->photos++;
        st = compare_faces(r, &image, index, &a, &b, err);
    }
    fov_photo_free(photo);
    return st;
}

static fov_status all_photos(run *r, fov_error *err)
{
    const size_t count = r->photos->count;
    fov_status   st = FOV_OK;
    for (size_t i = 0; i <= count && !st; i++) {
        if (r->options->progress && !r->options->progress(r->options->progress_user, "comparing", i, count))
            return fov_fail(err, FOV_ERR_CANCELLED, "stopped after %zu of %zu photos", i, count);
        if (i < count) st = one_photo(r, i, err);
    }
    if (!st && !r->comparison->photos)
        return fov_fail(err, r->first.code ? r->first.code : FOV_ERR_FORMAT, "none of %zu photos could be compared; the first: %s",
                        count, r->first.message);
    return st;
}

static fov_status prepare(run *r, const fov_engine *a, const fov_engine *b, fov_error *err)
{
    const fov_detector_options threads = {.threads = r->options->threads};
    fov_comparison            *c = r->comparison;
    fov_status                 st;
    c->a_name = fov_report_name(r->options->a_name ? r->options->a_name : "A");
    c->b_name = fov_report_name(r->options->b_name ? r->options->b_name : "B");
    if (!c->a_name || !c->b_name) return fov_fail_memory(err, "a comparison");
    c->a_precision = a->precision;
    c->b_precision = b->precision;
    if ((st = fov_layers_init(&c->layers, a, b, r->options->layers, err))) return st;
    if ((st = fov_detector_new(a, &threads, &r->a, err))) return st;
    return fov_detector_new(b, &threads, &r->b, err);
}

fov_status fov_compare(const fov_engine *a, const fov_engine *b, const fov_photo_source *photos, const fov_compare_options *options,
                       fov_comparison **out, fov_error *err)
{
    run r = {.photos = photos, .options = options ? options : &defaults, .detect = fov_detect_options_default()};
    *out = NULL;
    if (!photos->count) return fov_fail(err, FOV_ERR_ARGUMENT, "no photos to compare on");
    if (r.options->detect) r.detect = *r.options->detect;
    r.detect.score_threshold = FOV_AGREEMENT_CANDIDATE;
    r.comparison = fov_calloc(1, sizeof *r.comparison);
    if (!r.comparison) return fov_fail_memory(err, "a comparison");
    fov_status st = prepare(&r, a, b, err);
    if (!st) st = all_photos(&r, err);
    fov_detector_free(r.a);
    fov_detector_free(r.b);
    if (st) {
        fov_comparison_free(r.comparison);
        return st;
    }
    fov_agreement_finish(&r.comparison->agreement);
    fov_layers_finish(&r.comparison->layers);
    *out = r.comparison;
    return FOV_OK;
}
