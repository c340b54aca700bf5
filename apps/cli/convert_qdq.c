// SPDX-License-Identifier: MIT
#include "convert_qdq.h"

#include "console.h"
#include "fovea/fovea.h"

#include <string.h>
#include <strings.h>

static bool is_onnx(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot && !strcasecmp(dot, ".onnx");
}

cli_exit cli_convert_qdq(const char *in, const char *out)
{
    const fov_engine_options options = {.keep_weights = true};
    fov_engine              *engine = NULL;
    fov_error                err = {0};
    if (!is_onnx(out)) {
        cli_error("%s: --qdq writes ONNX; a name that ends with .onnx is expected", out);
        return CLI_USAGE;
    }
    if (fov_engine_load(in, &options, &engine, &err)) {
        cli_error("%s; --qdq takes an engine, which 'fovea build' makes", err.message);
        return CLI_MODEL;
    }
    fov_status status = fov_engine_export_onnx(engine, out, &err);
    if (status) cli_error("%s", err.message);
    else if (fov_engine_precision(engine) != FOV_PRECISION_INT8 && fov_engine_precision(engine) != FOV_PRECISION_MIXED)
        cli_note("%s: the engine is in %s, so nothing in it is quantised", out, fov_precision_name(fov_engine_precision(engine)));
    fov_engine_free(engine);
    return status ? CLI_OUTPUT : CLI_OK;
}
