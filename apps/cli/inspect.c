// SPDX-License-Identifier: MIT
/* fovea inspect MODEL */
#include "certificate_print.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "health.h"
#include "inspect_print.h"
#include "json_whole.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <jansson.h>

enum { SIZE = 1, PRECISION, N_SLOT };
static char *slots[N_SLOT];
static int   as_json;

static struct poptOption inspect_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"size", '\0', POPT_ARG_STRING, NULL, SIZE, "network input for shapes, MACs and memory (default: 640x640)", "WxH"},
    {"precision", '\0', POPT_ARG_STRING, NULL, PRECISION, "show what it does to the weights and outputs: fp16, bf16 or int8",
     "fp16|bf16|int8"},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL},
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engine_options, "Engine:"),
    POPT_TABLEEND};

const cli_manual cli_inspect_manual = {
    .arguments = "[OPTION...] MODEL [PHOTO...]",
    .about = "Shows a model's family, format and settings, and how it would run: what was fused, and for each layer its\n"
             "output's shape, multiply-adds (MACs), weights, kernel, and the tensors of the file that its weights came from.\n"
             "MODEL is .pth, .wts, .safetensors or .onnx, or 'default' for the bundled model. With -v, every tensor too.\n"
             "\n"
             "Of an engine file (.fov): its precision and its certificate, which says what that costs, then how it would run.\n"
             "\n"
             "With --precision: how many weights it makes subnormal, zero or infinite, as the file has them and with BatchNorm\n"
             "folded, the worst tensors (-v: all), and what such weights alone change in the outputs for the photos (default: the\n"
             "bundled one). 'fovea convert --repair' helps where FP16 loses weights.\n",
    .examples = "  fovea inspect default\n"
                "  fovea inspect --size 320x320 mobilenet0.25.pth\n"
                "  fovea inspect --json model.onnx | jq '.engine.memory'\n"
                "  fovea inspect --precision fp16 mobilenet0.25.pth photos/\n",
    .options = inspect_options,
};

/* Takes over `text`. */
static json_t *parse(char *text)
{
    json_t *json = text ? json_loads(text, 0, NULL) : NULL;
    fov_string_free(text);
    return json;
}

static cli_exit describe_engine(const fov_model *model, int width, int height, json_t **out)
{
    fov_engine *engine = NULL;
    fov_error   err = {0};
    char       *text = NULL;
    cli_exit    code = cli_engine_build(model, &engine);
    if (!code && fov_engine_describe_json(engine, width, height, &text, &err)) {
        cli_error("%s", err.message);
        code = CLI_MODEL;
    }
    fov_engine_free(engine);
    if (!code) *out = parse(text);
    return code;
}

static cli_exit print_json(const json_t *model, const json_t *engine)
{
    return cli_json_print(json_pack("{s:O, s:O?}", "model", model, "engine", engine), JSON_INDENT(1) | JSON_REAL_PRECISION(9));
}

/* A model that cannot be built into an engine is still worth showing. */
static cli_exit inspect(const fov_model *model, int width, int height)
{
    json_t  *engine = NULL, *description = parse(fov_model_describe_json(model));
    cli_exit code = describe_engine(model, width, height, &engine);
    if (!description || (!code && !engine)) {
        code = cli_no_memory();
    } else if (as_json) {
        const cli_exit printed = print_json(description, engine);
        if (printed) code = printed;
    } else {
        cli_print_model(description);
        if (engine) cli_print_engine(engine);
    }
    json_decref(description);
    json_decref(engine);
    return code;
}

static cli_exit print_engine_json(const fov_engine *engine, const json_t *certificate, const json_t *description)
{
    json_t *json = json_pack("{s:s, s:O, s:O}", "precision", fov_precision_name(fov_engine_precision(engine)), "certificate",
                             certificate, "engine", description);
    return cli_json_print(json, JSON_INDENT(1) | JSON_REAL_PRECISION(9));
}

/* An engine file: what it is and what it was proven to do, then how it runs here. */
static cli_exit inspect_engine(const char *path, int width, int height)
{
    fov_engine *engine = NULL;
    fov_error   err = {0};
    char       *text = NULL;
    cli_exit    code = cli_engine_load(path, &engine);
    if (code) return code;
    if (fov_engine_describe_json(engine, width, height, &text, &err)) {
        cli_error("%s: %s", path, err.message);
        fov_engine_free(engine);
        return CLI_MODEL;
    }
    json_t *description = parse(text), *certificate = json_loads(fov_engine_certificate(engine), 0, NULL);
    if (!description || !certificate) {
        code = cli_no_memory();
    } else if (as_json) {
        code = print_engine_json(engine, certificate, description);
    } else {
        cli_print_certificate(path, fov_precision_name(fov_engine_precision(engine)), certificate);
        cli_print_engine(description);
    }
    json_decref(description);
    json_decref(certificate);
    fov_engine_free(engine);
    return code;
}

cli_exit cli_inspect(int count, const char **args)
{
    fov_model *model = NULL;
    int        width = 640, height = 640;
    if (count < 1 || (count > 1 && !slots[PRECISION])) {
        cli_error("inspect needs one model, as in 'fovea inspect model.pth'; 'default' is the bundled one");
        return CLI_USAGE;
    }
    if (slots[SIZE] && !cli_parse_wxh(slots[SIZE], &width, &height)) {
        cli_error("--size %s: expected WxH such as 640x480", slots[SIZE]);
        return CLI_USAGE;
    }
    if (!slots[PRECISION] && cli_is_engine(args[0])) return inspect_engine(args[0], width, height);
    cli_exit code = cli_model_open(args[0], &model);
    if (!code && slots[PRECISION]) code = cli_health(model, slots[PRECISION], count - 1, args + 1, as_json);
    else if (!code) code = inspect(model, width, height);
    fov_model_free(model);
    return code;
}
