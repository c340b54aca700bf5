// SPDX-License-Identifier: MIT
/* fovea eval --wider GROUND_TRUTH IMAGES */
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "eval_entrants.h"
#include "eval_report.h"
#include "interrupt.h"
#include "memory.h"
#include "options.h"
#include "outputs.h"
#include "plugins.h"
#include "settings.h"
#include "writable.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WIDER = 1, CURVES, DETECTIONS, N_SLOT };
static char *slots[N_SLOT];
static int   as_json, skip_missing;

static struct poptOption options[] = {
    CLI_TEXT_SLOTS(slots),
    {"wider", '\0', POPT_ARG_STRING, NULL, WIDER,
     "ground truth: JSON, wider_face_val.mat or its folder, or wider_face_val_bbx_gt.txt", "FILE"},
    CLI_INCLUDE(cli_entrant_options, NULL),
    {"curves", '\0', POPT_ARG_STRING, NULL, CURVES, "draw precision over recall into FILE: .svg or .png", "FILE"},
    {"detections", '\0', POPT_ARG_STRING, NULL, DETECTIONS,
     "write what is found into DIR as EVENT/PHOTO.txt, for WIDER's own tools", "DIR"},
    {"skip-missing", '\0', POPT_ARG_NONE, &skip_missing, 0, "leave out photos that are not there, with their faces", NULL},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL},
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(cli_detect_options, "Network input and thresholds; not given: --size native --score 0.02 --nms 0.4:"),
    CLI_INCLUDE(cli_decode_options, NULL),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engine_options, "Engine:"),
    POPT_TABLEEND};

const cli_manual cli_eval_manual = {
    .arguments = "[OPTION...] --wider GROUND_TRUTH IMAGES",
    .about =
        "Measures average precision on photos whose faces are known, by WIDER FACE's protocol: easy, medium and hard.\n"
        "IMAGES is the folder of the photos. Several models or engines (-m) and precisions (--precision) stand side by side: each\n"
        "model is measured in each precision, and the first is what the others are compared with, in points.\n"
        "docs/evaluate.md tells the forms of ground truth and what the figures mean.\n",
    .examples = "  fovea eval --wider ground_truth.json images\n"
                "  fovea eval --wider eval_tools/ground_truth --precision fp32 --precision fp16 WIDER_val/images\n"
                "  fovea eval --wider ground_truth.json -m model.onnx -m engine.fov --curves pr.svg images\n",
    .options = options,
};

typedef struct job {
    fov_truth         *truth;
    cli_entrants       entrants;
    fov_detect_options detect;
    fov_evaluation    *evaluation;
} job;

static bool is_picture(const char *path)
{
    const char *dot = strrchr(path, '.');
    if (dot && (!strcasecmp(dot, ".svg") || !strcasecmp(dot, ".png"))) return true;
    cli_error("--curves %s: a name that ends with .svg or .png is expected", path);
    return false;
}

static cli_exit check_usage(job *j, int count)
{
    if (count != 1 || !slots[WIDER]) {
        cli_error("eval needs a ground truth and the folder of its photos, as in 'fovea eval --wider ground_truth.json images'");
        return CLI_USAGE;
    }
    if (slots[CURVES] && !is_picture(slots[CURVES])) return CLI_USAGE;
    if (!cli_is_writable(slots[CURVES])) return CLI_OUTPUT;
    j->detect = fov_detect_options_wider();
    return cli_detect_options_lay_over(&j->detect) ? CLI_OK : CLI_USAGE;
}

static cli_exit measure(job *j, const char *images)
{
    fov_error                  err = {0};
    const fov_evaluate_options how = {.detect = &j->detect,
                                      .threads = j->entrants.threads,
                                      .skip_missing = skip_missing,
                                      .detections = slots[DETECTIONS],
                                      .progress = cli_progress_of_work};
    cli_interrupt_watch();
    fov_status st = fov_evaluate(j->entrants.item, j->entrants.count, j->truth, images, &how, &j->evaluation, &err);
    cli_progress_hide();
    if (st == FOV_ERR_CANCELLED) return cli_interrupt_code();
    if (st) cli_error("%s", err.message);
    return st ? CLI_SOME_FAILED : CLI_OK;
}

static cli_exit report(const job *j)
{
    fov_error err = {0};
    char     *json = fov_evaluation_json(j->evaluation);
    if (!json) return cli_no_memory();
    if (as_json) puts(json);
    else cli_eval_print(json);
    fov_string_free(json);
    if (!slots[CURVES] || !fov_evaluation_save_curves(j->evaluation, slots[CURVES], &err)) return CLI_OK;
    cli_error("%s", err.message);
    return CLI_OUTPUT;
}

static cli_exit run(job *j, int count, const char **args)
{
    fov_error err = {0};
    cli_exit  code = check_usage(j, count);
    if (code) return code;
    if (fov_truth_load(slots[WIDER], &j->truth, &err)) {
        cli_error("%s", err.message);
        return CLI_SOME_FAILED;
    }
    if (slots[DETECTIONS] && !cli_folder_make(slots[DETECTIONS])) return CLI_OUTPUT;
    if ((code = cli_entrants_open(&j->entrants))) return code;
    if ((code = measure(j, args[0]))) return code;
    return report(j);
}

cli_exit cli_eval(int count, const char **args)
{
    job      j = {0};
    cli_exit code = run(&j, count, args);
    fov_evaluation_free(j.evaluation);
    cli_entrants_close(&j.entrants);
    fov_truth_free(j.truth);
    return code;
}
