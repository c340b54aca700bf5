// SPDX-License-Identifier: MIT
/* fovea convert IN OUT */
#include "command.h"
#include "console.h"
#include "engine.h"
#include "health.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <stddef.h>
#include <sys/stat.h>

static int repair;

static struct poptOption options[] = {
    {"repair", '\0', POPT_ARG_NONE, &repair, 0,
     "give FP16 weights that it keeps: the same function, channels scaled by powers of two", NULL},
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
                "  fovea convert --repair mobilenet0.25.pth healthy.wts\n",
    .options = options,
};

static cli_exit save(const fov_model *model, const char *path)
{
    fov_error   err = {0};
    struct stat info;
    fov_status  status = fov_model_save(model, path, &err);
    if (status) {
        cli_error("%s", err.message);
        return status == FOV_ERR_ARGUMENT ? CLI_USAGE : CLI_OUTPUT;
    }
    printf("%s: written", path);
    if (!stat(path, &info)) printf(", %.2f MB", (double)info.st_size / 1e6);
    putchar('\n');
    return CLI_OK;
}

cli_exit cli_convert(int count, const char **args)
{
    fov_model *model = NULL;
    if (count != 2) {
        cli_error("convert needs a model to read and a name to write, as in 'fovea convert in.pth out.onnx'");
        return CLI_USAGE;
    }
    cli_exit code = cli_model_open(args[0], &model);
    if (!code && repair) code = cli_repair(&model);
    if (!code) code = save(model, args[1]);
    fov_model_free(model);
    return code;
}
