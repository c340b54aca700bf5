// SPDX-License-Identifier: MIT
#include "build/measure.h"

#include "base/alloc.h"
#include "build/photos.h"

#include <string.h>

enum {
    SAMPLE_SIDE = 320, /* pixels: what photos are shrunk to where the heads' change is measured */
    SAMPLE_PHOTOS = 6,
    RAW_FLOATS = 4 + 2 + 10,
};

/* As the certificate measures, so that a budget which was kept here is kept there. */
static fov_detect_options faces_options(void)
{
    fov_detect_options options = fov_detect_options_default();
    options.score_threshold = FOV_AGREEMENT_CANDIDATE;
    return options;
}

static fov_detect_options sample_options(void)
{
    fov_detect_options options = fov_detect_options_default();
    options.long_side = SAMPLE_SIDE;
    return options;
}

/* A plugin decodes the heads: nobody else sees them. */
static bool gives_table(const fov_measure *m)
{
    return fov_graph_gives_table(m->compile->graph);
}

/* ---------------------------------------------------------------- samples */

static fov_status keep_raw(fov_measure *m, fov_photo *photo, fov_error *err)
{
    const fov_detect_options options = sample_options();
    const fov_image          image = fov_photo_image(photo);
    fov_raw                  raw;
    if (gives_table(m)) {
        m->sample[m->n_sample++] = photo;
        return FOV_OK;
    }
    fov_status st = fov_detector_raw(m->detector, &image, &options, &raw, err);
    float     *copy = st ? NULL : fov_alloc_array(raw.count * RAW_FLOATS, sizeof *copy);
    if (st) return st;
    if (!copy) return fov_fail_memory(err, "the heads of a photo");
    memcpy(copy, raw.boxes, raw.count * 4 * sizeof *copy);
    memcpy(copy + raw.count * 4, raw.scores, raw.count * 2 * sizeof *copy);
    memcpy(copy + raw.count * 6, raw.landmarks, raw.count * 10 * sizeof *copy);
    m->sample[m->n_sample] = photo;
    m->sample_raw[m->n_sample] = copy;
    m->sample_count[m->n_sample++] = raw.count;
    return FOV_OK;
}

/* Photos spread over the whole set. */
static fov_status take_samples(fov_measure *m, fov_error *err)
{
    const size_t step = m->photos->count > SAMPLE_PHOTOS ? m->photos->count / SAMPLE_PHOTOS : 1;
    fov_status   st = FOV_OK;
    fov_error    why = {0};
    for (size_t i = 0, next; i < m->photos->count && m->n_sample < SAMPLE_PHOTOS && !st; i = next) {
        fov_photo *photo;
        next = i + 1; /* in place of one that cannot be loaded */
        if (m->photos->load(m->photos->user, i, &photo, why.code ? NULL : &why)) continue;
        next = i + step;
        st = keep_raw(m, photo, err);
        if (st) fov_photo_free(photo);
    }
    return st || m->n_sample ? st : fov_photos_fail("measure", &why, err);
}

static fov_status reserve(fov_measure *m, fov_error *err)
{
    const size_t n = m->photos->count;
    m->truth = fov_calloc(n, sizeof *m->truth);
    m->n_truth = fov_calloc(n, sizeof *m->n_truth);
    m->failed = fov_calloc(n, sizeof *m->failed);
    m->sample = fov_calloc(SAMPLE_PHOTOS, sizeof *m->sample);
    m->sample_raw = fov_calloc(SAMPLE_PHOTOS, sizeof *m->sample_raw);
    m->sample_count = fov_calloc(SAMPLE_PHOTOS, sizeof *m->sample_count);
    const bool enough = m->truth && m->n_truth && m->failed && m->sample && m->sample_raw && m->sample_count;
    return enough ? FOV_OK : fov_fail_memory(err, "measuring");
}

fov_status fov_measure_begin(fov_measure *m, const fov_compile *compile, const fov_photo_source *photos, fov_error *err)
{
    fov_dtype *types = fov_alloc_array((size_t)compile->graph->n_node, sizeof *types);
    *m = (fov_measure){.photos = photos, .compile = compile};
    fov_status st = types ? reserve(m, err) : fov_fail_memory(err, "measuring");
    if (!st) {
        fov_compile_types(compile, FOV_PRECISION_FP32, types);
        st = fov_compile_trial(compile, types, &m->fp32, err);
    }
    if (!st) st = fov_detector_new(m->fp32, NULL, &m->detector, err);
    if (!st) st = take_samples(m, err);
    fov_free(types);
    if (st) fov_measure_end(m);
    return st;
}

void fov_measure_end(fov_measure *m)
{
    for (size_t i = 0; m->truth && i < m->photos->count; i++) fov_free(m->truth[i]);
    for (size_t i = 0; i < m->n_sample; i++) {
        fov_photo_free(m->sample[i]);
        fov_free(m->sample_raw[i]);
    }
    fov_free(m->truth);
    fov_free(m->n_truth);
    fov_free(m->failed);
    fov_free(m->sample);
    fov_free(m->sample_raw);
    fov_free(m->sample_count);
    fov_detector_free(m->detector);
    fov_engine_free(m->fp32);
    *m = (fov_measure){0};
}

/* ---------------------------------------------------------------- faces */

static fov_status find_truth(fov_measure *m, size_t index, const fov_image *image, fov_error *err)
{
    const fov_detect_options options = faces_options();
    fov_faces                faces;
    if (m->truth[index]) return FOV_OK;
    fov_status st = fov_detector_run(m->detector, image, &options, &faces, err);
    if (st) return st;
    m->truth[index] = fov_calloc(faces.count + 1, sizeof **m->truth);
    if (!m->truth[index]) return fov_fail_memory(err, "the faces of a photo");
    if (faces.count) memcpy(m->truth[index], faces.face, faces.count * sizeof **m->truth);
    m->n_truth[index] = faces.count;
    return FOV_OK;
}

static fov_status measure_photo(fov_measure *m, size_t index, fov_detector *detector, fov_agreement *agreement, fov_error *err)
{
    const fov_detect_options options = faces_options();
    fov_photo               *photo;
    fov_faces                faces;
    if (m->failed[index]) return FOV_OK;
    if (m->photos->load(m->photos->user, index, &photo, NULL)) {
        m->failed[index] = true;
        return FOV_OK;
    }
    const fov_image image = fov_photo_image(photo);
    fov_status      st = find_truth(m, index, &image, err);
    if (!st) st = fov_detector_run(detector, &image, &options, &faces, err);
    if (!st) st = fov_agreement_add(agreement, &(fov_faces){m->n_truth[index], m->truth[index]}, &faces, err);
    fov_photo_free(photo);
    return st;
}

fov_status fov_measure_faces(fov_measure *m, const fov_engine *engine, fov_agreement *agreement, fov_error *err)
{
    fov_detector *detector;
    *agreement = (fov_agreement){0};
    fov_status st = fov_detector_new(engine, NULL, &detector, err);
    for (size_t i = 0; i < m->photos->count && !st; i++) st = measure_photo(m, i, detector, agreement, err);
    fov_detector_free(detector);
    if (st) fov_agreement_clear(agreement);
    else fov_agreement_finish(agreement);
    return st;
}

/* ---------------------------------------------------------------- heads */

static double square_change(const float *a, const float *b, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)(a[i] - b[i]) * (double)(a[i] - b[i]);
    return sum;
}

/* `sum` and `weight` over the anchors of one photo. */
static void add_change(const float *truth, const fov_raw *raw, double *sum, double *weight)
{
    const float *boxes = truth, *scores = truth + 4 * raw->count, *landmarks = truth + 6 * raw->count;
    for (size_t i = 0; i < raw->count; i++) {
        const double w = (double)scores[2 * i + 1];
        const double score = square_change(scores + 2 * i + 1, raw->scores + 2 * i + 1, 1);
        *sum += w * (square_change(boxes + 4 * i, raw->boxes + 4 * i, 4) / 4 +
                     square_change(landmarks + 10 * i, raw->landmarks + 10 * i, 10) / 10 + score);
        *weight += w;
    }
}

/* Where the heads cannot be seen, the faces tell. */
static fov_status measure_loss(fov_measure *m, const fov_engine *engine, double *change, fov_error *err)
{
    fov_agreement agreement;
    fov_status    st = fov_measure_faces(m, engine, &agreement, err);
    if (st) return st;
    *change = agreement.loss > 0 ? agreement.loss : 0; /* below 0: a layer that cannot be in INT8 */
    fov_agreement_clear(&agreement);
    return FOV_OK;
}

fov_status fov_measure_heads(fov_measure *m, const fov_engine *engine, double *change, fov_error *err)
{
    if (gives_table(m)) return measure_loss(m, engine, change, err);
    const fov_detect_options options = sample_options();
    fov_detector            *detector;
    double                   sum = 0, weight = 1e-12;
    *change = 0;
    fov_status st = fov_detector_new(engine, NULL, &detector, err);
    for (size_t i = 0; i < m->n_sample && !st; i++) {
        const fov_image image = fov_photo_image(m->sample[i]);
        fov_raw         raw;
        st = fov_detector_raw(detector, &image, &options, &raw, err);
        if (!st) add_change(m->sample_raw[i], &raw, &sum, &weight);
    }
    fov_detector_free(detector);
    if (!st) *change = sum / weight;
    return st;
}
