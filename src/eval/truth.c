// SPDX-License-Identifier: MIT
#include "eval/truth.h"

#include "base/alloc.h"
#include "base/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void fov_truth_wider_settings(fov_truth *truth)
{
    static const char *const names[FOV_TRUTH_MAX_SETTINGS] = {"easy", "medium", "hard"};
    memcpy(truth->setting, names, sizeof names);
    truth->settings = FOV_TRUTH_MAX_SETTINGS;
}

fov_truth_photo *fov_truth_add_photo(fov_truth *truth, const char *file)
{
    if (truth->count == truth->capacity) {
        size_t           capacity = truth->capacity ? 2 * truth->capacity : 64;
        fov_truth_photo *grown = fov_realloc_array(truth->photo, capacity, sizeof *grown);
        if (!grown) return NULL;
        truth->photo = grown;
        truth->capacity = capacity;
    }
    fov_truth_photo *photo = &truth->photo[truth->count];
    *photo = (fov_truth_photo){.file = fov_strdup(file)};
    if (!photo->file) return NULL;
    truth->count++;
    return photo;
}

static bool reserve_box(fov_truth_photo *photo)
{
    if (photo->count < photo->capacity) return true;
    size_t capacity = photo->capacity ? 2 * photo->capacity : 8;
    double(*box)[4] = fov_realloc_array(photo->box, capacity, sizeof *box);
    if (box) photo->box = box;
    uint8_t *listed = box ? fov_realloc_array(photo->listed, capacity, 1) : NULL;
    if (!listed) return false;
    photo->listed = listed;
    photo->capacity = capacity;
    return true;
}

fov_status fov_truth_add_box(fov_truth_photo *photo, const double box[4], const char *where, fov_error *err)
{
    for (int i = 0; i < 4; i++)
        if (!isfinite(box[i]) || fabs(box[i]) > 1e9 || (i > 1 && box[i] < 0))
            return fov_fail(err, FOV_ERR_FORMAT, "%s: photo '%s': box %zu is %g %g %g %g: x, y, width and height are expected",
                            where, photo->file, photo->count, box[0], box[1], box[2], box[3]);
    if (!reserve_box(photo)) return fov_fail_memory(err, "boxes of the ground truth");
    memcpy(photo->box[photo->count], box, sizeof *photo->box);
    photo->listed[photo->count++] = 0;
    return FOV_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names become paths below the folder of the photos, and of results that are written. */
static bool stays_below(const char *file)
{
    if (!*file || *file == '/') return false;
    for (const char *part = file; *part;) {
        size_t n = strcspn(part, "/");
        if (!n || (n <= 2 && !strncmp(part, "..", n))) return false;
        part += n + (part[n] == '/');
    }
    return true;
}

/* Are there photos, no two of the same name, and do names stay below the folder of the photos? */
static fov_status check(const fov_truth *truth, const char *path, fov_error *err)
{
    fov_status st = FOV_OK;
    if (!truth->count) return fov_fail(err, FOV_ERR_FORMAT, "%s: holds no photo", path);
    char **names = fov_alloc_array(truth->count, sizeof *names);
    if (!names) return fov_fail_memory(err, "names of the ground truth");
    for (size_t i = 0; i < truth->count; i++) names[i] = truth->photo[i].file;
    qsort(names, truth->count, sizeof *names, by_name);
    for (size_t i = 0; i < truth->count && !st; i++) {
        if (!stays_below(names[i]))
            st = fov_fail(err, FOV_ERR_FORMAT, "%s: photo '%s': a name below the folder of the photos is expected", path, names[i]);
        else if (i && !strcmp(names[i - 1], names[i]))
            st = fov_fail(err, FOV_ERR_FORMAT, "%s: photo '%s' is there twice", path, names[i]);
    }
    fov_free(names);
    return st;
}

static bool begins_with(const fov_buffer *file, const char *text)
{
    return file->size >= strlen(text) && !memcmp(file->data, text, strlen(text));
}

static bool is_json(const fov_buffer *file)
{
    size_t i = 0;
    while (i < file->size && strchr(" \t\r\n", (int)file->data[i])) i++;
    return i < file->size && strchr("[{", (int)file->data[i]);
}

static fov_status read_mat(const char *path, const fov_buffer *file, fov_truth *truth, fov_error *err)
{
#ifdef FOVEA_MATIO_SONAME
    return fov_truth_read_mat(path, file, truth, err);
#else
    (void)file;
    (void)truth;
    return fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: MATLAB files are read by libmatio, which this build was made without", path);
#endif
}

static fov_status read_file(const char *path, fov_truth *truth, fov_error *err)
{
    fov_buffer file = {0};
    fov_status st = fov_file_read(path, FOV_TRUTH_MAX_BYTES, &file, err);
    if (st) return st;
    if (begins_with(&file, "MATLAB 5.0")) st = read_mat(path, &file, truth, err);
    else if (begins_with(&file, "MATLAB"))
        st = fov_fail(err, FOV_ERR_UNSUPPORTED, "%s: a MATLAB file of another version than 5 to 7; save it with -v7", path);
    else if (is_json(&file)) st = fov_truth_read_json(path, &file, truth, err);
    else st = fov_truth_read_text(path, &file, truth, err);
    fov_buffer_clear(&file);
    return st ? st : check(truth, path, err);
}

/* A folder stands for the file that WIDER's tools look for in it. */
static fov_status read_path(const char *path, fov_truth *truth, fov_error *err)
{
    struct stat info;
    fov_text    inside = {0};
    if (stat(path, &info) || !S_ISDIR(info.st_mode)) return read_file(path, truth, err);
    fov_text_print(&inside, "%s/wider_face_val.mat", path);
    fov_status st = inside.failed ? fov_fail_memory(err, "a name") : read_file(inside.data, truth, err);
    fov_text_clear(&inside);
    return st;
}

fov_status fov_truth_load(const char *path, fov_truth **truth, fov_error *err)
{
    *truth = NULL;
    fov_truth *t = fov_calloc(1, sizeof *t);
    if (!t) return fov_fail_memory(err, "the ground truth");
    fov_status st = read_path(path, t, err);
    if (st) fov_truth_free(t);
    else *truth = t;
    return st;
}

size_t fov_truth_count(const fov_truth *truth)
{
    return truth->count;
}

const char *fov_truth_file(const fov_truth *truth, size_t index)
{
    return index < truth->count ? truth->photo[index].file : NULL;
}

void fov_truth_free(fov_truth *truth)
{
    if (!truth) return;
    for (size_t i = 0; i < truth->count; i++) {
        fov_free(truth->photo[i].file);
        fov_free(truth->photo[i].box);
        fov_free(truth->photo[i].listed);
    }
    fov_free(truth->photo);
    fov_free(truth);
}
