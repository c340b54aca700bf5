// SPDX-License-Identifier: MIT
/* The JSON sections: meta and certificate. */
#include "engine_file/content.h"

#include "base/alloc.h"
#include "base/json.h"

#include <stdio.h>

/* ---------------------------------------------------------------- writing */

static json_t *passes_json(const fov_engine *engine)
{
    json_t *array = json_array();
    for (int i = 0; i < FOV_PASS_COUNT; i++)
        if (engine->passes[i].name)
            fov_json_add(&array, json_pack("{s:s, s:i}", "name", engine->passes[i].name, "count", engine->passes[i].count));
    return array;
}

void fov_meta_section_write(const fov_engine *engine, fov_text *to)
{
    fov_text settings = {0};
    fov_settings_print(&engine->settings, &settings);
    json_t *json =
        json_pack("{s:s, s:s, s:o, s:s, s:o}", "fovea", fov_version(), "precision", fov_precision_name(engine->precision), "source",
                  fov_json_name(engine->source), "settings", settings.data ? settings.data : "", "passes", passes_json(engine));
    char *text = fov_json_take(json);
    if (text) fov_text_add(to, text, strlen(text));
    if (!text || settings.failed) to->failed = true;
    fov_free(text);
    fov_text_clear(&settings);
}

/* ---------------------------------------------------------------- reading */

/* JSON grows up to 80-fold when parsed. Ten thousand layers with their reasons take less of a certificate. */
enum { MAX_META_BYTES = 1 << 20, MAX_CERTIFICATE_BYTES = 16000000 };

/* @return NULL, and err is set */
static json_t *parse(const fov_place *place, const fov_bytes *in, size_t most)
{
    json_error_t error;
    if (in->size > most) {
        fov_place_fail(place, "has %zu bytes, the most is %zu", in->size, most);
        return NULL;
    }
    json_t *json = json_loadb((const char *)in->data, in->size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(json)) return json;
    if (json) fov_place_fail(place, "is not a JSON object");
    else fov_place_fail(place, "is not JSON: line %d: %s", error.line, error.text);
    json_decref(json);
    return NULL;
}

/* A pass that this release does not know is not counted: it was run, that is all. */
static void read_passes(const json_t *array, fov_pass_count *passes)
{
    static const char *const names[FOV_PASS_COUNT] = {
#define FOV_PASS(name) #name,
#include "graph/passes.def"
#undef FOV_PASS
    };
    for (int i = 0; i < FOV_PASS_COUNT; i++) {
        size_t  k;
        json_t *item;
        passes[i] = (fov_pass_count){names[i], 0};
        json_array_foreach(array, k, item)
        {
            const char *name = json_string_value(json_object_get(item, "name"));
            json_int_t  count = json_integer_value(json_object_get(item, "count"));
            if (name && !strcmp(name, names[i]) && count >= 0 && count <= INT32_MAX) passes[i].count = (int)count;
        }
    }
}

static fov_status read_settings(const fov_place *place, const json_t *json, fov_settings *settings)
{
    char        where[256];
    const char *text = json_string_value(json_object_get(json, "settings"));
    if (!text) return fov_place_fail(place, "it has no settings");
    snprintf(where, sizeof where, "%.200s: settings", place->file);
    *settings = fov_settings_default();
    return fov_settings_parse(settings, text, where, place->err);
}

fov_status fov_meta_section_read(const fov_sections *sections, const char *file, fov_meta *meta, fov_error *err)
{
    const fov_place place = {file, FOV_SECTION_META, err};
    json_t         *json = parse(&place, &sections->of[FOV_SECTION_META], MAX_META_BYTES);
    const char     *source = json_string_value(json_object_get(json, "source"));
    *meta = (fov_meta){0};
    if (!json) return FOV_ERR_FORMAT;
    fov_status st = read_settings(&place, json, &meta->settings);
    read_passes(json_object_get(json, "passes"), meta->passes);
    if (!st && source && !(meta->source = fov_strdup(source))) st = fov_fail_memory(err, "an engine's name");
    json_decref(json);
    return st;
}

fov_status fov_certificate_section_read(const fov_sections *sections, const char *file, char **certificate, fov_error *err)
{
    const fov_place  place = {file, FOV_SECTION_CERTIFICATE, err};
    const fov_bytes *in = &sections->of[FOV_SECTION_CERTIFICATE];
    *certificate = NULL;
    if (!in->data) return FOV_OK;
    json_t *json = parse(&place, in, MAX_CERTIFICATE_BYTES);
    if (!json) return FOV_ERR_FORMAT;
    json_decref(json);
    *certificate = fov_strndup((const char *)in->data, in->size);
    return *certificate ? FOV_OK : fov_fail_memory(err, "a certificate");
}
