// SPDX-License-Identifier: MIT
/* fovea doctor: what can be used here. It answers a question, so that whatever the answer is, the exit status is 0. */
#include "command.h"
#include "console.h"
#include "fovea/fovea.h"
#include "json_read.h"

#include <stdarg.h>

static int as_json;

static struct poptOption options[] = {{"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL}, POPT_TABLEEND};

const cli_manual cli_doctor_manual = {
    .arguments = "[OPTION...]",
    .about =
        "Tells what Fovea finds here to run on: the processor and its features, NVIDIA's driver, GPUs and their memory, whether "
        "this\n"
        "build has kernels for them, and nvJPEG, which decodes photos on GPUs. The last line says whether CUDA can be used, and\n"
        "if not, why and what to do. The exit status is 0 in either case.\n",
    .examples = "  fovea doctor\n  fovea doctor --json\n",
    .options = options,
};

static void print_row(const char *title, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print_row(const char *title, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    printf("%-11s", title);
    vprintf(format, args);
    putchar('\n');
    va_end(args);
}

static void print_words(const json_t *list, const char *between)
{
    size_t  i;
    json_t *item;
    json_array_foreach(list, i, item) printf("%s%s", i ? between : "", json_string_value(item));
}

static void print_processor(const json_t *info)
{
    const json_t *cpu = json_object_get(info, "cpu");
    print_row("fovea", "%s", cli_json_text_of(info, "version"));
    print_row("processor", "%s, kernels for %s, %lld threads", cli_json_text_of(cpu, "brand"), cli_json_text_of(cpu, "used"),
              cli_json_count_of(info, "threads"));
    printf("%-11s", "features");
    print_words(json_object_get(cpu, "features"), " ");
    putchar('\n');
}

static void print_library(const char *title, const json_t *library, const char *otherwise)
{
    const char *version = cli_json_text_of(library, "version");
    printf("%-11s", title);
    cli_print_plain(stdout, json_is_null(json_object_get(library, "library")) ? otherwise : cli_json_text_of(library, "library"));
    if (*version) printf(", version %s", version);
    putchar('\n');
}

static void print_build(const json_t *cuda)
{
    const json_t *kernels = json_object_get(cuda, "kernels"), *driver = json_object_get(cuda, "driver");
    printf("%-11stoolkit %s, kernels for ", "cuda", cli_json_text_of(cuda, "toolkit"));
    print_words(json_object_get(kernels, "capabilities"), ", ");
    printf(" and, from PTX, later GPUs; a driver for CUDA %s is the least\n", cli_json_text_of(driver, "least"));
    print_library("driver", driver, "not found");
    print_library("nvjpeg", json_object_get(cuda, "nvjpeg"), "not found: photos are decoded on the processor");
}

static void print_memory(const json_t *device)
{
    const double gib = 0x1p30;
    if (json_is_integer(json_object_get(device, "free"))) printf("%.1f GiB of ", cli_json_number_of(device, "free") / gib);
    printf("%.1f GiB%s", cli_json_number_of(device, "memory") / gib,
           json_is_integer(json_object_get(device, "free")) ? " free" : "");
}

static void print_device(const json_t *device)
{
    const char *kernels = cli_json_text_of(device, "kernels"), *problem = cli_json_text_of(device, "problem");
    printf("gpu %-7lld", cli_json_count_of(device, "index"));
    if (json_object_get(device, "name")) {
        cli_print_plain(stdout, cli_json_text_of(device, "name"));
        printf(", capability %s, %lld multiprocessors, ", cli_json_text_of(device, "capability"),
               cli_json_count_of(device, "processors"));
        print_memory(device);
        if (*kernels) printf(", kernels %s", *kernels == 'n' ? "in this build" : "compiled from PTX");
        putchar('\n');
    }
    if (*problem) print_row("", "cannot be used: %s", problem);
}

static void print_text(const json_t *info)
{
    const json_t *cuda = json_object_get(info, "cuda");
    size_t        i;
    json_t       *device;
    print_processor(info);
    if (json_is_true(json_object_get(cuda, "built"))) print_build(cuda);
    json_array_foreach(json_object_get(cuda, "devices"), i, device) print_device(device);
    if (json_is_true(json_object_get(cuda, "usable"))) puts("CUDA can be used.");
    else printf("CUDA cannot be used: %s\n", cli_json_text_of(cuda, "problem"));
}

cli_exit cli_doctor(int count, const char **args)
{
    if (count) {
        cli_error("doctor takes no arguments; '%s' is one", args[0]);
        return CLI_USAGE;
    }
    char *text = fov_doctor_json();
    if (!text) return cli_no_memory();
    json_t *info = json_loads(text, 0, NULL);
    if (as_json) puts(text);
    else print_text(info);
    json_decref(info);
    fov_string_free(text);
    return CLI_OK;
}
