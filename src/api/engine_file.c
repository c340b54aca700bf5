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
    return fov_engine_file_read(data, bytes, NULL, name ? name : "engine in memory", options ? options : &defaults, engine, err);
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") ? path : "standard input";
}

fov_status fov_engine_load(const char *path, const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    fov_buffer file;
    *engine = NULL;
    fov_status st = fov_file_read_if(path, fov_model_file_wanted, FOV_MAX_MODEL_BYTES, &file, err);
    return st ? st : fov_engine_file_read(file.data, file.size, &file, name_of(path), options ? options : &defaults, engine, err);
}

const char *fov_engine_certificate(const fov_engine *engine)
{
    return engine->certificate ? engine->certificate : "{}";
}

const char *fov_engine_reason(const fov_engine *engine)
{
    return engine->reason ? engine->reason : "";
}

const char *fov_engine_backend(const fov_engine *engine)
{
    return engine->backend->name;
}

const char *fov_engine_backend_reason(const fov_engine *engine)
{
    return engine->backend_reason ? engine->backend_reason : "";
}

fov_precision fov_engine_precision(const fov_engine *engine)
{
    return engine->precision;
}
