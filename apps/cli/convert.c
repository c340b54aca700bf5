// SPDX-License-Identifier: MIT
/* fovea convert IN OUT */
#include "command.h"
#include "console.h"
#include "convert_qdq.h"
#include "engine.h"
#include "health.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <stddef.h>
#include <sys/stat.h>

static int repair, qdq;

static struct poptOption options[] = {
    {"repair", '\0', POPT_ARG_NONE, &repair, 0,
     "give FP16 weights that it keeps: the same function, channels scaled by powers of two", NULL},
    {"qdq", '\0', POPT_ARG_NONE, &qdq, 0,
     "IN is an engine: write ONNX with its 8-bit scales as QuantizeLinear and DequantizeLinear, symmetric, for TensorRT and others",
     NULL},
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell; written into OUT (default: what IN says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    POPT_TABLEEND};

const cli_manual cli_convert_manual = {
    .arguments = "[OPTION...] IN OUT",
    .about = "Writes a model in the format that the ending of OUT names: .wts, .safetensors or .onnx.\n"
             "IN is .pth, .wts, .safetensors or .onnx, recognised by its content, or 'default' for the bundled model.\n"
             "The settings travel with the model. OUT appears whole or not at all.\n"
             "With --repair, BatchNorm is folded and channels are scaled by powers of two from layer to layer, so that\n"
             "weights that matter are normal numbers in FP16; 'fovea inspect --precision fp16' shows the difference.\n",
    .examples = "  fovea convert mobilenet0.25.pth mobilenet0.25.onnx\n"
                "  fovea convert --leaky 0 relu.pth relu.safetensors\n"
                "  fovea convert --repair mobilenet0.25.pth healthy.wts\n"
                "  fovea convert --qdq engine.fov for_tensorrt.onnx\n",
    .options = options,
};

static void tell(const char *path)
{
    struct stat info;
    cli_print_plain(stdout, path);
    fputs(": written", stdout);
    if (!stat(path, &info)) printf(", %.2f MB", (double)info.st_size / 1e6);
    putchar('\n');
}

static cli_exit save(const fov_model *model, const char *path)
{
    fov_error  err = {0};
    fov_status status = fov_model_save(model, path, &err);
    if (!status) return CLI_OK;
    cli_error("%s", err.message);
    return status == FOV_ERR_ARGUMENT ? CLI_USAGE : CLI_OUTPUT;
}

static cli_exit convert_model(const char *in, const char *out)
{
    fov_model *model = NULL;
    cli_exit   code = cli_model_open(in, &model);
    if (!code && repair) code = cli_repair(&model);
    if (!code) code = save(model, out);
    fov_model_free(model);
    return code;
}

cli_exit cli_convert(int count, const char **args)
{
    if (count != 2) {
        cli_error("convert needs a model to read and a name to write, as in 'fovea convert in.pth out.onnx'");
        return CLI_USAGE;
    }
    if (qdq && repair) {
        cli_error("--qdq takes an engine, --repair a model: 'fovea build --repair' makes an engine of repaired weights");
        return CLI_USAGE;
    }
    cli_exit code = qdq ? cli_convert_qdq(args[0], args[1]) : convert_model(args[0], args[1]);
    if (!code) tell(args[1]);
    return code;
}
