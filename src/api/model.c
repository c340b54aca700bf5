// SPDX-License-Identifier: MIT
/* Loading and saving of models: where the bytes and the settings come from. */
#include "api/model_file.h"

#include "api/bundled.h"
#include "base/text.h"
#include "engine_file/engine_file.h"
#include "export/export.h"
#include "import/import.h"

#include <string.h>

#define MAX_SETTINGS_BYTES ((size_t)64 << 10)

/* Check each text by itself, so that a message names the one that is wrong, then hand on both, the later one winning. */
static fov_status add_settings(fov_text *all, const char *text, const char *source, fov_error *err)
{
    fov_status st = fov_settings_check(text, source, err);
    if (!st) fov_text_print(all, "%s\n", text);
    return st;
}

/* MODEL.settings beside a model file; having none is normal. */
static fov_status add_sidecar(fov_text *all, const char *path, fov_error *err)
{
    fov_buffer file = {0};
    fov_text   name = {0}, text = {0};
    fov_status st = FOV_OK;

    fov_text_print(&name, "%s.settings", path);
    if (name.failed) {
        st = fov_fail_memory(err, "a file name");
        goto done;
    }
    if (!fov_file_exists(name.data)) goto done;
    if ((st = fov_file_read(name.data, MAX_SETTINGS_BYTES, &file, err))) goto done;
    if (memchr(file.data, '\0', file.size)) {
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: is not a text file; write lines of `key = value`", name.data);
        goto done;
    }
    fov_text_add(&text, file.data, file.size);
    st = text.failed ? fov_fail_memory(err, name.data) : add_settings(all, text.data, name.data, err);
done:
    fov_text_clear(&name);
    fov_text_clear(&text);
    fov_buffer_clear(&file);
    return st;
}

static fov_status import(const void *data, size_t bytes, const char *name, const char *sidecar_of, const fov_model_options *options,
                         fov_model **model, fov_error *err)
{
    static const fov_model_options none = {0};
    fov_text                       settings = {0};
    fov_status                     st = FOV_OK;
    *model = NULL;
    if (!options) options = &none;
    if (sidecar_of) st = add_sidecar(&settings, sidecar_of, err);
    if (!st && options->settings) st = add_settings(&settings, options->settings, "settings given as an option", err);
    if (!st && settings.failed) st = fov_fail_memory(err, "settings");
    if (!st) {
        const fov_plugin_set plugins = {options->plugins, options->n_plugin};
        const fov_source     source = {data, bytes, name, settings.data ? settings.data : "", plugins};
        st = fov_import(&source, model, err);
        if (!st && options->head_plugin) st = fov_model_decode_by_plugin(*model, plugins, options->head_plugin, err);
        if (st) fov_model_free(*model);
        if (st) *model = NULL;
    }
    fov_text_clear(&settings);
    return st;
}

fov_status fov_model_load_memory(const void *data, size_t bytes, const char *name, const fov_model_options *options,
                                 fov_model **model, fov_error *err)
{
    return import(data, bytes, name ? name : "model in memory", NULL, options, model, err);
}

bool fov_model_file_wanted(const unsigned char *start, size_t bytes)
{
    return fov_engine_file_recognise(start, bytes) || fov_import_recognises(start, bytes);
}

fov_status fov_model_from_file(const fov_buffer *file, const char *path, const fov_model_options *options, fov_model **model,
                               fov_error *err)
{
    const bool is_stdin = !strcmp(path, "-");
    return import(file->data, file->size, is_stdin ? "standard input" : path, is_stdin ? NULL : path, options, model, err);
}

fov_status fov_model_load(const char *path, const fov_model_options *options, fov_model **model, fov_error *err)
{
    fov_buffer file;
    *model = NULL;
    if (!strcmp(path, "default")) {
        const fov_bundled bundled = fov_bundled_model();
        return import(bundled.data, bundled.size, "default", NULL, options, model, err);
    }
    fov_status st = fov_file_read_if(path, fov_model_file_wanted, FOV_MAX_MODEL_BYTES, &file, err);
    if (!st) st = fov_model_from_file(&file, path, options, model, err);
    fov_buffer_clear(&file);
    return st;
}

fov_status fov_model_save(const fov_model *model, const char *path, fov_error *err)
{
    return fov_export(model, path, err);
}

const char *fov_model_warnings(const fov_model *model)
{
    return model->warnings ? model->warnings : "";
}
