// SPDX-License-Identifier: MIT
/* fovea export triton MODEL -o REPOSITORY */
#include "command.h"
#include "console.h"
#include "engine.h"
#include "export_triton.h"
#include "memory.h"
#include "options.h"

#include <stdlib.h>
#include <string.h>

enum { OUTPUT = 1, NAME, AS_VERSION, KIND, DEVICES, INSTANCES, BATCH, BATCH_DELAY, N_SLOT };
#define KINDS "cpu|cuda"
static char *slots[N_SLOT];

static struct poptOption export_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"output", 'o', POPT_ARG_STRING, NULL, OUTPUT, "the model repository, a folder", "DIR"},
    {"name", '\0', POPT_ARG_STRING, NULL, NAME, "what the server calls the model (default: as the file is called)", "NAME"},
    {"as-version", '\0', POPT_ARG_STRING, NULL, AS_VERSION, "of the model (default: 1)", "N"},
    {"backend", '\0', POPT_ARG_STRING, NULL, KIND, "what its instances run on: cpu (default) or cuda", KINDS},
    {"device", '\0', POPT_ARG_STRING, NULL, DEVICES, "with cuda: numbers of the GPUs (default: all that the server has)",
     "GPU[,GPU]"},
    {"instances", '\0', POPT_ARG_STRING, NULL, INSTANCES,
     "that work at once, on each GPU or on the processor (default: one for each processor here, at most 16)", "N"},
    {"batch", '\0', POPT_ARG_STRING, NULL, BATCH,
     "photos of a request, and on GPUs of requests that share a pass; 0: requests are as 'fovea serve' describes them, and never "
     "share one (default: 8)",
     "N"},
    {"batch-delay", '\0', POPT_ARG_STRING, NULL, BATCH_DELAY,
     "that a request waits for others (default: 0 on GPUs; on a processor requests are not put together)", "MS"},
    POPT_TABLEEND};

const cli_manual cli_export_manual = {
    .arguments = "[OPTION...] triton MODEL",
    .about =
        "Puts a model into the model repository of a Triton Inference Server: DIR/NAME/config.pbtxt and DIR/NAME/1/model.fov,\n"
        "for the backend that is built with Fovea. Its tensors and parameters are those of 'fovea serve'. MODEL is an engine\n"
        "that 'fovea build' made, or a model, of which an engine is made as 'fovea detect' would. A config.pbtxt that is there\n"
        "is replaced.\n",
    .examples = "  fovea export triton int8.fov -o models --name faces\n"
                "  fovea export triton fp16.fov -o models --backend cuda --batch 16 --batch-delay 1\n"
                "  fovea export triton newer.fov -o models --name faces --as-version 2\n",
    .options = export_options,
};

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
    const size_t      size = strlen(name);
    return size && size <= 128 && *name != '.' && strspn(name, letters) == size;
}

/* "folder/int8.fov" is called int8. */
static char *name_of(const char *path)
{
    const char *base = strrchr(path, '/');
    char       *name = cli_strdup(slots[NAME] ? slots[NAME] : base ? base + 1 : path);
    char       *dot = slots[NAME] ? NULL : strrchr(name, '.');
    if (dot) *dot = '\0';
    return name;
}

static bool get_options(cli_triton_model *m)
{
    const int processors = fov_cpu_threads();
    int       kind = 0;
    m->repository = slots[OUTPUT];
    m->version = 1;
    m->instances = processors < 16 ? processors : 16;
    m->batch = 8;
    m->delay_ms = -1;
    if (!cli_parse_word("--backend", slots[KIND], KINDS, &kind) ||
        !cli_parse_int("--as-version", slots[AS_VERSION], 1, 1000000000, &m->version) ||
        !cli_parse_int("--instances", slots[INSTANCES], 1, 1024, &m->instances) ||
        !cli_parse_int("--batch", slots[BATCH], 0, 64, &m->batch) ||
        !cli_parse_number("--batch-delay", slots[BATCH_DELAY], 0, 10000, &m->delay_ms) ||
        (slots[DEVICES] && !cli_devices_parse(slots[DEVICES], true, &m->devices)))
        return false;
    m->cuda = kind == 1;
    if (slots[DEVICES] && !m->cuda) cli_error("--device goes with --backend cuda");
    else if (slots[BATCH_DELAY] && !m->batch) cli_error("--batch-delay: there is nothing to wait for with --batch 0");
    else return true;
    return false;
}

static bool check_arguments(int count, const char **args)
{
    if (count != 2 || strcmp(args[0], "triton") != 0)
        cli_error("export needs what for, and a model, as in 'fovea export triton int8.fov -o models'");
    else if (!slots[OUTPUT]) cli_error("export needs a folder to write into, as in '-o models'");
    else return true;
    return false;
}

static cli_exit export(const char *path, const cli_triton_model *m)
{
    const fov_engine_options options = {.keep_weights = true};
    fov_engine              *engine = NULL;
    fov_error                err = {0};
    if (fov_engine_open(path, NULL, &options, &engine, &err)) {
        cli_error("%s", err.message);
        return CLI_MODEL;
    }
    const cli_exit code = cli_export_triton(engine, m);
    if (!code)
        cli_note("%s/%s: written, version %d, %s on %s", m->repository, m->name, m->version,
                 fov_precision_name(fov_engine_precision(engine)), m->cuda ? "GPUs" : "the processor");
    fov_engine_free(engine);
    return code;
}

cli_exit cli_export(int count, const char **args)
{
    cli_triton_model m = {0};
    if (!check_arguments(count, args) || !get_options(&m)) return CLI_USAGE;
    char    *name = name_of(args[1]);
    cli_exit code = CLI_USAGE;
    m.name = name;
    if (is_name(name)) code = export(args[1], &m);
    else cli_error("'%s' cannot be a model's name: letters, digits, '_', '-' and '.' may stand in --name", name);
    free(name);
    return code;
}
