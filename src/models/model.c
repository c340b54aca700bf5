// SPDX-License-Identifier: MIT
#include "models/model.h"

#include "base/alloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct fov_model *fov_model_new(const char *source, const char *format)
{
    struct fov_model *model = fov_calloc(1, sizeof *model);
    if (!model) return NULL;
    model->settings = fov_settings_default();
    model->format = format;
    model->source = fov_strdup(source);
    model->warnings = fov_strdup("");
    if (!model->source || !model->warnings) {
        fov_model_free(model);
        return NULL;
    }
    return model;
}

fov_status fov_model_warn(struct fov_model *model, fov_error *err, const char *format, ...)
{
    char    line[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);

    size_t before = strlen(model->warnings), added = strlen(line);
    char  *more = fov_realloc_array(model->warnings, before + added + 2, 1);
    if (!more) return fov_fail_memory(err, "a warning");
    model->warnings = more;
    if (before) more[before++] = '\n';
    memcpy(more + before, line, added + 1);
    return FOV_OK;
}

void fov_model_free(fov_model *model)
{
    if (!model) return;
    fov_graph_free(model->graph);
    fov_free(model->source);
    fov_free(model->warnings);
    fov_free(model);
}

static fov_status copy_weight(const fov_value *value, fov_weights *weights, fov_error *err)
{
    size_t count;
    if (!fov_shape_count(&value->shape, &count))
        return fov_fail(err, FOV_ERR_INTERNAL, "tensor '%s' of the model has no closed shape", value->name);
    float *data = fov_alloc_array(count, sizeof *data);
    if (!data) return fov_fail_memory(err, value->name);
    if (count) memcpy(data, value->data, count * sizeof *data);
    return fov_weights_add(weights, value->name, &value->shape, count, data, err);
}

/* A family creates its constants in checkpoint order; those that no checkpoint has (scales of Resize) have no origin. */
fov_status fov_model_weights(const struct fov_model *model, fov_weights *weights, fov_error *err)
{
    if (!model->family)
        return fov_fail(err, FOV_ERR_UNSUPPORTED,
                        "%s: the network is of no family known here, so its tensors have no agreed names: write .onnx",
                        model->source);
    for (int i = 0; i < model->graph->n_value; i++) {
        const fov_value *value = &model->graph->value[i];
        if (!value->data || !value->origin) continue;
        fov_status st = copy_weight(value, weights, err);
        if (st) return st;
    }
    return FOV_OK;
}
