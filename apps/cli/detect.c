// SPDX-License-Identifier: MIT
/* fovea detect [OPTION...] INPUT... */
#include "clock.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "detect_video.h"
#include "engine.h"
#include "inputs.h"
#include "interrupt.h"
#include "memory.h"
#include "options.h"
#include "outputs.h"
#include "plugins.h"
#include "report.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>

enum { LIST = 1, DRAW, CROP, CROP_SIZE, MAX_PIXELS, MODE, N_SLOT, MAX_CROP = 4096 };
#define MODES "throughput|latency"
static char  *slots[N_SLOT];
static char **lists;
static int    as_json, as_ndjson, as_csv, strict;

static struct poptOption detect_options[] = {
    CLI_TEXT_SLOTS(slots),
    CLI_INCLUDE(cli_model_option, NULL),
    CLI_INCLUDE(cli_precision_option, NULL),
    {"list", '\0', POPT_ARG_ARGV, &lists, 0, "read names and patterns from FILE, one a line (- is standard input); may be repeated",
     "FILE"},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print one JSON array", NULL},
    {"ndjson", '\0', POPT_ARG_NONE, &as_ndjson, 0, "print one JSON object a line", NULL},
    {"csv", '\0', POPT_ARG_NONE, &as_csv, 0, "print a row a face", NULL},
    {"draw", '\0', POPT_ARG_STRING, NULL, DRAW, "write every photo with its faces marked into DIR", "DIR"},
    {"crop", '\0', POPT_ARG_STRING, NULL, CROP, "write every face, aligned by its landmarks, into DIR as STEM_1, STEM_2, ...",
     "DIR"},
    {"crop-size", '\0', POPT_ARG_STRING, NULL, CROP_SIZE, "width and height of those faces (default: 112)", "PIXELS"},
    {"strict", '\0', POPT_ARG_NONE, &strict, 0, "a truncated photo is an error; default: use what is there, with a warning", NULL},
    {"max-pixels", '\0', POPT_ARG_STRING, NULL, MAX_PIXELS, "refuse larger photos (default: 256 million)", "N"},
    CLI_INCLUDE(cli_threads_option, NULL),
    {"mode", '\0', POPT_ARG_STRING, NULL, MODE,
     "throughput: a photo per thread, the most photos a second; latency: all threads on one photo (default: throughput from two "
     "photos per thread on)",
     MODES},
    CLI_INCLUDE(cli_detect_options, "Network input and thresholds:"),
    CLI_INCLUDE(cli_decode_options, NULL),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engines_options, "Engine:"),
    CLI_INCLUDE(cli_gpu_options, NULL),
    POPT_TABLEEND};

const cli_manual cli_detect_manual = {
    .arguments = "[OPTION...] INPUT...",
    .about = "Finds faces and prints box, score and five landmarks of each, in pixels of the upright photo.\n"
             "INPUT is a photo (JPEG, PNG, WebP); a folder, searched with all folders below it for " CLI_PICTURE_ENDINGS ";\n"
             "a quoted pattern such as 'shots/*/a?.jpg'; @FILE, a list of these, one a line; or - for a photo on standard\n"
             "input. In folders, names that start with a dot are left out. A photo that cannot be read is reported, and the\n"
             "rest is done. --draw and --crop name pictures as their photos, with the folders below the one named.\n"
             "INPUT may also be videos: each frame is a record then, with --ndjson or --json, in which a face keeps its track's\n"
             "number, its box and landmarks are smoothed, and a score of 0 says that it was not found in this very frame.\n",
    .examples = "  fovea detect photo.jpg\n"
                "  fovea detect --json photos/ > faces.json\n"
                "  fovea detect --draw marked --crop faces --score 0.7 photos/ 'more/*.png'\n"
                "  fovea detect -m mobilenet0.25.pth --leaky 0 --size 640x640 --ndjson @list.txt\n"
                "  fetch-photo | fovea detect --csv -\n"
                "  fovea detect --ndjson interview.mp4 > faces.ndjson\n"
                "  fovea detect --backend cuda --device 0,1 --ndjson photos/\n",
    .options = detect_options,
};

typedef struct job {
    cli_engine         engine;
    fov_detect_options detect;
    fov_photo_options  photo;
    const cli_report  *report;
    const char        *draw, *crop; /* folders, or NULL */
    int                crop_size;
    const char        *mode;             /* NULL: as many photos ask for */
    bool               on_gpu, is_video; /* all inputs are */
    cli_inputs         inputs;
    cli_outputs        outputs;
    size_t             printed, faces, failed;
    bool               output_failed, stdout_failed, broken;
} job;

static bool get_max_pixels(uint64_t *out)
{
    double pixels = 0;
    bool   valid = cli_parse_number("--max-pixels", slots[MAX_PIXELS], 1, 1e15, &pixels);
    *out = (uint64_t)pixels;
    return valid;
}

static bool get_report(const cli_report **out)
{
    *out = as_json ? &cli_report_json : as_ndjson ? &cli_report_ndjson : as_csv ? &cli_report_csv : &cli_report_text;
    if (as_json + as_ndjson + as_csv < 2) return true;
    cli_error("--json, --ndjson and --csv exclude each other");
    return false;
}

static bool get_mode(const char **out)
{
    int index;
    *out = slots[MODE];
    return cli_parse_word("--mode", *out, MODES, &index);
}

static bool get_options(job *j)
{
    j->photo.strict = strict;
    j->draw = slots[DRAW];
    j->crop = slots[CROP];
    j->crop_size = 112;
    const bool valid = get_report(&j->report) && get_mode(&j->mode) &&
                       cli_parse_int("--crop-size", slots[CROP_SIZE], 1, MAX_CROP, &j->crop_size) &&
                       get_max_pixels(&j->photo.max_pixels) && cli_detect_options_get(&j->detect);
    if (valid && !j->draw && !j->crop) fov_photo_options_fit(&j->photo, &j->detect); /* pictures are made of all pixels */
    return valid;
}

static bool get_inputs(job *j, int count, const char **args)
{
    for (int i = 0; i < count; i++) cli_inputs_add(&j->inputs, args[i]);
    for (char **list = lists; list && *list; list++) cli_inputs_add_list(&j->inputs, *list);
    cli_outputs_init(&j->outputs, &j->inputs);
    if (j->inputs.count) return true;
    if (count || lists) cli_error("the lists name no photos");
    else cli_error("no photos: name files, folders or patterns, as in 'fovea detect photo.jpg'; see 'fovea help detect'");
    return false;
}

/* What is told of videos is not what is told of photos: so they do not come together. */
static bool look_for_videos(job *j)
{
    size_t videos = 0;
    for (size_t i = 0; i < j->inputs.count; i++) videos += fov_video_recognise(j->inputs.item[i].path);
    j->is_video = videos > 0;
    if (!videos) return true;
    if (videos < j->inputs.count) cli_error("%zu of %zu inputs are videos: name photos and videos apart", videos, j->inputs.count);
    else if (!as_json && !as_ndjson) cli_error("a video's frames are told as JSON: add --ndjson or --json");
    else if (j->draw || j->crop) cli_error("--draw and --crop are for photos; 'fovea blur' writes videos");
    else return true;
    return false;
}

static void print(job *j, cli_result *result)
{
    result->index = j->printed++;
    cli_stdout_begin();
    j->report->result(stdout, result);
    if (!cli_stdout_end()) j->stdout_failed = true;
}

/* The library's messages mostly start with the file's name; where they cannot, it is put before. */
static void fail(job *j, const char *file, const char *message)
{
    const char *name = strcmp(file, "-") ? file : "standard input";
    char       *text = strncmp(message, name, strlen(name)) ? cli_format("%s: %s", name, message) : cli_strdup(message);
    cli_error("%s", text);
    j->failed++;
    print(j, &(cli_result){.file = file, .error = text});
    free(text);
}

static bool write_crops(job *j, size_t input, const fov_image *image, const fov_faces *faces)
{
    fov_error err = {0};
    for (size_t i = 0; i < faces->count; i++) {
        fov_photo *crop = NULL;
        if (fov_face_crop(image, faces->face + i, j->crop_size, &crop, &err)) {
            cli_error("%s: face %zu: %s", j->inputs.item[input].path, i + 1, err.message);
            return false;
        }
        fov_image pixels = fov_photo_image(crop);
        bool      written = cli_outputs_write(&j->outputs, input, j->crop, i + 1, &pixels);
        fov_photo_free(crop);
        if (!written) return false;
    }
    return true;
}

static bool write_drawing(job *j, size_t input, fov_photo *photo, const fov_faces *faces)
{
    fov_error err = {0};
    if (fov_faces_draw(faces, photo, &err)) {
        cli_error("%s: %s", j->inputs.item[input].path, err.message);
        return false;
    }
    fov_image pixels = fov_photo_image(photo);
    return cli_outputs_write(&j->outputs, input, j->draw, 0, &pixels);
}

static void tell_times(const char *file, const fov_photo_result *r)
{
    cli_detail("%s: decode %.1f ms, preprocess %.1f ms, network %.1f ms, postprocess %.1f ms", file, r->load_s * 1e3,
               r->timing.preprocess_s * 1e3, r->timing.network_s * 1e3, r->timing.postprocess_s * 1e3);
}

/* What was found, printed and written. */
static void do_result(job *j, const fov_photo_result *r)
{
    const char *file = j->inputs.item[r->index].path;
    if (r->photo && *fov_photo_warning(r->photo)) cli_warning("%s: %s", file, fov_photo_warning(r->photo));
    if (r->status) {
        fail(j, file, r->message);
        return;
    }
    fov_image  image = fov_photo_image(r->photo);
    cli_result result = {.file = file, .width = fov_photo_width(r->photo), .height = fov_photo_height(r->photo), .faces = r->faces};
    char       name[128];
    if (j->on_gpu && !fov_device_name("cuda", r->device, name, sizeof name, NULL)) {
        result.backend = "cuda";
        result.device = name;
        result.device_number = r->device;
    }
    tell_times(file, r);
    j->faces += r->faces.count;
    print(j, &result);
    if (j->crop && !write_crops(j, r->index, &image, &r->faces)) j->output_failed = true;
    if (j->draw && !write_drawing(j, r->index, r->photo, &r->faces)) j->output_failed = true; /* last: it changes the pixels */
}

/* Also called by several threads at once: nothing of the job changes. */
static fov_status load(void *user, size_t index, fov_photo **photo, fov_error *err)
{
    const job       *j = user;
    const cli_input *in = j->inputs.item + index;
    if (!in->problem) return fov_photo_load(in->path, &j->photo, photo, err);
    err->code = FOV_ERR_IO;
    snprintf(err->message, sizeof err->message, "%s", in->problem);
    return FOV_ERR_IO;
}

static bool go_on(const job *j)
{
    return !cli_interrupt_signal() && !j->stdout_failed;
}

/* ---------------------------------------------------------------- latency: all threads on one photo */

static void do_input(job *j, size_t input)
{
    fov_photo_result r = {.index = input};
    fov_error        err = {0};
    const double     start = cli_now_s();
    r.status = load(j, input, &r.photo, &err);
    r.load_s = cli_now_s() - start;
    if (!r.status) {
        r.status = fov_detector_run_photo(j->engine.detector, r.photo, &j->detect, &r.faces, &err);
        r.timing = fov_detector_timing(j->engine.detector);
        r.device = j->engine.device;
    }
    r.message = err.message;
    do_result(j, &r);
    fov_photo_free(r.photo);
}

static void one_by_one(job *j)
{
    for (size_t i = 0; i < j->inputs.count && go_on(j); i++) {
        cli_progress(i, j->inputs.count, j->faces);
        do_input(j, i);
    }
}

/* ---------------------------------------------------------------- throughput: a photo per thread */

static bool done(void *user, const fov_photo_result *r)
{
    job *j = user;
    do_result(j, r);
    cli_progress(r->index + 1, j->inputs.count, j->faces);
    return go_on(j);
}

static void side_by_side(job *j)
{
    const fov_photo_source   photos = {j->inputs.count, load, j};
    const fov_photos_options options = {.detect = &j->detect,
                                        .threads = j->engine.threads,
                                        .devices = j->engine.devices,
                                        .n_device = j->engine.n_device,
                                        .tune_seconds = j->engine.tune_seconds,
                                        .tf32 = j->engine.tf32};
    j->photo.defer = !j->draw && !j->crop && !j->detect.full_decode;
    fov_error err = {0};
    cli_progress(0, j->inputs.count, 0);
    fov_status st = fov_photos_detect(j->engine.engine, &photos, &options, done, j, &err);
    j->broken = st && st != FOV_ERR_CANCELLED;
    if (j->broken) cli_error("%s", err.message);
}

static bool wants_throughput(const job *j)
{
    const size_t threads = (size_t)(j->engine.threads ? j->engine.threads : fov_cpu_threads());
    if (j->mode) return !strcmp(j->mode, "throughput");
    if (j->engine.n_device && j->inputs.count > 1) return true;
    return threads > 1 && j->inputs.count >= 2 * threads;
}

/* ---------------------------------------------------------------- videos */

static bool print_frame(void *user, cli_result *frame)
{
    job *j = user;
    print(j, frame);
    return go_on(j);
}

static void do_videos(job *j)
{
    for (size_t i = 0; i < j->inputs.count && go_on(j); i++) {
        fov_error        err = {0};
        const char      *file = j->inputs.item[i].path;
        const fov_status st = cli_detect_video(&j->engine, file, &j->detect, print_frame, j, &err);
        if (st && st != FOV_ERR_CANCELLED) fail(j, file, err.message);
    }
}

static void do_inputs(job *j)
{
    cli_interrupt_watch();
    if (j->report->begin) j->report->begin(stdout);
    if (j->is_video) do_videos(j);
    else if (wants_throughput(j)) side_by_side(j);
    else one_by_one(j);
    cli_progress_hide();
    if (j->report->end) j->report->end(stdout);
    if (!cli_stdout_end()) j->stdout_failed = true;
}

static void sum_up(const job *j, double elapsed_s)
{
    if (j->inputs.skipped) cli_detail("%zu files in folders skipped", j->inputs.skipped);
    if (j->inputs.count < 2 || j->stdout_failed || j->is_video) return;
    cli_note("%zu photos, %zu faces, %zu failed, %.1f s", j->printed - j->failed, j->faces, j->failed, elapsed_s);
}

static cli_exit outcome(const job *j)
{
    if (j->output_failed || j->stdout_failed) return CLI_OUTPUT;
    if (cli_interrupt_signal()) return cli_interrupt_code();
    if (j->broken) return CLI_MODEL;
    return j->failed ? CLI_SOME_FAILED : CLI_OK;
}

static cli_exit run(job *j, int count, const char **args)
{
    double   start = cli_now_s();
    cli_exit code;
    if (!get_options(j) || !get_inputs(j, count, args) || !look_for_videos(j)) return CLI_USAGE;
    if ((j->draw && !cli_folder_make(j->draw)) || (j->crop && !cli_folder_make(j->crop))) return CLI_OUTPUT;
    if ((code = cli_engine_open(&j->engine))) return code;
    j->on_gpu = !strcmp(fov_engine_backend(j->engine.engine), "cuda");
    if (j->engine.n_device && j->mode && !strcmp(j->mode, "latency")) {
        cli_error(
            "--mode latency: one photo after the other needs one GPU; name one with --device, or leave the mode to the photos");
        return CLI_USAGE;
    }
    cli_detail("%s: loaded in %.1f ms, engine built in %.1f ms", cli_model_path(), j->engine.load_s * 1e3, j->engine.build_s * 1e3);
    do_inputs(j);
    sum_up(j, cli_now_s() - start);
    return outcome(j);
}

cli_exit cli_detect(int count, const char **args)
{
    job      j = {0};
    cli_exit code = run(&j, count, args);
    cli_engine_close(&j.engine);
    cli_outputs_clear(&j.outputs);
    cli_inputs_clear(&j.inputs);
    return code;
}
