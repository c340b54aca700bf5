// SPDX-License-Identifier: MIT
#include "engine.h"

#include "clock.h"
#include "console.h"
#include "devices.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MODEL = 1, PRECISION, BACKEND, DEVICE, DEVICES, TUNE, CPU, THREADS, N_SLOT, MAX_THREADS = 1024, MAX_TUNE_SECONDS = 3600 };
static char *slots[N_SLOT];

struct poptOption cli_model_option[] = {CLI_TEXT_SLOTS(slots),
                                        {"model", 'm', POPT_ARG_STRING, NULL, MODEL,
                                         ".pth, .wts, .safetensors, .onnx, or an engine (.fov); default: the bundled model",
                                         "MODEL"},
                                        POPT_TABLEEND};

struct poptOption cli_precision_option[] = {
    CLI_TEXT_SLOTS(slots),
    {"precision", 'p', POPT_ARG_STRING, NULL, PRECISION,
     "of a model: fp32, bf16, fp16, int8, or auto: what is proven within half a point of FP32 and fast here (default)",
     "PRECISION"},
    POPT_TABLEEND};

static struct poptOption backend_option[] = {
    CLI_TEXT_SLOTS(slots),
    {"backend", '\0', POPT_ARG_STRING, NULL, BACKEND,
     "cpu (default), cuda: an NVIDIA GPU, auto: cuda where it can be used, else cpu, or reference: plain C, slow and sure",
     "cpu|cuda|auto|reference"},
    POPT_TABLEEND};

static int tf32; /* of --tf32 */

struct poptOption cli_gpu_options[] = {CLI_TEXT_SLOTS(slots),
                                       {"tune", '\0', POPT_ARG_STRING, NULL, TUNE,
                                        "on a GPU: take so long for each new input size to measure which kernels do its layers the "
                                        "fastest, and remember it (default: 0)",
                                        "SECONDS"},
                                       {"tf32", '\0', POPT_ARG_NONE, &tf32, 0,
                                        "on a GPU: let layers in fp32 multiply in TF32, faster and about as exact as fp16", NULL},
                                       POPT_TABLEEND};

static struct poptOption cpu_option[] = {
    CLI_TEXT_SLOTS(slots),
    {"cpu", '\0', POPT_ARG_STRING, NULL, CPU,
     "generic, avx2, avxvnni, avx512, avx512vnni, avx512bf16, avx512fp16 or amx: use nothing newer", "LEVEL"},
    POPT_TABLEEND};

struct poptOption cli_engine_options[] = {
    CLI_TEXT_SLOTS(slots),
    CLI_INCLUDE(backend_option, NULL),
    {"device", '\0', POPT_ARG_STRING, NULL, DEVICE, "number of the GPU, as 'fovea doctor' lists them (default: 0)", "GPU"},
    CLI_INCLUDE(cpu_option, NULL),
    POPT_TABLEEND};

struct poptOption cli_engines_options[] = {
    CLI_TEXT_SLOTS(slots),
    CLI_INCLUDE(backend_option, NULL),
    {"device", '\0', POPT_ARG_STRING, NULL, DEVICES,
     "numbers of the GPUs, as 'fovea doctor' lists them (default: 0); photos are shared out over several", "GPU[,GPU]"},
    CLI_INCLUDE(cpu_option, NULL),
    POPT_TABLEEND};

struct poptOption cli_threads_option[] = {
    CLI_TEXT_SLOTS(slots),
    {"threads", '\0', POPT_ARG_STRING, NULL, THREADS, "default: the processors this process may use", "N"},
    POPT_TABLEEND};

const char *cli_model_path(void)
{
    return slots[MODEL] ? slots[MODEL] : "default";
}

static cli_devices gpus; /* of --device */

static bool works_on_processor(const char *backend)
{
    return !strcmp(backend, "cpu") || !strcmp(backend, "reference");
}

/* A GPU that is named for the processor would be ignored, and the user not notice. */
static cli_exit get_devices(const char *backend)
{
    const char *text = slots[DEVICES] ? slots[DEVICES] : slots[DEVICE];
    gpus = (cli_devices){0};
    if (!text) return CLI_OK;
    if (works_on_processor(backend)) {
        cli_error("--device %s: names a GPU, and the backend %s works on the processor: add --backend cuda", text, backend);
        return CLI_USAGE;
    }
    return cli_devices_parse(text, slots[DEVICES] != NULL, &gpus) ? CLI_OK : CLI_USAGE;
}

/* As for --device. */
static cli_exit get_gpu_options(const char *backend, cli_engine *e)
{
    if (!cli_parse_number("--tune", slots[TUNE], 0, MAX_TUNE_SECONDS, &e->tune_seconds)) return CLI_USAGE;
    e->tf32 = tf32 != 0;
    if (!works_on_processor(backend)) return CLI_OK;
    if (e->tune_seconds > 0)
        cli_error("--tune %s: measures the kernels of a GPU, and the backend %s works on the processor: add --backend cuda",
                  slots[TUNE], backend);
    else if (e->tf32)
        cli_error("--tf32: is how a GPU multiplies, and the backend %s works on the processor: add --backend cuda", backend);
    return e->tune_seconds > 0 || e->tf32 ? CLI_USAGE : CLI_OK;
}

static const char *backend_name(void)
{
    return slots[BACKEND] ? slots[BACKEND] : "cpu";
}

cli_exit cli_backend(fov_engine_options *options)
{
    options->backend = backend_name();
    cli_exit code = get_devices(options->backend);
    if (!code && gpus.count) options->device = gpus.number[0];
    return code;
}

void cli_device_name(const fov_engine *engine, char *name, size_t bytes)
{
    if (fov_device_name(fov_engine_backend(engine), gpus.count ? gpus.number[0] : 0, name, bytes, NULL)) *name = '\0';
}

void cli_tell_backend(const fov_engine *engine)
{
    const char *backend = fov_engine_backend(engine), *reason = fov_engine_backend_reason(engine);
    char        name[128];
    cli_device_name(engine, name, sizeof name);
    cli_detail("backend %s: %s", backend, *reason ? reason : name);
}

static void warn_each_line(const char *lines)
{
    while (*lines) {
        int n = (int)strcspn(lines, "\n");
        if (n) cli_warning("%.*s", n, lines);
        lines += n + (lines[n] == '\n');
    }
}

cli_exit cli_model_open(const char *path, fov_model **model)
{
    fov_error         err = {0};
    fov_model_options options = {.settings = cli_settings(), .head_plugin = cli_head_plugin()};
    cli_exit          code = cli_plugins(&options.plugins, &options.n_plugin);
    if (code) return code;
    if (fov_model_load(path, &options, model, &err)) {
        cli_error("%s", err.message);
        return CLI_MODEL;
    }
    warn_each_line(fov_model_warnings(*model));
    return CLI_OK;
}

cli_exit cli_cpu_limit(void)
{
    fov_error err = {0};
    if (!slots[CPU] || !fov_cpu_limit(slots[CPU], &err)) return CLI_OK;
    cli_error("--cpu %s: %s", slots[CPU], err.message);
    return CLI_USAGE;
}

/* What was tried is told. */
static cli_exit opened(fov_status status, fov_engine *const *engine, const fov_error *err)
{
    if (status) {
        cli_error("%s", err->message);
        return CLI_MODEL;
    }
    cli_tell_backend(*engine);
    return CLI_OK;
}

static cli_exit build(const fov_model *model, fov_precision precision, fov_engine **engine)
{
    fov_error          err = {0};
    fov_engine_options options = {.precision = precision};
    cli_exit           code = cli_cpu_limit();
    if (!code) code = cli_backend(&options);
    return code ? code : opened(fov_engine_build(model, &options, engine, &err), engine, &err);
}

cli_exit cli_engine_build(const fov_model *model, fov_engine **engine)
{
    return build(model, FOV_PRECISION_AUTO, engine);
}

bool cli_is_engine(const char *path)
{
    static const char magic[] = "\x89"
                                "FOV\r\n";
    char              start[sizeof magic - 1];
    struct stat       info;
    if (stat(path, &info) || !S_ISREG(info.st_mode)) return false; /* a pipe can be read once only */
    FILE *file = fopen(path, "rbe");
    bool  is_engine = file && fread(start, sizeof start, 1, file) && !memcmp(start, magic, sizeof start);
    if (file) fclose(file);
    return is_engine;
}

cli_exit cli_engine_load(const char *path, fov_engine **engine)
{
    fov_error          err = {0};
    fov_engine_options options = {0};
    cli_exit           code = cli_cpu_limit();
    if (!code) code = cli_backend(&options);
    if (!code) code = cli_plugins(&options.plugins, &options.n_plugin);
    if (code) return code;
    if (cli_settings()) {
        cli_error("%s: is an engine and carries its settings: give them when it is built", path);
        return CLI_USAGE;
    }
    if (cli_head_plugin()) {
        cli_error("--heads %s: %s is an engine, whose heads are decoded as it was built: give --heads when it is built",
                  cli_head_plugin(), path);
        return CLI_USAGE;
    }
    return opened(fov_engine_load(path, &options, engine, &err), engine, &err);
}

cli_exit cli_engine_at(const char *path, fov_precision precision, fov_engine **engine)
{
    fov_model *model = NULL;
    if (cli_is_engine(path)) return cli_engine_load(path, engine);
    cli_exit code = cli_model_open(path, &model);
    if (!code) code = build(model, precision, engine);
    fov_model_free(model);
    return code;
}

cli_exit cli_threads(int *threads)
{
    *threads = 0;
    return cli_parse_int("--threads", slots[THREADS], 0, MAX_THREADS, threads) ? CLI_OK : CLI_USAGE;
}

/* The bundled model comes with an engine, which the library takes where it serves. */
static cli_exit open_bundled(fov_engine **engine)
{
    fov_error          err = {0};
    fov_engine_options options = {0};
    cli_exit           code = cli_cpu_limit();
    if (!code) code = cli_backend(&options);
    return code ? code : opened(fov_engine_open("default", NULL, &options, engine, &err), engine, &err);
}

/* Exactly one of e->engine and e->model. */
static cli_exit open_file(cli_engine *e, fov_precision precision)
{
    const char *path = cli_model_path();
    if (cli_is_engine(path)) {
        if (precision == FOV_PRECISION_AUTO) return cli_engine_load(path, &e->engine);
        cli_error("--precision %s: %s is an engine, whose precision was chosen when it was built", fov_precision_name(precision),
                  path);
        return CLI_USAGE;
    }
    const fov_plugin *const *plugins;
    size_t                   n_plugin;
    cli_exit                 code = cli_plugins(&plugins, &n_plugin);
    if (code) return code;
    if (!strcmp(path, "default") && precision == FOV_PRECISION_AUTO && !cli_settings() && !n_plugin)
        return open_bundled(&e->engine);
    return cli_model_open(path, &e->model);
}

static void tell_precision(const cli_engine *e, fov_precision asked)
{
    if (asked == FOV_PRECISION_INT8)
        cli_warning(
            "%s: in int8 with ranges guessed from its BatchNorm statistics, and nobody measured the loss: `fovea build` does",
            cli_model_path());
    const char *reason = fov_engine_reason(e->engine);
    if (asked != FOV_PRECISION_AUTO) return;
    cli_detail("%s: precision %s: %s", cli_model_path(), fov_precision_name(fov_engine_precision(e->engine)),
               *reason                           ? reason
               : cli_is_engine(cli_model_path()) ? "as the engine was built"
                                                 : "nothing is proven about others; `fovea build` can");
}

static cli_exit get_precision(fov_precision *precision)
{
    fov_error err = {0};
    *precision = FOV_PRECISION_AUTO;
    if (!slots[PRECISION] || !fov_precision_parse(slots[PRECISION], precision, &err)) return CLI_OK;
    cli_error("--precision: %s", err.message);
    return CLI_USAGE;
}

cli_exit cli_engine_choose(cli_engine_choice *choice)
{
    cli_engine gpu = {0};
    *choice = (cli_engine_choice){0};
    cli_exit code = cli_cpu_limit();
    if (!code) code = cli_backend(&choice->options);
    if (!code) code = get_gpu_options(backend_name(), &gpu);
    if (!code) code = get_precision(&choice->options.precision);
    choice->devices = gpus.number;
    choice->n_device = gpus.count;
    choice->tune_seconds = gpu.tune_seconds;
    choice->tf32 = gpu.tf32;
    return code;
}

static cli_exit open_all(cli_engine *e)
{
    fov_precision precision;
    fov_error     err = {0};
    double        start = cli_now_s();
    cli_exit      code;

    if ((code = cli_threads(&e->threads))) return code;
    if ((code = get_gpu_options(backend_name(), e))) return code;
    if ((code = get_precision(&precision))) return code;
    if ((code = open_file(e, precision))) return code;
    e->load_s = cli_now_s() - start;
    if (!e->engine && (code = build(e->model, precision, &e->engine))) return code;
    e->build_s = cli_now_s() - start - e->load_s;
    tell_precision(e, precision);
    const bool on_gpu = !strcmp(fov_engine_backend(e->engine), "cuda");
    if (on_gpu && gpus.count) e->device = gpus.number[0];
    if (on_gpu && gpus.count > 1) {
        e->devices = gpus.number;
        e->n_device = gpus.count;
    }
    const fov_detector_options options = {.threads = e->threads, .tune_seconds = e->tune_seconds, .tf32 = e->tf32};
    if (fov_detector_new(e->engine, &options, &e->detector, &err)) {
        cli_error("%s", err.message);
        return CLI_MODEL;
    }
    return CLI_OK;
}

cli_exit cli_engine_open(cli_engine *e)
{
    *e = (cli_engine){0};
    cli_exit code = open_all(e);
    if (code) cli_engine_close(e);
    return code;
}

void cli_engine_close(cli_engine *e)
{
    fov_detector_free(e->detector);
    fov_engine_free(e->engine);
    fov_model_free(e->model);
    *e = (cli_engine){0};
}
