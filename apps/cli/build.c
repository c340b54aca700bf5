// SPDX-License-Identifier: MIT
/* fovea build NETWORK -o ENGINE.fov */
#include "build_report.h"
#include "build_slower.h"
#include "bundled_photo.h"
#include "clock.h"
#include "command.h"
#include "console.h"
#include "engine.h"
#include "interrupt.h"
#include "options.h"
#include "photos.h"
#include "plugins.h"
#include "settings.h"
#include "text_file.h"
#include "writable.h"

#include <stddef.h>
#include <stdlib.h>

enum { OUT = 1, PRECISION, CACHE, MAPPING, MAX_LOSS, N_SLOT };
static char  *slots[N_SLOT];
static char **calibrate_on; /* --calibrate, each time it is given */
static int    repair, as_json;

static struct poptOption options[] = {
    CLI_TEXT_SLOTS(slots),
    {"output", 'o', POPT_ARG_STRING, NULL, OUT, "the engine to write (.fov)", "FILE"},
    {"precision", 'p', POPT_ARG_STRING, NULL, PRECISION, "auto (default), fp32, bf16, fp16, int8 or mixed", "PRECISION|mixed"},
    {"calibrate", '\0', POPT_ARG_ARGV, &calibrate_on, 0, "photos, a folder or @list to calibrate and measure on; may be repeated",
     "PHOTOS"},
    {"cache", '\0', POPT_ARG_STRING, NULL, CACHE, "ranges from 'fovea calibrate' or TensorRT; photos are then for measuring only",
     "FILE"},
    {"mapping", '\0', POPT_ARG_STRING, NULL, MAPPING, "lines of 'name in the cache = name here'", "FILE"},
    {"max-loss", '\0', POPT_ARG_STRING, NULL, MAX_LOSS, "what mixed and auto may lose: 0.5% (default) is half a point of AP",
     "LOSS"},
    {"repair", '\0', POPT_ARG_NONE, &repair, 0, "first rescale channels so that FP16 holds every weight that matters", NULL},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print the certificate as JSON", NULL},
    CLI_INCLUDE(cli_engine_options, "How it runs while it is measured:"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell:"),
    POPT_TABLEEND};

const cli_manual cli_build_manual = {
    .arguments = "[OPTION...] NETWORK -o ENGINE.fov",
    .about =
        "Makes an engine: the network in a chosen precision, with a certificate of what that costs and golden vectors\n"
        "that 'fovea verify' replays on other machines. The file runs on every processor.\n"
        "\n"
        "With photos, ranges for INT8 are found on three quarters of them, and losses are measured on the rest. Photos need no\n"
        "labels: what FP32 finds is the truth. Without photos ranges follow from BatchNorm statistics, checked on the\n"
        "bundled photo alone, and the certificate says that this is weaker.\n"
        "\n"
        "mixed: every layer in INT8 but those without which the loss is over the budget, each listed with the reason.\n"
        "\n"
        "auto: the fastest precision whose measured loss is within the budget and that this machine runs well.\n",
    .examples = "  fovea build model.pth -o model.fov --precision int8 --calibrate photos/\n"
                "  fovea build model.onnx -o model.fov --precision mixed --max-loss 0.1% --calibrate photos/\n"
                "  fovea build model.wts -o model.fov --precision fp16 --repair\n"
                "  fovea build model.pth -o model.fov --precision int8 --cache calibration.txt\n",
    .options = options,
};

/* "0.5%", "0.005" */
static bool parse_loss(const char *text, double *loss)
{
    char  *end;
    double value;
    if (!text) return true;
    value = strtod(text, &end);
    if (end != text && *end == '%') value /= 100, end++;
    if (end == text || *end || !(value > 0 && value < 1)) {
        cli_error("--max-loss %s: expected a part of 1 or percent, above 0, such as 0.5%%; '--precision fp32' loses nothing", text);
        return false;
    }
    *loss = value;
    return true;
}

static int count_of(char **list)
{
    int count = 0;
    while (list && list[count]) count++;
    return count;
}

/* What is built of, as long as it is needed. */
typedef struct job {
    fov_model         *model;
    fov_calibration   *calibration;
    cli_photos         photos;
    fov_photo_source   source;
    fov_engine_options options;
} job;

/* Photos of the user, or else the bundled one, which at least shows whether the engine works. */
static cli_exit open_photos(job *j)
{
    const char *bundled = cli_bundled_photo();
    const bool  measured = j->options.precision != FOV_PRECISION_FP32;
    const int   count = count_of(calibrate_on);
    if (!count && (!bundled || !measured)) return CLI_OK;
    const bool opened = count ? cli_photos_open(&j->photos, "build", count, (const char *const *)calibrate_on)
                              : cli_photos_open(&j->photos, "build", 1, &bundled);
    if (!opened) return CLI_USAGE;
    j->source = cli_photos_source(&j->photos);
    j->options.photos = &j->source;
    return CLI_OK;
}

static cli_exit open_cache(job *j)
{
    fov_error err = {0};
    char     *mapping = NULL;
    if (slots[MAPPING] && !(mapping = cli_text_file("--mapping", slots[MAPPING]))) return CLI_USAGE;
    fov_status st = slots[CACHE] ? fov_calibration_load(slots[CACHE], j->model, mapping, &j->calibration, &err) : FOV_OK;
    free(mapping);
    if (st) {
        cli_error("%s", err.message);
        return CLI_MODEL;
    }
    j->options.calibration = j->calibration;
    return CLI_OK;
}

static cli_exit read_options(job *j)
{
    fov_error err = {0};
    if (slots[PRECISION] && fov_precision_parse(slots[PRECISION], &j->options.precision, &err)) {
        cli_error("--precision: %s", err.message);
        return CLI_USAGE;
    }
    if (!parse_loss(slots[MAX_LOSS], &j->options.max_loss)) return CLI_USAGE;
    if (slots[MAX_LOSS] && j->options.precision != FOV_PRECISION_AUTO && j->options.precision != FOV_PRECISION_MIXED) {
        cli_error("--max-loss is for --precision mixed and auto: %s is taken whatever it loses",
                  fov_precision_name(j->options.precision));
        return CLI_USAGE;
    }
    if (slots[MAPPING] && !slots[CACHE]) {
        cli_error("--mapping is for names in a cache that --cache reads");
        return CLI_USAGE;
    }
    if (!cli_is_writable(slots[OUT])) return CLI_OUTPUT;
    cli_exit code = cli_backend(&j->options);
    if (code) return code;
    j->options.repair = repair;
    j->options.keep_weights = true;
    j->options.progress = cli_progress_of_work;
    return CLI_OK;
}

static cli_exit build_and_save(const job *j)
{
    fov_engine *engine;
    fov_error   err = {0};
    json_t     *slower = NULL;
    double      start = cli_now_s();
    fov_status  st = fov_engine_build(j->model, &j->options, &engine, &err);
    if (!st) st = cli_build_slower(j->model, &j->options, engine, &slower, &err);
    cli_progress_hide();
    if (!st) cli_tell_backend(engine);
    cli_exit code = st == FOV_ERR_CANCELLED ? cli_interrupt_code() : st ? CLI_MODEL : CLI_OK;
    if (!st && (st = fov_engine_save(engine, slots[OUT], &err))) code = CLI_OUTPUT;
    if (st && st != FOV_ERR_CANCELLED) cli_error("%s", err.message);
    if (!st) {
        cli_warn_of_slower(engine, slower);
        if (as_json) code = cli_build_print_json(engine, slower);
        else cli_build_report(engine, slots[OUT], cli_now_s() - start);
    }
    json_decref(slower);
    fov_engine_free(engine);
    return code;
}

cli_exit cli_build(int count, const char **args)
{
    job      j = {0};
    cli_exit code;
    cli_interrupt_watch();
    if (count != 1 || !slots[OUT]) {
        cli_error("build needs a model and a name to write, as in 'fovea build model.pth -o model.fov'");
        return CLI_USAGE;
    }
    if ((code = read_options(&j)) || (code = cli_cpu_limit())) return code;
    if ((code = cli_model_open(args[0], &j.model))) return code;
    if (!(code = open_photos(&j)) && !(code = open_cache(&j))) code = build_and_save(&j);
    if (!code && j.options.photos && cli_photos_failed(&j.photos)) code = CLI_SOME_FAILED;
    cli_photos_clear(&j.photos);
    fov_calibration_free(j.calibration);
    fov_model_free(j.model);
    return code;
}
