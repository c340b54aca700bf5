// SPDX-License-Identifier: MIT
/* The files of WIDER FACE's evaluation tools. wider_face_val.mat has, for each event, its name (event_list), the names of its
 * photos without their ending (file_list) and their faces, a row x, y, width, height each (face_bbx_list). Beside it
 * wider_easy_val.mat and its like have, in the same order, the numbers of the faces that count (gt_list), 1 for the first. */
#include "base/text.h"
#include "eval/mat/mat_file.h"
#include "eval/truth.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NAME = 1024 };

typedef struct reader {
    const char *path;
    fov_truth  *truth;
    fov_error  *err;
} reader;

static fov_status unexpected(const reader *r, const char *variable, size_t event, const char *what)
{
    return fov_fail(r->err, FOV_ERR_FORMAT, "%s: %s, event %zu: %s", r->path, variable, event + 1, what);
}

static fov_status read_faces(const reader *r, const fov_mat_value *faces, fov_truth_photo *photo)
{
    const size_t count = fov_mat_count(faces), rows = count ? fov_mat_rows(faces) : 0;
    fov_status   st = FOV_OK;
    if (rows * 4 != count)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: face_bbx_list: photo '%s': rows of four numbers are expected", r->path,
                        photo->file);
    for (size_t i = 0; i < rows && !st; i++) {
        double box[4];
        for (size_t c = 0; c < 4; c++)
            if (!fov_mat_number(faces, c * rows + i, &box[c])) box[c] = NAN;
        st = fov_truth_add_box(photo, box, r->path, r->err);
    }
    return st;
}

static fov_status read_event(const reader *r, size_t index, const fov_mat_value *name, const fov_mat_value *files,
                             const fov_mat_value *faces)
{
    char       event[MAX_NAME], photo[MAX_NAME], file[2 * MAX_NAME + 8];
    fov_status st = FOV_OK;
    if (!name || !fov_mat_text(name, event, sizeof event)) return unexpected(r, "event_list", index, "a name is expected");
    if (!files || !faces || fov_mat_count(files) != fov_mat_count(faces))
        return unexpected(r, "face_bbx_list", index, "as many entries as file_list has are expected");
    for (size_t i = 0; i < fov_mat_count(files) && !st; i++) {
        const fov_mat_value *text = fov_mat_cell(files, i), *boxes = fov_mat_cell(faces, i);
        if (!text || !fov_mat_text(text, photo, sizeof photo)) return unexpected(r, "file_list", index, "names are expected");
        if (!boxes) return unexpected(r, "face_bbx_list", index, "a list for each photo is expected");
        snprintf(file, sizeof file, "%s/%s.jpg", event, photo);
        fov_truth_photo *added = fov_truth_add_photo(r->truth, file);
        st = added ? read_faces(r, boxes, added) : fov_fail_memory(r->err, "the ground truth");
    }
    return st;
}

static fov_status read_photos(const reader *r, fov_mat *mat)
{
    const fov_mat_value *events, *files, *faces;
    fov_status           st;
    if ((st = fov_mat_get(mat, "event_list", &events, r->err)) || (st = fov_mat_get(mat, "file_list", &files, r->err)) ||
        (st = fov_mat_get(mat, "face_bbx_list", &faces, r->err)))
        return st;
    if (fov_mat_count(files) != fov_mat_count(events) || fov_mat_count(faces) != fov_mat_count(events))
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: event_list, file_list and face_bbx_list have %zu, %zu and %zu entries",
                        r->path, fov_mat_count(events), fov_mat_count(files), fov_mat_count(faces));
    for (size_t e = 0; e < fov_mat_count(events) && !st; e++)
        st = read_event(r, e, fov_mat_cell(events, e), fov_mat_cell(files, e), fov_mat_cell(faces, e));
    return st;
}

static fov_status mark(const reader *r, const fov_mat_value *list, int setting, fov_truth_photo *photo)
{
    for (size_t i = 0; i < fov_mat_count(list); i++) {
        double number;
        if (!fov_mat_number(list, i, &number) || !(number >= 1 && number <= (double)photo->count) || floor(number) < number)
            return fov_fail(r->err, FOV_ERR_FORMAT, "%s: gt_list: photo '%s': entry %zu is no number from 1 to %zu, of its faces",
                            r->path, photo->file, i + 1, photo->count);
        photo->listed[(size_t)number - 1] |= (uint8_t)(1U << setting);
    }
    return FOV_OK;
}

static fov_status read_lists(const reader *r, fov_mat *mat, int setting)
{
    const fov_mat_value *events;
    size_t               next = 0;
    fov_status           st = fov_mat_get(mat, "gt_list", &events, r->err);
    for (size_t e = 0; !st && e < fov_mat_count(events); e++) {
        const fov_mat_value *photos = fov_mat_cell(events, e);
        if (!photos) return unexpected(r, "gt_list", e, "a list is expected");
        for (size_t p = 0; p < fov_mat_count(photos) && !st; p++, next++) {
            const fov_mat_value *list = fov_mat_cell(photos, p);
            if (!list) return unexpected(r, "gt_list", e, "a list for each photo is expected");
            if (next < r->truth->count) st = mark(r, list, setting, &r->truth->photo[next]);
        }
    }
    if (!st && next != r->truth->count)
        st = fov_fail(r->err, FOV_ERR_FORMAT, "%s: gt_list is for %zu photos, but wider_face_val.mat beside it has %zu", r->path,
                      next, r->truth->count);
    return st;
}

static fov_status open_beside(const char *path, fov_mat **mat, fov_error *err)
{
    fov_buffer file;
    if (!fov_file_exists(path))
        return fov_fail(err, FOV_ERR_IO, "%s: cannot be read; WIDER FACE's evaluation tools have it beside wider_face_val.mat",
                        path);
    fov_status st = fov_file_read(path, FOV_TRUTH_MAX_BYTES, &file, err);
    if (st) return st;
    st = fov_mat_open(path, &file, mat, err);
    fov_buffer_clear(&file);
    return st;
}

static fov_status read_setting(const char *path, int setting, fov_truth *truth, fov_error *err)
{
    const char *slash = strrchr(path, '/');
    fov_text    beside = {0};
    fov_mat    *mat = NULL;
    fov_text_add(&beside, path, slash ? (size_t)(slash + 1 - path) : 0);
    fov_text_print(&beside, "wider_%s_val.mat", truth->setting[setting]);
    const reader r = {beside.data, truth, err};
    fov_status   st = beside.failed ? fov_fail_memory(err, "a name") : FOV_OK;
    if (!st) st = open_beside(beside.data, &mat, err);
    if (!st) st = read_lists(&r, mat, setting);
    fov_mat_close(mat);
    fov_text_clear(&beside);
    return st;
}

fov_status fov_truth_read_mat(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err)
{
    const reader r = {path, truth, err};
    fov_mat     *mat = NULL;
    fov_status   st = fov_mat_open(path, file, &mat, err);
    fov_truth_wider_settings(truth);
    if (!st) st = read_photos(&r, mat);
    fov_mat_close(mat);
    for (int s = 0; s < truth->settings && !st; s++) st = read_setting(path, s, truth, err);
    return st;
}
