// SPDX-License-Identifier: MIT
/* fovea compare A B PHOTOS... */
#include "command.h"
#include "compare_print.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "interrupt.h"
#include "memory.h"
#include "options.h"
#include "photos.h"
#include "plugins.h"
#include "settings.h"
#include "writable.h"

#include <stdlib.h>
#include <string.h>

enum { PRECISION_A = 1, PRECISION_B, HTML, N_SLOT };
static char *slots[N_SLOT];
static int   as_json, no_layers;

static struct poptOption compare_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"html", '\0', POPT_ARG_STRING, NULL, HTML, "write a report with plots and photos: one page that needs nothing else", "FILE"},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL},
    {"no-layers", '\0', POPT_ARG_NONE, &no_layers, 0, "compare the raw outputs and faces only", NULL},
    {"precision-a", '\0', POPT_ARG_STRING, NULL, PRECISION_A, "build model A at: fp32 (default), bf16, fp16, int8, auto",
     "PRECISION"},
    {"precision-b", '\0', POPT_ARG_STRING, NULL, PRECISION_B, "the same for B; an engine file has its own", "PRECISION"},
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(cli_detect_options, "Network input and suppression (faces count above a score of 0.5, whatever --score says):"),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engine_options, "Engine:"),
    POPT_TABLEEND};

const cli_manual cli_compare_manual = {
    .arguments = "[OPTION...] A B PHOTO...",
    .about = "Runs two models or engines on the same photos and tells what B costs against A: faces lost and gained, points of\n"
             "expected average precision, drift of scores, landmarks and boxes, and, for the raw outputs and each\n"
             "layer that both have by name, the signal-to-noise ratio and cosine. A and B are models (.pth, .wts, .safetensors,\n"
             ".onnx, 'default') or engines (.fov). PHOTO is what 'fovea detect' takes, but for standard input. Of the layers, the\n"
             "six worst are printed; -v prints all.\n",
    .examples = "  fovea compare default engine.fov photos/\n"
                "  fovea compare --html report.html mobilenet0.25.pth int8.fov photos/\n"
                "  fovea compare --precision-b bf16 default default photo.jpg\n"
                "  fovea compare --json old.onnx new.onnx photos/ | jq .agreement.loss\n",
    .options = compare_options,
};

typedef struct comparing {
    fov_detect_options detect;
    fov_precision      precision[2];
    fov_engine        *engine[2];
    cli_photos         photos;
    int                threads;
    fov_comparison    *result;
} comparing;

static bool get_precision(const char *option, const char *text, fov_precision *out)
{
    fov_error err = {0};
    *out = FOV_PRECISION_FP32;
    if (!text || !fov_precision_parse(text, out, &err)) return true;
    cli_error("%s: %s", option, err.message);
    return false;
}

static cli_exit get_options(comparing *c, int count, const char **args)
{
    cli_exit code;
    if (count < 3) {
        cli_error("compare needs two models or engines, and photos, as in 'fovea compare default engine.fov photos/'");
        return CLI_USAGE;
    }
    if (!get_precision("--precision-a", slots[PRECISION_A], &c->precision[0]) ||
        !get_precision("--precision-b", slots[PRECISION_B], &c->precision[1]) || !cli_detect_options_get(&c->detect))
        return CLI_USAGE;
    for (int i = 0; i < 2; i++) {
        if (!slots[PRECISION_A + i] || !cli_is_engine(args[i])) continue;
        cli_error("--precision-%c %s: %s is an engine, whose precision was chosen when it was built", 'a' + i,
                  slots[PRECISION_A + i], args[i]);
        return CLI_USAGE;
    }
    if (!cli_is_writable(slots[HTML])) return CLI_OUTPUT;
    if ((code = cli_threads(&c->threads))) return code;
    return cli_photos_open(&c->photos, "compare", count - 2, args + 2) ? CLI_OK : CLI_USAGE;
}

static const char *photo_name(void *user, size_t index)
{
    const cli_photos *photos = user;
    return photos->inputs.item[index].path;
}

static cli_exit compare(comparing *c, const char **args)
{
    const fov_compare_options options = {.detect = &c->detect,
                                         .threads = c->threads,
                                         .layers = !no_layers,
                                         .a_name = args[0],
                                         .b_name = args[1],
                                         .photo_name = photo_name,
                                         .progress = cli_progress_of_work};
    const fov_photo_source    source = cli_photos_source(&c->photos);
    fov_error                 err = {0};
    cli_interrupt_watch();
    const fov_status st = fov_compare(c->engine[0], c->engine[1], &source, &options, &c->result, &err);
    cli_progress_hide();
    if (!st) return CLI_OK;
    if (st == FOV_ERR_CANCELLED) return cli_interrupt_code();
    cli_error("%s", err.message);
    return st == FOV_ERR_MEMORY ? CLI_INTERNAL : CLI_SOME_FAILED;
}

static cli_exit print(const comparing *c)
{
    char *text = fov_comparison_json(c->result);
    if (!text) return cli_no_memory();
    if (as_json) puts(text);
    else cli_print_comparison(text, cli_verbose);
    fov_string_free(text);
    return cli_stdout_end() ? CLI_OK : CLI_OUTPUT;
}

static cli_exit write_page(const comparing *c)
{
    fov_error err = {0};
    if (!slots[HTML]) return CLI_OK;
    if (fov_comparison_save_html(c->result, slots[HTML], &err)) {
        cli_error("%s", err.message);
        return CLI_OUTPUT;
    }
    cli_note("%s: written", slots[HTML]);
    return CLI_OK;
}

static cli_exit run(comparing *c, int count, const char **args)
{
    cli_exit code = get_options(c, count, args), page;
    for (int i = 0; i < 2 && !code; i++) code = cli_engine_at(args[i], c->precision[i], &c->engine[i]);
    if (!code) code = compare(c, args);
    if (code) return code;
    code = print(c);
    page = write_page(c);
    if (code || page) return code ? code : page;
    return cli_photos_failed(&c->photos) ? CLI_SOME_FAILED : CLI_OK;
}

cli_exit cli_compare(int count, const char **args)
{
    comparing c = {0};
    cli_exit  code = run(&c, count, args);
    fov_comparison_free(c.result);
    fov_engine_free(c.engine[0]);
    fov_engine_free(c.engine[1]);
    cli_photos_clear(&c.photos);
    return code;
}
