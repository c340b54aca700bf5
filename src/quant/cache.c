// SPDX-License-Identifier: MIT
#include "quant/cache.h"

#include "base/alloc.h"
#include "base/file.h"
#include "graph/op.h"
#include "graph/passes.h"
#include "models/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_CACHE_BYTES = 256 << 20, MISSING_SHOWN = 10, PROBE_SIDE = 128 /* channels do not depend on it */ };

/* ---------------------------------------------------------------- lines */

char *fov_lines_next(fov_lines *lines)
{
    char *line = lines->next;
    if (!line || !*line) return NULL;
    char *end = line + strcspn(line, "\n");
    lines->next = *end ? end + 1 : NULL;
    *end = '\0';
    if (end > line && end[-1] == '\r') end[-1] = '\0';
    lines->number++;
    return line;
}

fov_status fov_lines_fail(const fov_lines *lines, fov_error *err, const char *format, ...)
{
    char    message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fov_make_printable(message, "");
    return fov_fail(err, FOV_ERR_FORMAT, "%s:%zu: %s", lines->path, lines->number, message);
}

/* ---------------------------------------------------------------- does it fit? */

static void list_missing(const fov_calibration *calibration, const fov_graph *graph, fov_text *names, size_t *missing, size_t *all)
{
    for (int v = 0; v < graph->n_value; v++) {
        if (!fov_value_is_calibrated(graph, v)) continue;
        ++*all;
        if (fov_range_find(calibration, graph->value[v].name)) continue;
        if (++*missing <= MISSING_SHOWN) fov_text_print(names, "%s%s", *missing > 1 ? ", " : "", graph->value[v].name);
    }
}

static fov_status check_names(const fov_calibration *calibration, const fov_graph *graph, const char *path, fov_error *err)
{
    fov_text   names = {0};
    size_t     missing = 0, all = 0;
    fov_status st = FOV_OK;
    list_missing(calibration, graph, &names, &missing, &all);
    if (missing && !names.failed)
        st = fov_fail(err, FOV_ERR_FORMAT,
                      "%s: has no range for %zu of the network's %zu tensors: %s%s; calibrate this very model, or map the cache's "
                      "names to these",
                      path, missing, all, names.data, missing > MISSING_SHOWN ? ", ..." : "");
    else if (names.failed) st = fov_fail_memory(err, "a list of names");
    fov_text_clear(&names);
    return st;
}

/* Networks of one family share their tensors' names, whatever their widths. */
static fov_status check_channels(const fov_calibration *calibration, const fov_graph *graph, const char *path, fov_error *err)
{
    fov_view   input = fov_view_nhwc(1, 3, PROBE_SIDE, PROBE_SIDE, 3, NULL), *values;
    fov_status st = fov_graph_infer(graph, &input, &values, err);
    if (st) return st;
    for (int v = 0; v < graph->n_value && !st; v++) {
        const fov_range *range = fov_value_is_calibrated(graph, v) ? fov_range_find(calibration, graph->value[v].name) : NULL;
        if (!range || !range->channels || values[v].shape.rank != 4 || values[v].shape.dim[1] == range->channels) continue;
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: is of another network: '%s' has %d channels there and %lld here", path,
                      graph->value[v].name, range->channels, (long long)values[v].shape.dim[1]);
    }
    fov_values_free(graph, values);
    return st;
}

/* Inputs of nodes are the network's business: what a file says of them is for its readers. */
static fov_status fit(fov_calibration **calibration, const fov_model *model, const char *path, fov_error *err)
{
    fov_graph       *graph;
    fov_calibration *fitted = NULL;
    fov_status       st = fov_graph_clone(model->graph, &graph, err);
    if (st) return st;
    if (!(st = fov_graph_optimize(graph, NULL, err)) && !(st = check_names(*calibration, graph, path, err)) &&
        !(st = check_channels(*calibration, graph, path, err)))
        st = fov_calibration_new(graph, &fitted, err);
    if (!st) {
        fov_calibrated_input *input = fitted->input;
        const size_t          inputs = fitted->inputs;
        fitted->input = (*calibration)->input;
        fitted->inputs = (*calibration)->inputs;
        (*calibration)->input = input;
        (*calibration)->inputs = inputs;
    }
    fov_calibration_free(fitted);
    fov_graph_free(graph);
    return st;
}

/* ---------------------------------------------------------------- files */

static fov_status parse(char *text, const char *path, fov_calibration *calibration, fov_error *err)
{
    fov_lines lines = {text, path, 0};
    if (fov_cache_is_tensorrt(text)) return fov_cache_read_tensorrt(&lines, calibration, err);
    if (fov_cache_is_fovea(text)) return fov_cache_read_fovea(&lines, calibration, err);
    return fov_fail(err, FOV_ERR_FORMAT,
                    "%s: not a calibration cache: it starts neither as Fovea's nor as TensorRT's (TRT-8601-...)", path);
}

static fov_status read_text(const char *path, char **text, fov_error *err)
{
    fov_buffer file = {0};
    fov_status st = fov_file_read(path, MAX_CACHE_BYTES, &file, err);
    if (st) return st;
    if (file.size && memchr(file.data, 0, file.size))
        st = fov_fail(err, FOV_ERR_FORMAT, "%s: not a calibration cache: it is no text", path);
    else if (!(*text = fov_strndup(file.size ? (const char *)file.data : "", file.size)))
        st = fov_fail_memory(err, "a calibration cache");
    fov_buffer_clear(&file);
    return st;
}

fov_status fov_calibration_load(const char *path, const fov_model *model, const char *mapping, fov_calibration **out,
                                fov_error *err)
{
    fov_calibration *calibration = NULL;
    char            *text = NULL;
    fov_status       st = read_text(path, &text, err);
    *out = NULL;
    if (!st) st = fov_calibration_new(NULL, &calibration, err);
    if (!st) st = parse(text, path, calibration, err);
    if (!st && mapping) st = fov_cache_rename(calibration, mapping, err);
    if (!st && model) st = fit(&calibration, model, path, err);
    fov_free(text);
    if (st) fov_calibration_free(calibration);
    else *out = calibration;
    return st;
}

fov_status fov_calibration_save(const fov_calibration *calibration, const char *path, bool tensorrt, fov_error *err)
{
    fov_text text = {0};
    if (tensorrt) fov_cache_print_tensorrt(calibration, &text);
    else fov_cache_print_fovea(calibration, &text);
    fov_status st = text.failed ? fov_fail_memory(err, "a calibration cache") : fov_file_write(path, text.data, text.size, err);
    fov_text_clear(&text);
    return st;
}
