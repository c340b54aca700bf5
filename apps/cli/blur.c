// SPDX-License-Identifier: MIT
/* fovea blur [OPTION...] INPUT... */
#include "blur.h"

#include "clock.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "interrupt.h"
#include "memory.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIST = 1, OUTPUT, N_SLOT };
static char  *slots[N_SLOT];
static char **lists;
static int    in_place, as_json;

static const float LEAST_SCORE = 0.4F; /* a face too many that is hidden costs less than one that is not */

static struct poptOption blur_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"output", 'o', POPT_ARG_STRING, NULL, OUTPUT, "folder for the copies, named as their inputs; of one input, also a file",
     "PATH"},
    {"in-place", '\0', POPT_ARG_NONE, &in_place, 0, "replace the inputs; nothing else ever does", NULL},
    {"list", '\0', POPT_ARG_ARGV, &lists, 0, "read names and patterns from FILE, one a line; may be repeated", "FILE"},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print one JSON array", NULL},
    CLI_INCLUDE(cli_blur_style_options, "How faces are hidden:"),
    CLI_INCLUDE(cli_blur_video_options, "Videos:"),
    CLI_INCLUDE(cli_model_option, "How they are found; --score is 0.4 here, and half of it where a video's face is followed:"),
    CLI_INCLUDE(cli_precision_option, NULL),
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(cli_detect_options, NULL),
    CLI_INCLUDE(cli_decode_options, NULL),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engines_options, "Engine:"),
    CLI_INCLUDE(cli_gpu_options, NULL),
    POPT_TABLEEND};

const cli_manual cli_blur_manual = {
    .arguments = "[OPTION...] INPUT...",
    .about =
        "Writes copies of photos and videos in which faces are hidden. INPUT is a photo (JPEG, PNG, WebP), a video, a folder of\n"
        "them, a quoted pattern, or @FILE, a list of these. Of a JPEG only the blocks under a face are encoded again. EXIF,\n"
        "colour profile and the like stay, thumbnails and previews do not. In videos faces are followed, and covered where\n"
        "they are not found for some frames; sound, times and rotation stay. No detector finds every face: look at what\n"
        "comes out before it is published.\n",
    .examples = "  fovea blur photo.jpg -o hidden.jpg\n"
                "  fovea blur --style solid --shape box --strip-location photos/ -o hidden/\n"
                "  fovea blur interview.mp4 -o hidden.mp4\n"
                "  fovea blur interview.mp4 --review tracks.json     # then edit \"hide\" in it\n"
                "  fovea blur interview.mp4 --apply tracks.json -o hidden.mp4\n"
                "  fovea blur --backend cuda --in-place archive/\n",
    .options = blur_options,
};

/* ---------------------------------------------------------------- where copies go */

static bool is_folder(const char *path)
{
    struct stat  info;
    const size_t size = strlen(path);
    return (size && path[size - 1] == '/') || (!stat(path, &info) && S_ISDIR(info.st_mode));
}

char *cli_blur_path(cli_blur_job *b, size_t input)
{
    if (!b->output) return cli_strdup(b->inputs.item[input].path);
    if (b->into_folder) return cli_outputs_claim(&b->outputs, input, b->output);
    return cli_outputs_may_replace(&b->outputs, b->output) ? cli_strdup(b->output) : NULL;
}

/* A folder, unless one file was named and the output is none. */
static bool choose_outputs(cli_blur_job *b, int count, const char *const *args)
{
    const bool one_file = count == 1 && !lists && b->inputs.count == 1 && !is_folder(args[0]);
    b->output = slots[OUTPUT];
    if (b->options.review) {
        if (b->inputs.count == 1 && b->is_video[0] && !b->output && !in_place) return true;
        cli_error("--review FILE: looks at one video and writes no other; leave out -o and --in-place");
        return false;
    }
    if (b->options.apply && (b->inputs.count != 1 || !b->is_video[0])) {
        cli_error("--apply FILE: is of one video");
        return false;
    }
    if (!b->output == !in_place) {
        cli_error("say where the copies go: -o PATH, or --in-place to replace the inputs");
        return false;
    }
    b->into_folder = b->output && (!one_file || is_folder(b->output));
    return true;
}

/* ---------------------------------------------------------------- the run */

static bool get_inputs(cli_blur_job *b, int count, const char **args)
{
    b->inputs.endings = CLI_PICTURE_ENDINGS " " CLI_VIDEO_ENDINGS;
    for (int i = 0; i < count; i++) {
        if (!strcmp(args[i], "-")) {
            cli_error("blur takes files, for videos are read twice, which standard input cannot be: name one");
            return false;
        }
        cli_inputs_add(&b->inputs, args[i]);
    }
    for (char **list = lists; list && *list; list++) cli_inputs_add_list(&b->inputs, *list);
    cli_outputs_init(&b->outputs, &b->inputs);
    b->is_video = cli_calloc(b->inputs.count, sizeof *b->is_video);
    for (size_t i = 0; i < b->inputs.count; i++)
        b->is_video[i] = !b->inputs.item[i].problem && fov_video_recognise(b->inputs.item[i].path);
    if (b->inputs.count) return true;
    cli_error("nothing to hide faces in: name files, folders or patterns; see 'fovea help blur'");
    return false;
}

static bool get_options(cli_blur_job *b)
{
    b->as_json = as_json;
    if (!cli_blur_options_get(&b->options)) return false;
    b->detect = fov_detect_options_default();
    b->detect.score_threshold = LEAST_SCORE;
    return cli_detect_options_lay_over(&b->detect);
}

static void do_inputs(cli_blur_job *b)
{
    cli_interrupt_watch();
    if (b->as_json) putchar('[');
    cli_blur_photos(b);
    for (size_t i = 0; i < b->inputs.count && !cli_interrupt_signal() && !b->stdout_failed; i++)
        if (b->is_video[i]) cli_blur_video(b, i);
    cli_progress_hide();
    if (b->as_json) fputs("\n]\n", stdout);
    if (!cli_stdout_end()) b->stdout_failed = true;
}

static cli_exit outcome(const cli_blur_job *b)
{
    if (b->output_failed || b->stdout_failed) return CLI_OUTPUT;
    if (cli_interrupt_signal()) return cli_interrupt_code();
    if (b->broken) return CLI_MODEL;
    return b->failed ? CLI_SOME_FAILED : CLI_OK;
}

static cli_exit run(cli_blur_job *b, int count, const char **args)
{
    const double start = cli_now_s();
    cli_exit     code;
    if (!get_options(b) || !get_inputs(b, count, args) || !choose_outputs(b, count, args)) return CLI_USAGE;
    if (b->into_folder && !cli_folder_make(b->output)) return CLI_OUTPUT;
    if (!b->options.apply && (code = cli_engine_open(&b->engine))) return code;
    do_inputs(b);
    if (b->inputs.skipped) cli_detail("%zu files in folders skipped", b->inputs.skipped);
    if (b->inputs.count > 1 && !b->stdout_failed)
        cli_note("%zu done, %zu faces and tracks hidden, %zu failed, %.1f s", b->done, b->faces, b->failed, cli_now_s() - start);
    return outcome(b);
}

cli_exit cli_blur(int count, const char **args)
{
    cli_blur_job b = {0};
    cli_exit     code = run(&b, count, args);
    cli_engine_close(&b.engine);
    cli_blur_options_clear(&b.options);
    cli_outputs_clear(&b.outputs);
    cli_inputs_clear(&b.inputs);
    free(b.is_video);
    return code;
}
