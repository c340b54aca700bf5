// SPDX-License-Identifier: MIT
#include "photo_work.h"

#include "clock.h"
#include "input_size.h"

#include <stdlib.h>
#include <string.h>

enum { JPEG_QUALITY = 90 };

typedef struct work {
    const srv_config *config;
    fov_detector     *detector;
    srv_task         *task[SRV_MAX_BATCH];  /* those that did not fail so far */
    fov_photo        *photo[SRV_MAX_BATCH]; /* NULL: the task has pixels */
    size_t            count;
} work;

static void fail(srv_task *t, fov_status status)
{
    t->status = status;
    t->err.code = status;
}

/* ---------------------------------------------------------------- decoding */

static fov_status decode(const srv_task *t, const srv_config *config, fov_photo **photo, fov_error *err)
{
    fov_photo_options options = {.max_pixels = config->photo_pixels};
    if (t->job->drawing == SRV_DRAW_NOTHING) fov_photo_options_fit(&options, &t->job->detect);
    return fov_photo_decode(t->data, t->bytes, t->name, &options, photo, err);
}

/* Decoded and within the limits, the task is one of the work's. */
static void admit(work *w, srv_task *t)
{
    fov_photo   *photo = NULL;
    const double start = cli_now_s();
    fov_status   st = t->data ? decode(t, w->config, &photo, &t->err) : FOV_OK;
    t->times.decode_s = cli_now_s() - start;
    if (!st) {
        t->width = photo ? fov_photo_width(photo) : t->pixels.width;
        t->height = photo ? fov_photo_height(photo) : t->pixels.height;
        const srv_input_limit most = {w->config->input_pixels, "--max-input"};
        st = srv_input_check(&t->job->detect, t->width, t->height, most, &t->err);
    }
    if (!st) {
        w->task[w->count] = t;
        w->photo[w->count++] = photo;
        return;
    }
    fov_photo_free(photo);
    fail(t, st);
}

/* ---------------------------------------------------------------- finding */

static fov_status keep_faces(srv_task *t, const fov_faces *faces)
{
    t->face = malloc((faces->count ? faces->count : 1) * sizeof *t->face);
    if (!t->face) {
        snprintf(t->err.message, sizeof t->err.message, "%s: no memory for %zu faces", t->name, faces->count);
        return FOV_ERR_MEMORY;
    }
    if (faces->count) memcpy(t->face, faces->face, faces->count * sizeof *t->face);
    t->faces = faces->count;
    return FOV_OK;
}

static void keep_times(srv_task *t, const fov_detector *detector, size_t pass)
{
    const fov_timing timing = fov_detector_timing(detector);
    t->times.preprocess_s = timing.preprocess_s;
    t->times.network_s = timing.network_s;
    t->times.postprocess_s = timing.postprocess_s;
    t->pass = pass;
}

static void run_one(work *w, size_t i)
{
    srv_task  *t = w->task[i];
    fov_faces  faces;
    fov_status st = w->photo[i] ? fov_detector_run_photo(w->detector, w->photo[i], &t->job->detect, &faces, &t->err)
                                : fov_detector_run(w->detector, &t->pixels, &t->job->detect, &faces, &t->err);
    if (!st) st = keep_faces(t, &faces);
    if (st) fail(t, st);
    else keep_times(t, w->detector, 1);
}

/* A photo that was decoded smaller is told in its full pixels only when it runs by itself. */
static bool is_full(const fov_photo *photo)
{
    return !photo || fov_photo_image(photo).width == fov_photo_width(photo);
}

static fov_image image_of(const work *w, size_t i)
{
    return w->photo[i] ? fov_photo_image(w->photo[i]) : w->task[i]->pixels;
}

/* When one of a pass fails, all do: each then gets a pass of its own, so that only the culprit's fails. */
static void run_together(work *w, const size_t *index, size_t count)
{
    fov_image image[SRV_MAX_BATCH];
    fov_faces faces[SRV_MAX_BATCH];
    for (size_t i = 0; i < count; i++) image[i] = image_of(w, index[i]);
    const fov_status st =
        count > 1 ? fov_detector_run_batch(w->detector, image, count, &w->task[0]->job->detect, faces, NULL) : FOV_ERR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        srv_task *t = w->task[index[i]];
        if (st) run_one(w, index[i]);
        else if ((t->status = keep_faces(t, faces + i))) fail(t, t->status);
        else keep_times(t, w->detector, count);
    }
}

static void run_all(work *w)
{
    size_t index[SRV_MAX_BATCH], count = 0;
    for (size_t i = 0; i < w->count; i++)
        if (is_full(w->photo[i])) index[count++] = i;
        else run_one(w, i);
    if (count) run_together(w, index, count);
}

/* ---------------------------------------------------------------- drawing */

static void keep_within_budget(srv_task *t)
{
    t->picture_free = fov_data_free;
    if (!t->job->budget || srv_budget_take(t->job->budget, t->picture_bytes)) return;
    srv_task_no_room(t, t->picture_bytes);
    fov_data_free(t->picture);
    t->picture = NULL;
    t->picture_bytes = 0;
}

static void draw(srv_task *t, fov_photo *photo)
{
    const fov_faces faces = {t->faces, t->face};
    const bool      jpeg = t->job->drawing == SRV_DRAW_JPEG;
    fov_status      st = fov_faces_draw(&faces, photo, &t->err);
    if (!st) {
        const fov_image image = fov_photo_image(photo);
        st = fov_image_encode(&image, jpeg ? FOV_PICTURE_JPEG : FOV_PICTURE_PNG, JPEG_QUALITY, &t->picture, &t->picture_bytes,
                              &t->err);
    }
    if (st) fail(t, st);
    else keep_within_budget(t);
}

/* ---------------------------------------------------------------- all of it */

static void detect(work *w, bool alone)
{
    srv_engines *engines = srv_model_engines(w->task[0]->job->model);
    srv_loan     loan;
    fov_error    err = {0};
    fov_status   st = srv_engines_borrow(engines, alone, &loan, &err);
    for (size_t i = 0; st && i < w->count; i++) {
        w->task[i]->err = err;
        fail(w->task[i], st);
    }
    if (st) return;
    w->detector = loan.detector;
    run_all(w);
    srv_engines_give_back(engines, &loan);
}

void srv_photo_work(srv_task *const *task, size_t count, bool alone, const srv_config *config)
{
    work w = {.config = config};
    for (size_t i = 0; i < count; i++) admit(&w, task[i]);
    if (w.count) detect(&w, alone);
    for (size_t i = 0; i < w.count; i++) {
        if (w.task[i]->job->drawing != SRV_DRAW_NOTHING && !w.task[i]->status && w.photo[i]) draw(w.task[i], w.photo[i]);
        fov_photo_free(w.photo[i]);
    }
}
