// SPDX-License-Identifier: MIT
#include "export/export.h"

#include "base/alloc.h"
#include "base/text.h"

#include <string.h>
#include <strings.h>

enum { MAX_SETTINGS_BYTES = 1 << 16 };

#define FOV_EXPORTER(exporter) extern const fov_exporter exporter;
#include "export/exporters.def"
#undef FOV_EXPORTER

static const fov_exporter *const exporters[] = {
#define FOV_EXPORTER(exporter) &exporter,
#include "export/exporters.def"
#undef FOV_EXPORTER
};

enum { N_EXPORTERS = sizeof exporters / sizeof *exporters };

static const fov_exporter *find_by_ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    for (size_t i = 0; dot && i < N_EXPORTERS; i++)
        if (!strcasecmp(dot + 1, exporters[i]->format)) return exporters[i];
    return NULL;
}

static fov_status fail_ending(const char *path, fov_error *err)
{
    fov_text known = {0};
    for (size_t i = 0; i < N_EXPORTERS; i++) fov_text_print(&known, "%s.%s", i ? ", " : "", exporters[i]->format);
    fov_status st = fov_fail(err, FOV_ERR_ARGUMENT, "%s: the ending says which format to write; written are %s", path,
                             known.data ? known.data : "");
    fov_text_clear(&known);
    return st;
}

/* True when a settings file is there and says, read over `base`, something else than `settings`. */
static bool contradicts(const char *sidecar, const fov_settings *base, const fov_settings *settings)
{
    fov_buffer   file;
    fov_text     text = {0};
    fov_settings said = *base;
    if (!fov_file_exists(sidecar)) return false;
    if (fov_file_read(sidecar, MAX_SETTINGS_BYTES, &file, NULL)) return true;
    fov_text_add(&text, file.data, file.size);
    bool reads = text.data && !fov_settings_parse(&said, text.data, sidecar, NULL);
    fov_text_clear(&text);
    fov_buffer_clear(&file);
    return !reads || !fov_settings_equal(&said, settings);
}

/*
 * What an import of the new file will start from is its own settings, or the defaults where it carries none; the settings
 * file is laid over that. So one is needed where the model differs from the start, and one left from an earlier model must
 * not spoil this one.
 */
static fov_status write_settings(const struct fov_model *model, const char *path, bool carried, fov_error *err)
{
    const fov_settings start = carried ? model->settings : fov_settings_default();
    fov_text           sidecar = {0}, text = {0};
    fov_status         st = FOV_OK;
    fov_text_print(&sidecar, "%s.settings", path);
    if (sidecar.failed) {
        st = fov_fail_memory(err, "the name of the settings file");
    } else if (contradicts(sidecar.data, &start, &model->settings) ||
               (!fov_file_exists(sidecar.data) && !fov_settings_equal(&start, &model->settings))) {
        fov_settings_print(&model->settings, &text);
        st = text.failed ? fov_fail_memory(err, "the settings") : fov_file_write(sidecar.data, text.data, text.size, err);
    }
    fov_text_clear(&sidecar);
    fov_text_clear(&text);
    return st;
}

/* Settings first: a model without its settings would be silently wrong, settings without a model are not. */
fov_status fov_export(const struct fov_model *model, const char *path, fov_error *err)
{
    fov_buffer          out = {0};
    const fov_exporter *exporter = find_by_ending(path);
    if (!exporter) return fail_ending(path, err);
    fov_status st = exporter->export(model, &out, err);
    if (!st) st = write_settings(model, path, exporter->carries_settings, err);
    if (!st) st = fov_file_write(path, out.data, out.size, err);
    fov_buffer_clear(&out);
    return st;
}
