// SPDX-License-Identifier: MIT
/* Engines and models alike, and the engine that stands for the bundled model. */
#include "api/bundled.h"
#include "api/model_file.h"
#include "base/alloc.h"
#include "build/cost.h"
#include "engine_file/engine_file.h"

#include <string.h>

static const fov_engine_options defaults;

static const double CERTIFIED_LOSS = 0.001;

static bool runs_on_cpu(const fov_engine_options *options)
{
    const fov_backend *backend;
    return !fov_backend_choose(options->backend, options->device, &backend, NULL) && !strcmp(backend->name, "cpu");
}

/* The bundled engine was certified within a tenth of a point; whether it is also the faster one is up to the machine. */
static bool bundled_engine_serves(const char *path, const fov_model_options *model_options, const fov_engine_options *options)
{
    const bool plain = !model_options || (!model_options->settings && !model_options->head_plugin);
    return !strcmp(path, "default") && options->precision == FOV_PRECISION_AUTO && plain && runs_on_cpu(options) &&
           !options->calibration && !options->photos && !options->repair &&
           !(options->max_loss > 0 && options->max_loss < CERTIFIED_LOSS) && fov_cost_of(FOV_U8) < fov_cost_of(FOV_F32);
}

static const char *name_of(const char *path)
{
    return strcmp(path, "-") ? path : "standard input";
}

static fov_status open_bundled(const fov_engine_options *options, fov_engine **engine, fov_error *err)
{
    const fov_bundled bundled = fov_bundled_engine();
    fov_status        st = fov_engine_load_memory(bundled.data, bundled.size, "default", options, engine, err);
    if (st) return st;
    (*engine)->reason =
        fov_strdup("the bundled engine: certified within a tenth of a point of FP32, and this processor multiplies bytes "
                   "faster than floats");
    if ((*engine)->reason) return FOV_OK;
    fov_engine_free(*engine);
    *engine = NULL;
    return fov_fail_memory(err, "the reason for a precision");
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
    if (bundled_engine_serves(path, model_options, &engine_options)) return open_bundled(&engine_options, engine, err);
    if (!engine_options.n_plugin && model_options) {
        engine_options.plugins = model_options->plugins;
        engine_options.n_plugin = model_options->n_plugin;
    }
    if (!strcmp(path, "default")) st = fov_model_load(path, model_options, &model, err);
    else st = fov_file_read_if(path, fov_model_file_wanted, FOV_MAX_MODEL_BYTES, &file, err);
    if (!st && fov_engine_file_recognise(file.data, file.size))
        st = fov_engine_file_read(file.data, file.size, &file, name_of(path), &engine_options, engine, err);
    else if (!st && !model) st = fov_model_from_file(&file, path, model_options, &model, err);
    fov_buffer_clear(&file);
    return model ? build_and_free(model, &engine_options, engine, err) : st;
}
