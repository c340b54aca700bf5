// SPDX-License-Identifier: MIT
/* Engines side by side on the photos of a ground truth. */
#include "eval/evaluate.h"

#include "base/alloc.h"
#include "base/file.h"
#include "base/text.h"
#include "eval/results.h"

#include <string.h>

fov_detect_options fov_detect_options_wider(void)
{
    fov_detect_options o = fov_detect_options_default();
    o.resize = FOV_RESIZE_NATIVE;
    o.score_threshold = 0.02F;
    o.nms_iou = 0.4F;
    o.pre_nms_top_k = 5000;
    o.max_faces = 750;
    return o;
}

typedef struct contest {
    const fov_entrant   *entrant;
    size_t               count;
    const fov_truth     *truth;
    const char          *images;
    fov_evaluate_options options;
    fov_detect_options   detect;
    fov_detector       **detector; /* [count]                 */
    fov_hits           **hits;     /* [count][truth->count]   */
    fov_evaluation      *evaluation;
    size_t               done;
} contest;

/* The path of a photo that is there, else NULL. @param memory out: false when there was none */
static char *photo_path(const char *images, const char *file, bool *memory)
{
    const char *slash = strrchr(file, '/');
    const char *names[2] = {file, slash ? slash + 1 : NULL};
    *memory = true;
    for (int i = 0; i < 2 && names[i]; i++) {
        fov_text text = {0};
        fov_text_print(&text, "%s/%s", images, names[i]);
        char *path = fov_text_take(&text);
        if (!path) {
            *memory = false;
            return NULL;
        }
        if (fov_file_exists(path)) return path;
        fov_free(path);
    }
    return NULL;
}

/* Before the work begins: a name that is wrong should not be found out after an hour. */
static fov_status find_photos(contest *c, fov_error *err)
{
    for (size_t p = 0; p < c->truth->count; p++) {
        const char *file = c->truth->photo[p].file;
        bool        memory;
        char       *path = photo_path(c->images, file, &memory);
        if (!memory) return fov_fail_memory(err, "the path of a photo");
        if (!path && !c->options.skip_missing)
            return fov_fail(err, FOV_ERR_IO,
                            "%s/%s: the ground truth has this photo, but it cannot be read; --skip-missing leaves such "
                            "photos out, with their faces",
                            c->images, file);
        for (size_t e = 0; e < c->count; e++) c->hits[e][p].left_out = !path;
        if (!path) c->evaluation->missing++;
        else c->evaluation->photos++;
        fov_free(path);
    }
    if (!c->evaluation->photos)
        return fov_fail(err, FOV_ERR_IO, "%s: none of the ground truth's photos is in this folder", c->images);
    return FOV_OK;
}

static fov_status keep_hits(const fov_faces *faces, fov_hits *hits, fov_error *err)
{
    hits->hit = fov_alloc_array(faces->count, sizeof *hits->hit);
    if (!hits->hit) return fov_fail_memory(err, "what was found");
    hits->count = faces->count;
    for (size_t i = 0; i < faces->count; i++) {
        memcpy(hits->hit[i].box, faces->face[i].box, sizeof hits->hit[i].box);
        hits->hit[i].score = faces->face[i].score;
    }
    return FOV_OK;
}

static fov_status run_engine(contest *c, size_t e, size_t p, const fov_photo *photo, fov_error *err)
{
    const char    *file = c->truth->photo[p].file, *name = c->entrant[e].name;
    fov_evaluated *result = &c->evaluation->engine[e];
    fov_hits      *hits = &c->hits[e][p];
    fov_faces      faces;
    fov_status     st;
    if (c->options.progress && !c->options.progress(c->options.progress_user, name, c->done, c->count * c->evaluation->photos))
        return fov_fail(err, FOV_ERR_CANCELLED, "the evaluation was stopped after %zu photos", c->done / c->count);
    if ((st = fov_detector_run_photo(c->detector[e], photo, &c->detect, &faces, err))) return st;
    if ((st = keep_hits(&faces, hits, err))) return st;
    fov_timing t = fov_detector_timing(c->detector[e]);
    result->seconds += t.preprocess_s + t.network_s + t.postprocess_s;
    result->detections += faces.count;
    c->done++;
    if (!c->options.detections) return FOV_OK;
    return fov_results_write(c->options.detections, c->count > 1 ? name : NULL, file, hits, err);
}

static fov_status check_size(const contest *c, size_t p, const char *path, const fov_photo *photo, fov_error *err)
{
    const fov_truth_photo *truth = &c->truth->photo[p];
    const int              width = fov_photo_width(photo), height = fov_photo_height(photo);
    if ((!truth->width || truth->width == width) && (!truth->height || truth->height == height)) return FOV_OK;
    return fov_fail(err, FOV_ERR_FORMAT, "%s: is %d x %d, but the ground truth's boxes are for %d x %d", path, width, height,
                    truth->width, truth->height);
}

/* WIDER's boxes belong to the pixels as stored. */
static fov_status run_photo(contest *c, size_t p, fov_error *err)
{
    fov_photo_options as_stored = {.keep_orientation = true};
    fov_photo        *photo = NULL;
    bool              memory;
    char             *path = photo_path(c->images, c->truth->photo[p].file, &memory);
    fov_status        st;
    if (!path && memory) return fov_fail(err, FOV_ERR_IO, "%s/%s: is gone", c->images, c->truth->photo[p].file);
    if (!path) return fov_fail_memory(err, "the path of a photo");
    fov_photo_options_fit(&as_stored, &c->detect);
    if (!(st = fov_photo_load(path, &as_stored, &photo, err))) st = check_size(c, p, path, photo, err);
    for (size_t e = 0; e < c->count && !st; e++) st = run_engine(c, e, p, photo, err);
    fov_photo_free(photo);
    fov_free(path);
    return st;
}

static fov_status prepare(contest *c, fov_error *err)
{
    fov_evaluation *out = c->evaluation = fov_calloc(1, sizeof *out);
    fov_status      st = FOV_OK;
    c->detector = fov_calloc(c->count, sizeof *c->detector);
    c->hits = fov_calloc(c->count, sizeof *c->hits);
    if (out) out->engine = fov_calloc(c->count, sizeof *out->engine);
    if (!out || !c->detector || !c->hits || !out->engine) return fov_fail_memory(err, "an evaluation");
    out->count = c->count;
    out->settings = c->truth->settings;
    memcpy(out->setting, c->truth->setting, sizeof out->setting);
    for (size_t e = 0; e < c->count && !st; e++) {
        const fov_entrant *in = &c->entrant[e];
        c->hits[e] = fov_calloc(c->truth->count, sizeof **c->hits);
        out->engine[e] = (fov_evaluated){.name = fov_strdup(in->name)};
        if (!c->hits[e] || !out->engine[e].name) return fov_fail_memory(err, "an evaluation");
        st = fov_detector_new(in->engine, &(fov_detector_options){.threads = c->options.threads}, &c->detector[e], err);
    }
    return st;
}

static fov_status run_all(contest *c, fov_error *err)
{
    fov_status st = prepare(c, err);
    if (!st) st = find_photos(c, err);
    for (size_t p = 0; p < c->truth->count && !st; p++)
        if (!c->hits[0][p].left_out) st = run_photo(c, p, err);
    for (size_t e = 0; e < c->count && !st; e++) st = fov_wider_measure(c->truth, c->hits[e], c->evaluation->engine[e].curve, err);
    return st;
}

static void release(contest *c)
{
    for (size_t e = 0; e < c->count; e++) {
        if (c->detector) fov_detector_free(c->detector[e]);
        for (size_t p = 0; c->hits && c->hits[e] && p < c->truth->count; p++) fov_free(c->hits[e][p].hit);
        if (c->hits) fov_free(c->hits[e]);
    }
    fov_free(c->detector);
    fov_free(c->hits);
    fov_evaluation_free(c->evaluation);
}

fov_status fov_evaluate(const fov_entrant *entrants, size_t count, const fov_truth *truth, const char *images,
                        const fov_evaluate_options *options, fov_evaluation **evaluation, fov_error *err)
{
    contest c = {.entrant = entrants, .count = count, .truth = truth, .images = images};
    *evaluation = NULL;
    if (!count) return fov_fail(err, FOV_ERR_ARGUMENT, "an evaluation needs an engine");
    if (options) c.options = *options;
    c.detect = c.options.detect ? *c.options.detect : fov_detect_options_wider();
    fov_status st = run_all(&c, err);
    if (!st) {
        *evaluation = c.evaluation;
        c.evaluation = NULL;
    }
    release(&c);
    return st;
}
