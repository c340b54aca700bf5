// SPDX-License-Identifier: MIT
#include "build_slower.h"

#include "console.h"
#include "json_read.h"
#include "memory.h"

#include <stdlib.h>

static bool has_int8(const fov_engine *engine)
{
    json_t    *certificate = json_loads(fov_engine_certificate(engine), 0, NULL);
    const bool has = json_object_get(json_object_get(certificate, "share"), "int8") != NULL;
    json_decref(certificate);
    return has;
}

static fov_status build_fp32(const fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    const fov_engine_options fp32 = {.precision = FOV_PRECISION_FP32,
                                     .backend = options->backend,
                                     .keep_weights = true,
                                     .progress = options->progress,
                                     .progress_user = options->progress_user};
    return fov_engine_build(model, &fp32, engine, err);
}

fov_status cli_build_slower(const fov_model *model, const fov_engine_options *options, const fov_engine *engine, json_t **slower,
                            fov_error *err)
{
    fov_engine *fp32;
    char       *text = NULL;
    *slower = NULL;
    if (!has_int8(engine)) return FOV_OK;
    fov_status st = build_fp32(model, options, &fp32, err);
    if (!st) st = fov_engine_slower_json(engine, fp32, options->progress, options->progress_user, &text, err);
    if (!st) *slower = json_loads(text, 0, NULL);
    fov_string_free(text);
    fov_engine_free(fp32);
    return st;
}

/* "fpn.merge1.2 +0.9 ms, ssh1.conv3x3.1 +0.4 ms" */
static char *worst_layers(const json_t *layers)
{
    char   *words = cli_strdup("");
    size_t  i;
    json_t *layer;
    json_array_foreach(layers, i, layer)
    {
        char *more = cli_format("%s%s%s +%.2f ms", words, i ? ", " : "", cli_json_text_of(layer, "name"),
                                1e3 * (cli_json_number_of(layer, "seconds") - cli_json_number_of(layer, "fp32_seconds")));
        free(words);
        words = more;
    }
    return words;
}

void cli_warn_of_slower(const fov_engine *engine, const json_t *slower)
{
    const char *what = fov_engine_precision(engine) == FOV_PRECISION_INT8 ? "INT8" : "this engine";
    size_t      i;
    json_t     *level;
    json_array_foreach(slower, i, level)
    {
        char *layers = worst_layers(json_object_get(level, "layers"));
        cli_warning("%s is slower than FP32 on %s: %.1f ms against %.1f for 320x320 pixels%s%s%s", what,
                    cli_json_text_of(level, "cpu"), 1e3 * cli_json_number_of(level, "seconds"),
                    1e3 * cli_json_number_of(level, "fp32_seconds"), *layers ? " (" : "", layers, *layers ? ")" : "");
        free(layers);
    }
}
