// SPDX-License-Identifier: MIT
#include "import/import.h"

#include "base/alloc.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_SHOWN = 4 };

#define FOV_IMPORTER(importer) extern const fov_importer importer;
#include "import/importers.def"
#undef FOV_IMPORTER

static const fov_importer *const importers[] = {
#define FOV_IMPORTER(importer) &importer,
#include "import/importers.def"
#undef FOV_IMPORTER
};

enum { N_IMPORTERS = sizeof importers / sizeof *importers };

/* ---------------------------------------------------------------- files that are no model */

/* What people pass by mistake. */
static const struct signature {
    const char *bytes, *meaning;
} signatures[] = {
    {"\x89"
     "FOV",
     "an engine file of Fovea: detect, serve, inspect, verify, compare, eval and bench take it, and fov_engine_open()"},
    {"version https://git-lfs", "a Git LFS pointer: fetch the file itself with `git lfs pull`"},
    {"<", "an HTML or XML page: a download that went wrong?"},
    {"\xff\xd8\xff", "a JPEG picture"},
    {"\x89PNG", "a PNG picture"},
    {"RIFF", "a WebP picture or another RIFF file"},
    {"\x1f\x8b", "a gzip file: unpack it first"},
    {"\x89HDF", "an HDF5 file, such as Keras writes"},
    {"TFL3", "a TensorFlow Lite model"},
    {"7767517\n", "an ncnn .param file"},
    {"PK", "a zip archive"},
    {"{", "JSON text"},
};

static void describe_start(const fov_source *source, fov_text *text)
{
    if (!source->size) {
        fov_text_print(text, "it is empty");
        return;
    }
    for (size_t i = 0; i < sizeof signatures / sizeof *signatures; i++) {
        size_t length = strlen(signatures[i].bytes);
        if (source->size < length || memcmp(source->data, signatures[i].bytes, length) != 0) continue;
        fov_text_print(text, "it looks like %s", signatures[i].meaning);
        return;
    }
    fov_text_print(text, "it starts with the bytes");
    for (size_t i = 0; i < source->size && i < 8; i++) fov_text_print(text, " %02x", source->data[i]);
}

static fov_status fail_unrecognised(const fov_source *source, fov_error *err)
{
    fov_text start = {0}, formats = {0};
    describe_start(source, &start);
    for (size_t i = 0; i < N_IMPORTERS; i++) fov_text_print(&formats, "%s.%s", i ? ", " : "", importers[i]->format);
    fov_status st = fov_fail(err, FOV_ERR_FORMAT, "%s: not a model: %s. Models are recognised by content; read are %s",
                             source->name, start.data ? start.data : "", formats.data ? formats.data : "");
    fov_text_clear(&start);
    fov_text_clear(&formats);
    return st;
}

bool fov_import_recognises(const unsigned char *start, size_t bytes)
{
    const fov_source source = {.data = start, .size = bytes};
    for (size_t i = 0; i < N_IMPORTERS; i++)
        if (importers[i]->recognise(&source)) return true;
    return false;
}

fov_status fov_import(const fov_source *source, struct fov_model **model, fov_error *err)
{
    *model = NULL;
    for (size_t i = 0; i < N_IMPORTERS; i++) {
        if (!importers[i]->recognise(source)) continue;
        struct fov_model *m = fov_model_new(source->name, importers[i]->format);
        if (!m) return fov_fail_memory(err, "a model");
        fov_status st = importers[i]->import(source, m, err);
        if (st) fov_model_free(m);
        else *model = m;
        return st;
    }
    return fail_unrecognised(source, err);
}

/* ---------------------------------------------------------------- bare weights */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(const fov_weight *const *)a)->name, (*(const fov_weight *const *)b)->name);
}

static fov_status check_unique(const fov_weights *weights, const char *source, fov_error *err)
{
    fov_status         st = FOV_OK;
    const fov_weight **sorted = fov_alloc_array(weights->count, sizeof *sorted);
    if (!sorted) return fov_fail_memory(err, "the list of tensors");
    for (size_t i = 0; i < weights->count; i++) sorted[i] = &weights->item[i];
    qsort(sorted, weights->count, sizeof *sorted, by_name);
    for (size_t i = 1; i < weights->count && !st; i++)
        if (!by_name(&sorted[i - 1], &sorted[i])) {
            long a = (long)(sorted[i - 1] - weights->item) + 1, b = (long)(sorted[i] - weights->item) + 1;
            st = fov_fail(err, FOV_ERR_FORMAT, "%s: tensors %ld and %ld have the same name '%.200s'", source, a < b ? a : b,
                          a < b ? b : a, sorted[i]->name);
        }
    fov_free(sorted);
    return st;
}

static bool all_finite(const float *data, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &data[i], sizeof bits);
        finite &= (bits & 0x7f800000U) != 0x7f800000U;
    }
    return finite;
}

fov_status fov_import_warn_non_finite(struct fov_model *model, fov_error *err)
{
    fov_text   names = {0};
    size_t     found = 0, count = 0;
    fov_status st = FOV_OK;
    for (int i = 0; i < model->graph->n_value; i++) {
        const fov_value *value = &model->graph->value[i];
        if (!value->data || value->dtype != FOV_F32 || !fov_shape_count(&value->shape, &count) || all_finite(value->data, count))
            continue;
        if (found++ < NAMES_SHOWN)
            fov_text_print(&names, "%s%.100s", found > 1 ? ", " : "", value->origin ? value->origin : value->name);
    }
    if (found)
        st = fov_model_warn(model, err, "%zu tensors hold infinities or NaN, so the network's answers will be useless: %s%s", found,
                            names.data ? names.data : "", found > NAMES_SHOWN ? ", ..." : "");
    fov_text_clear(&names);
    return st;
}

fov_status fov_import_settings(const fov_source *source, const char *carried, fov_settings *settings, fov_error *err)
{
    fov_text   place = {0};
    fov_status st = FOV_OK;
    fov_text_print(&place, "settings inside %s", source->name);
    if (carried) st = fov_settings_parse(settings, carried, place.data ? place.data : source->name, err);
    fov_text_clear(&place);
    fov_text_print(&place, "settings for %s", source->name);
    if (!st && source->settings) st = fov_settings_parse(settings, source->settings, place.data ? place.data : source->name, err);
    fov_text_clear(&place);
    return st;
}

fov_status fov_import_weights(const fov_source *source, const char *carried, fov_weights *weights, struct fov_model *model,
                              fov_error *err)
{
    fov_status st;
    if ((st = fov_import_settings(source, carried, &model->settings, err))) return st;
    if ((st = check_unique(weights, source->name, err))) return st;
    if ((st = fov_family_build(model, weights, err))) return st;
    return fov_import_warn_non_finite(model, err);
}
