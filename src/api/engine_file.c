// SPDX-License-Identifier: MIT
/* Engines from files and into files; what an engine tells of itself. */
#include "engine_file/engine_file.h"

#include "api/model_file.h"

#include <string.h>

fov_status fov_engine_save(const fov_engine *engine, const char *path, fov_error *err)
{
    fov_text   file = {0};
    fov_status st = fov_engine_file_write(engine, &file, err);
    if (!st) st = fov_file_write(path, file.data, file.size, err);
    fov_text_clear(&file);
    return st;
}

static const fov_engine_options defaults;

fov_status fov_engine_load_memory(const void *data, size_t bytes, const char *name, const fov_engine_options *options,
                                  fov_engine **engine, fov_error *err)
{
    return fov_engine_file_read(data, bytes, name ? name : "engine in memory", options ? options : &defaults, engine, err);
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") ? path : "standard input";
}

fov_status fov_engine_load(const char *path, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    fov_buffer file;
    *engine = NULL;
    fov_status st = fov_file_read(path, FOV_MAX_MODEL_BYTES, &file, err);
    if (!st) st = fov_engine_load_memory(file.data, file.size, name_of(path), options, engine, err);
    fov_buffer_clear(&file);
    return st;
}

static fov_status build_and_free(fov_model *model, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    fov_status st = fov_engine_build(model, options, engine, err);
    fov_model_free(model);
    return st;
}

fov_status fov_engine_open(const char *path, const fov_model_options *model_options, const fov_engine_options *options,
                           fov_engine **engine, fov_error *err)
{
    fov_engine_options engine_options = options ? *options : defaults;
    fov_model         *model = NULL;
    fov_buffer         file = {0};
    fov_status         st;
    *engine = NULL;
    if (!engine_options.n_plugin && model_options) {
        engine_options.plugins = model_options->plugins;
        engine_options.n_plugin = model_options->n_plugin;
    }
    if (!strcmp(path, "default")) st = fov_model_load(path, model_options, &model, err);
    else st = fov_file_read(path, FOV_MAX_MODEL_BYTES, &file, err);
    if (!st && fov_engine_file_recognise(file.data, file.size))
        st = fov_engine_load_memory(file.data, file.size, name_of(path), &engine_options, engine, err);
    else if (!st && !model) st = fov_model_from_file(&file, path, model_options, &model, err);
    fov_buffer_clear(&file);
    return model ? build_and_free(model, &engine_options, engine, err) : st;
}

const char *fov_engine_certificate(const fov_engine *engine)
{
    return engine->certificate ? engine->certificate : "{}";
}

fov_precision fov_engine_precision(const fov_engine *engine)
{
    return engine->precision;
}
