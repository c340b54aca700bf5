// SPDX-License-Identifier: MIT
/* fovea calibrate NETWORK PHOTO... -o CACHE */
#include "calibrate_print.h"
#include "clock.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "interrupt.h"
#include "memory.h"
#include "options.h"
#include "photos.h"
#include "plugins.h"
#include "settings.h"
#include "text_file.h"
#include "values.h"
#include "writable.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OUTPUT = 1, METHOD, PERCENTILE, FORMAT, FROM, MAPPING, N_SLOT };
#define FORMATS "fovea|tensorrt"
static char *slots[N_SLOT];
static int   as_json;

static const double SAVE_EVERY_S = 30; /* what an interruption that cannot be caught costs at most */

static struct poptOption calibrate_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"output", 'o', POPT_ARG_STRING, NULL, OUTPUT, "the cache to write", "FILE"},
    {"method", '\0', POPT_ARG_STRING, NULL, METHOD, "mse (default), min-max, percentile or entropy", "METHOD"},
    {"percentile", '\0', POPT_ARG_STRING, NULL, PERCENTILE, "of the numbers on each side that are kept (default: 99.99)", "P"},
    {"format", '\0', POPT_ARG_STRING, NULL, FORMAT, "of FILE: fovea (default) or tensorrt", FORMATS},
    {"from", '\0', POPT_ARG_STRING, NULL, FROM, "take the ranges from a cache, Fovea's or TensorRT's, instead of photos", "CACHE"},
    {"mapping", '\0', POPT_ARG_STRING, NULL, MAPPING, "with --from: lines of 'their name = our name'", "FILE"},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print ranges and scales as JSON", NULL},
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(cli_detect_options, "Network input (thresholds change nothing here):"),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    POPT_TABLEEND};

const cli_manual cli_calibrate_manual = {
    .arguments = "[OPTION...] NETWORK PHOTO...",
    .about =
        "Runs a model on photos and writes a cache of the ranges that its tensors need in INT8, for 'fovea build --cache'.\n"
        "PHOTO is what 'fovea detect' takes, but for standard input; a hundred are plenty. Their order does not matter. While\n"
        "it runs, and when it is interrupted, what was collected lies in FILE.partial; the same command goes on from there.\n"
        "With --from it reads a cache, checks that it fits NETWORK, and shows it, or writes it in another format.\n",
    .examples = "  fovea calibrate default photos/ -o default.cache\n"
                "  fovea calibrate --method percentile --percentile 99.999 mobilenet0.25.pth photos/ -o mobilenet.cache\n"
                "  fovea calibrate default photos/ --format tensorrt -o calibration.table\n"
                "  fovea calibrate default --from calibration.table --mapping names.txt -o default.cache\n"
                "  fovea calibrate default --from default.cache\n",
    .options = calibrate_options,
};

typedef struct job {
    fov_calibration_method method;
    double                 percentile;
    bool                   tensorrt;
    fov_detect_options     detect;
    int                    threads;
    fov_model             *model;
    cli_photos             photos;
    size_t                 failed; /* photos that the network could not run on */
    char                  *partial;
    fov_calibrator        *calibrator;
    fov_calibration       *calibration;
} job;

static cli_exit say(const fov_error *err, cli_exit code)
{
    cli_error("%s", err->message);
    return err->code == FOV_ERR_MEMORY ? CLI_INTERNAL : code;
}

/* ---------------------------------------------------------------- options */

static bool get_options(job *j)
{
    int method = FOV_CALIBRATE_MSE, format = 0;
    if (!cli_parse_word("--method", slots[METHOD], CLI_METHODS, &method) ||
        !cli_parse_word("--format", slots[FORMAT], FORMATS, &format) ||
        !cli_parse_number("--percentile", slots[PERCENTILE], 50.001, 100, &j->percentile) || !cli_detect_options_get(&j->detect))
        return false;
    j->method = (fov_calibration_method)method;
    j->tensorrt = format == 1;
    if (slots[PERCENTILE] && j->method != FOV_CALIBRATE_PERCENTILE) {
        cli_error("--percentile needs --method percentile");
        return false;
    }
    return true;
}

static bool check_arguments(int count)
{
    if (!count) cli_error("calibrate needs a model, as in 'fovea calibrate default photos/ -o default.cache'");
    else if (slots[FROM] && count > 1) cli_error("--from takes the place of photos: name one or the other");
    else if (slots[MAPPING] && !slots[FROM]) cli_error("--mapping is for names in a cache that --from reads");
    else if (!slots[FROM] && !slots[OUTPUT]) cli_error("calibrate needs a name to write, as in '-o default.cache'");
    else return true;
    return false;
}

/* ---------------------------------------------------------------- photos */

static bool save_partial(const job *j)
{
    fov_error err = {0};
    if (!fov_calibrator_count(j->calibrator) || !fov_calibrator_save(j->calibrator, j->partial, &err)) return true;
    cli_warning("%s: what was collected is lost when this is interrupted", err.message);
    return false;
}

/* Look again at the photos that the state knows: a state of other photos would slip its numbers in among these. */
static cli_exit confirm(job *j)
{
    fov_error err = {0};
    for (size_t i = 0; i < j->photos.inputs.count && fov_calibrator_unconfirmed(j->calibrator); i++) {
        fov_photo *photo = cli_photos_load(&j->photos, i);
        if (!photo) continue;
        const fov_image image = fov_photo_image(photo);
        if (fov_calibrator_has(j->calibrator, &image)) fov_calibrator_add(j->calibrator, &image, NULL, &err);
        fov_photo_free(photo);
    }
    const size_t others = fov_calibrator_unconfirmed(j->calibrator);
    if (!others) return CLI_OK;
    cli_error("%s: %zu of the photos it knows are not among those named now: name all of them, or remove it to start over",
              j->partial, others);
    return CLI_USAGE;
}

static cli_exit resume(job *j)
{
    fov_error err = {0};
    if (access(j->partial, F_OK)) return CLI_OK;
    if (fov_calibrator_resume(j->calibrator, j->partial, &err)) return say(&err, CLI_MODEL);
    cli_note("%s: going on after %zu photos", j->partial, fov_calibrator_count(j->calibrator));
    return confirm(j);
}

static void add_photo(job *j, size_t index)
{
    fov_error  err = {0};
    fov_photo *photo = cli_photos_load(&j->photos, index);
    if (!photo) return;
    const fov_image image = fov_photo_image(photo);
    if (fov_calibrator_add(j->calibrator, &image, j->photos.inputs.item[index].path, &err)) {
        cli_error("%s", err.message);
        j->failed++;
    }
    fov_photo_free(photo);
}

static cli_exit add_photos(job *j)
{
    const size_t total = j->photos.inputs.count;
    double       saved = cli_now_s();
    cli_interrupt_watch();
    for (size_t i = 0; i < total && cli_progress_of_work(NULL, "photos", i, total); i++) {
        add_photo(j, i);
        if (cli_now_s() - saved < SAVE_EVERY_S) continue;
        save_partial(j);
        saved = cli_now_s();
    }
    cli_progress_hide();
    if (!cli_interrupt_signal()) return CLI_OK;
    if (save_partial(j))
        cli_note("%s: keeps %zu photos; the same command goes on from there", j->partial, fov_calibrator_count(j->calibrator));
    return cli_interrupt_code();
}

static cli_exit calibrate(job *j, int count, const char **args)
{
    const fov_calibrator_options options = {.detect = &j->detect, .threads = j->threads};
    fov_error                    err = {0};
    cli_exit                     code;
    if (!cli_photos_open(&j->photos, "calibrate", count - 1, args + 1)) return CLI_USAGE;
    j->partial = cli_format("%s.partial", slots[OUTPUT]);
    if (fov_calibrator_new(j->model, &options, &j->calibrator, &err)) return say(&err, CLI_MODEL);
    if ((code = resume(j)) || (code = add_photos(j))) return code;
    if (!fov_calibrator_count(j->calibrator)) {
        cli_error("no photo could be used: there is nothing to calibrate on");
        return CLI_SOME_FAILED;
    }
    if (fov_calibrator_finish(j->calibrator, j->method, j->percentile, &j->calibration, &err)) return say(&err, CLI_INTERNAL);
    return CLI_OK;
}

/* ---------------------------------------------------------------- the whole */

static cli_exit read_cache(job *j)
{
    fov_error err = {0};
    char     *mapping = slots[MAPPING] ? cli_text_file("--mapping", slots[MAPPING]) : NULL;
    if (slots[MAPPING] && !mapping) return CLI_USAGE;
    const fov_status st = fov_calibration_load(slots[FROM], j->model, mapping, &j->calibration, &err);
    free(mapping);
    return st ? say(&err, CLI_MODEL) : CLI_OK;
}

static cli_exit print(const job *j)
{
    if (!as_json && slots[OUTPUT] && !cli_verbose) return CLI_OK;
    char *text = fov_calibration_describe_json(j->calibration);
    if (!text) return cli_no_memory();
    if (as_json) puts(text);
    else cli_print_calibration(text);
    fov_string_free(text);
    return cli_stdout_end() ? CLI_OK : CLI_OUTPUT;
}

static cli_exit write_cache(const job *j, double start)
{
    fov_error err = {0};
    if (!slots[OUTPUT]) return CLI_OK;
    if (fov_calibration_save(j->calibration, slots[OUTPUT], j->tensorrt, &err)) return say(&err, CLI_OUTPUT);
    if (j->partial) unlink(j->partial);
    const size_t failed = j->failed + cli_photos_failed(&j->photos), used = j->calibrator ? fov_calibrator_count(j->calibrator) : 0;
    if (j->calibrator)
        cli_note("%s: written, ranges from %zu %s, %zu failed, %.1f s", slots[OUTPUT], used, used == 1 ? "photo" : "photos", failed,
                 cli_now_s() - start);
    else cli_note("%s: written", slots[OUTPUT]);
    return failed ? CLI_SOME_FAILED : CLI_OK;
}

static cli_exit run(job *j, int count, const char **args)
{
    const double start = cli_now_s();
    cli_exit     code, printed;
    if (!get_options(j) || !check_arguments(count)) return CLI_USAGE;
    if (!cli_is_writable(slots[OUTPUT])) return CLI_OUTPUT;
    if ((code = cli_threads(&j->threads)) || (code = cli_model_open(args[0], &j->model))) return code;
    if ((code = slots[FROM] ? read_cache(j) : calibrate(j, count, args))) return code;
    code = write_cache(j, start);
    printed = print(j);
    return code ? code : printed;
}

cli_exit cli_calibrate(int count, const char **args)
{
    job      j = {0};
    cli_exit code = run(&j, count, args);
    fov_calibration_free(j.calibration);
    fov_calibrator_free(j.calibrator);
    fov_model_free(j.model);
    cli_photos_clear(&j.photos);
    free(j.partial);
    return code;
}
