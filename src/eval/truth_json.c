// SPDX-License-Identifier: MIT
/* Ground truth as JSON: [{"file", "width", "height", "boxes": [[x, y, w, h]..], "easy": [index..], "medium": [..], "hard":
 * [..]}..]. Width and height may be left out. */
#include "eval/truth.h"

#include <jansson.h>

typedef struct reader {
    const char *path;
    fov_error  *err;
} reader;

static fov_status read_box(const reader *r, const json_t *from, fov_truth_photo *photo)
{
    double box[4];
    if (json_array_size(from) != 4)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: photo '%s': box %zu is not [x, y, width, height]", r->path, photo->file,
                        photo->count);
    for (size_t i = 0; i < 4; i++) {
        const json_t *number = json_array_get(from, i);
        if (!json_is_number(number))
            return fov_fail(r->err, FOV_ERR_FORMAT, "%s: photo '%s': box %zu holds something that is not a number", r->path,
                            photo->file, photo->count);
        box[i] = json_number_value(number);
    }
    return fov_truth_add_box(photo, box, r->path, r->err);
}

static fov_status read_boxes(const reader *r, const json_t *from, fov_truth_photo *photo)
{
    fov_status st = FOV_OK;
    size_t     i;
    json_t    *box;
    if (!json_is_array(from))
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: photo '%s': \"boxes\" is missing or no list", r->path, photo->file);
    json_array_foreach(from, i, box) if ((st = read_box(r, box, photo))) break;
    return st;
}

static fov_status read_list(const reader *r, const json_t *from, const char *name, int setting, fov_truth_photo *photo)
{
    size_t  i;
    json_t *index;
    if (!json_is_array(from))
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: photo '%s': \"%s\" is missing or no list", r->path, photo->file, name);
    json_array_foreach(from, i, index)
    {
        json_int_t b = json_is_integer(index) ? json_integer_value(index) : -1;
        if (b < 0 || (size_t)b >= photo->count)
            return fov_fail(r->err, FOV_ERR_FORMAT,
                            "%s: photo '%s': entry %zu of \"%s\" is no index of its %zu boxes (0 is the first)", r->path,
                            photo->file, i, name, photo->count);
        photo->listed[b] |= (uint8_t)(1U << setting);
    }
    return FOV_OK;
}

static fov_status read_side(const reader *r, const json_t *from, const char *name, const char *file, int *side)
{
    const json_t *value = json_object_get(from, name);
    if (!value) return FOV_OK;
    json_int_t pixels = json_is_integer(value) ? json_integer_value(value) : 0;
    if (pixels < 1 || pixels > INT32_MAX)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: photo '%s': \"%s\" is not a number of pixels", r->path, file, name);
    *side = (int)pixels;
    return FOV_OK;
}

static fov_status read_photo(const reader *r, const json_t *from, size_t index, fov_truth *truth)
{
    const char *file = json_string_value(json_object_get(from, "file"));
    fov_status  st;
    if (!file)
        return fov_fail(r->err, FOV_ERR_FORMAT, "%s: entry %zu is no object with a \"file\" (a name, as text)", r->path, index);
    fov_truth_photo *photo = fov_truth_add_photo(truth, file);
    if (!photo) return fov_fail_memory(r->err, "the ground truth");
    if ((st = read_side(r, from, "width", file, &photo->width))) return st;
    if ((st = read_side(r, from, "height", file, &photo->height))) return st;
    if ((st = read_boxes(r, json_object_get(from, "boxes"), photo))) return st;
    for (int s = 0; s < truth->settings && !st; s++)
        st = read_list(r, json_object_get(from, truth->setting[s]), truth->setting[s], s, photo);
    return st;
}

fov_status fov_truth_read_json(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err)
{
    const reader r = {path, err};
    json_error_t where;
    size_t       i;
    json_t      *photo, *root = json_loadb((const char *)file->data, file->size, JSON_REJECT_DUPLICATES, &where);
    fov_status   st = FOV_OK;
    fov_truth_wider_settings(truth);
    if (!root) return fov_fail(err, FOV_ERR_FORMAT, "%s: line %d: %s", path, where.line, where.text);
    if (!json_is_array(root))
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: a list with an entry for each photo is expected (docs/evaluate.md)", path);
    else json_array_foreach(root, i, photo) if ((st = read_photo(&r, photo, i, truth))) break;
    json_decref(root);
    return st;
}
