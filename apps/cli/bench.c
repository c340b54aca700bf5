// SPDX-License-Identifier: MIT
/* fovea bench [PHOTO] */
#include "bench_layers.h"
#include "bench_stats.h"
#include "bundled_photo.h"
#include "clock.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "interrupt.h"
#include "json_text.h"
#include "json_whole.h"
#include "memory.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 1, N_SLOT, WARM_UP = 3, DEFAULT_ROUNDS = 50, MAX_ROUNDS = 1000000 };
static char *slots[N_SLOT];
static int   as_json, no_decode, layers;

static struct poptOption bench_options[] = {
    CLI_TEXT_SLOTS(slots),
    CLI_INCLUDE(cli_model_option, NULL),
    CLI_INCLUDE(cli_precision_option, NULL),
    {"rounds", '\0', POPT_ARG_STRING, NULL, ROUNDS, "measured runs, after 3 to warm up (default: 50)", "N"},
    {"no-decode", '\0', POPT_ARG_NONE, &no_decode, 0, "decode the photo once, outside of the measurement", NULL},
    {"layers", '\0', POPT_ARG_NONE, &layers, 0, "also time each layer, beside what the processor could do", NULL},
    {"json", '\0', POPT_ARG_NONE, &as_json, 0, "print as JSON", NULL},
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(cli_detect_options, "Network input and thresholds:"),
    CLI_INCLUDE(cli_decode_options, NULL),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engine_options, "Engine:"),
    CLI_INCLUDE(cli_gpu_options, NULL),
    POPT_TABLEEND};

const cli_manual cli_bench_manual = {
    .arguments = "[OPTION...] [PHOTO]",
    .about =
        "Times each stage for one photo (default: the bundled one): decoding the file's bytes, resizing into the network's\n"
        "input, the network, and decoding its answers into faces. Prints median, 90th percentile, smallest and mean, and what\n"
        "the first photo after loading took, which finds no memory and no caches ready.\n"
        "With --layers the network runs as many rounds again, with each layer on the clock: median, billions of\n"
        "multiply-accumulates a second, and their share of the peak of what the layer multiplies in, measured on the spot.\n",
    .examples = "  fovea bench\n"
                "  fovea bench --size 640x640 --threads 1 photo.jpg\n"
                "  fovea bench --layers --precision int8 --threads 1\n"
                "  fovea bench -m model.onnx --rounds 200 --no-decode --json photo.jpg\n",
    .options = bench_options,
};

enum { DECODE, PREPROCESS, NETWORK, POSTPROCESS, TOTAL, N_STAGE };
static const char *const stage_names[N_STAGE] = {"decode", "preprocess", "network", "postprocess", "total"};

typedef struct bench {
    cli_engine         engine;
    fov_detect_options detect;
    fov_photo_options  decoding;
    const char        *path;
    unsigned char     *file; /* the photo's bytes: reading the disk is not measured */
    size_t             file_bytes;
    fov_photo         *photo;
    size_t             faces;
    int                decoded_width, decoded_height, input_width, input_height, rounds, done;
    double             first[N_STAGE];   /* of the first photo after the engine was opened */
    double            *seconds[N_STAGE]; /* [rounds] */
    json_t            *profile;          /* NULL without --layers */
    char               device[128];      /* name of the GPU, or of the processor */
} bench;

static bool get_file(bench *b)
{
    FILE  *file = fopen(b->path, "rbe");
    size_t capacity = 0, got = 0;
    if (!file) {
        cli_error("%s: cannot open: %s", b->path, strerror(errno));
        return false;
    }
    do {
        b->file_bytes += got;
        if (b->file_bytes == capacity) b->file = cli_grow(b->file, capacity, &capacity, 1);
        errno = 0;
    } while ((got = fread(b->file + b->file_bytes, 1, capacity - b->file_bytes, file)));
    int error = ferror(file) ? errno : 0;
    fclose(file);
    if (error) cli_error("%s: cannot read: %s", b->path, strerror(error));
    return !error;
}

static bool decode(bench *b, const fov_photo_options *options)
{
    fov_error err = {0};
    fov_photo_free(b->photo);
    b->photo = NULL;
    if (!fov_photo_decode(b->file, b->file_bytes, b->path, options, &b->photo, &err)) return true;
    cli_error("%s", err.message);
    return false;
}

static bool detect(bench *b)
{
    fov_error err = {0};
    fov_faces faces;
    if (fov_detector_run_photo(b->engine.detector, b->photo, &b->detect, &faces, &err)) {
        cli_error("%s: %s", b->path, err.message);
        return false;
    }
    b->faces = faces.count;
    return true;
}

static bool get_input_size(bench *b)
{
    fov_error err = {0};
    fov_raw   raw;
    fov_image image = fov_photo_image(b->photo);
    if (b->detect.resize == FOV_RESIZE_TILES) { /* several inputs: what they are at most */
        b->input_width = b->input_height = b->detect.tile;
        return true;
    }
    if (fov_detector_raw(b->engine.detector, &image, &b->detect, &raw, &err)) {
        cli_error("%s: %s", b->path, err.message);
        return false;
    }
    b->input_width = raw.input_width;
    b->input_height = raw.input_height;
    return true;
}

static bool one_round(bench *b, double seconds[N_STAGE])
{
    double start = cli_now_s(), decoded;
    if (!no_decode && !decode(b, &b->decoding)) return false;
    decoded = cli_now_s();
    if (!detect(b)) return false;
    double     end = cli_now_s();
    fov_timing t = fov_detector_timing(b->engine.detector);
    seconds[DECODE] = decoded - start;
    seconds[PREPROCESS] = t.preprocess_s;
    seconds[NETWORK] = t.network_s;
    seconds[POSTPROCESS] = t.postprocess_s;
    seconds[TOTAL] = end - start;
    return true;
}

/* The network's input is that of the full photo; the rounds decode no more of it than detecting does. */
static bool prepare(bench *b)
{
    for (int s = 0; s < N_STAGE; s++) b->seconds[s] = cli_calloc((size_t)b->rounds, sizeof **b->seconds);
    fov_photo_options_fit(&b->decoding, &b->detect);
    if ((no_decode && !decode(b, &b->decoding)) || !one_round(b, b->first)) return false;
    const fov_image decoded = fov_photo_image(b->photo);
    b->decoded_width = decoded.width;
    b->decoded_height = decoded.height;
    return decode(b, NULL) && get_input_size(b) && decode(b, &b->decoding);
}

static bool measure(bench *b)
{
    if (!prepare(b)) return false;
    cli_interrupt_watch();
    for (int i = -WARM_UP; i < b->rounds && !cli_interrupt_signal(); i++) {
        double seconds[N_STAGE];
        if (!one_round(b, seconds)) return false;
        if (i < 0) continue;
        for (int s = 0; s < N_STAGE; s++) b->seconds[s][i] = seconds[s];
        b->done++;
    }
    return b->done > 0;
}

static cli_exit measure_layers(bench *b)
{
    fov_error err = {0};
    char     *text;
    if (!decode(b, NULL)) return CLI_SOME_FAILED;
    const fov_image image = fov_photo_image(b->photo);
    fov_status      st =
        fov_detector_profile_json(b->engine.detector, &image, &b->detect, b->rounds, cli_progress_of_work, NULL, &text, &err);
    cli_progress_hide();
    if (st == FOV_ERR_CANCELLED) return cli_interrupt_code();
    if (st) {
        cli_error("%s: %s", b->path, err.message);
        return CLI_SOME_FAILED;
    }
    b->profile = json_loads(text, 0, NULL);
    fov_string_free(text);
    return CLI_OK;
}

static int threads_used(const bench *b)
{
    return b->engine.threads ? b->engine.threads : fov_cpu_threads();
}

static void print_text(const bench *b)
{
    fputs("photo    ", stdout);
    cli_print_plain(stdout, b->path);
    printf(", %d x %d, decoded at %d x %d, faces %zu\nnetwork  ", fov_photo_width(b->photo), fov_photo_height(b->photo),
           b->decoded_width, b->decoded_height, b->faces);
    cli_print_plain(stdout, cli_model_path());
    printf(" at %d x %d, backend %s, threads %d\n", b->input_width, b->input_height, fov_engine_backend(b->engine.engine),
           threads_used(b));
    printf("device   ");
    cli_print_plain(stdout, b->device);
    putchar('\n');
    printf("start    model loaded in %.1f ms, engine built in %.1f ms; detector holds %.2f MiB\n\n", b->engine.load_s * 1e3,
           b->engine.build_s * 1e3, (double)fov_detector_memory(b->engine.detector) / 0x1p20);
    printf("%-12s%10s%10s%10s%10s%10s   ms, %d rounds\n", "stage", "median", "p90", "min", "mean", "first", b->done);
    for (int s = no_decode ? PREPROCESS : DECODE; s < N_STAGE; s++) {
        cli_stats t = cli_stats_of(b->seconds[s], (size_t)b->done);
        printf("%-12s%10.3f%10.3f%10.3f%10.3f%10.3f\n", stage_names[s], t.median * 1e3, t.p90 * 1e3, t.min * 1e3, t.mean * 1e3,
               b->first[s] * 1e3);
    }
    if (b->profile) cli_print_profile(b->profile);
}

static json_t *stages_json(const bench *b)
{
    json_t *stages = json_object();
    for (int s = no_decode ? PREPROCESS : DECODE; s < N_STAGE; s++) {
        json_t   *all = json_array();
        cli_stats t = cli_stats_of(b->seconds[s], (size_t)b->done);
        for (int i = 0; i < b->done; i++) cli_json_add(&all, json_real(b->seconds[s][i] * 1e3));
        cli_json_set(&stages, stage_names[s],
                     json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "median_ms", t.median * 1e3, "p90_ms", t.p90 * 1e3, "min_ms",
                               t.min * 1e3, "max_ms", t.max * 1e3, "mean_ms", t.mean * 1e3, "first_ms", b->first[s] * 1e3,
                               "rounds_ms", all));
    }
    return stages;
}

static cli_exit print_json(const bench *b)
{
    char   *model = cli_utf8(cli_model_path()), *photo = cli_utf8(b->path), *device = cli_utf8(b->device);
    json_t *json = json_pack("{s:s, s:s, s:s, s:[i, i], s:[i, i], s:[i, i], s:I, s:s, s:s, s:i, s:i, s:f, s:f, s:I, s:o}",
                             "version", fov_version(), "model", model, "photo", photo, "photo_size", fov_photo_width(b->photo),
                             fov_photo_height(b->photo), "decoded_size", b->decoded_width, b->decoded_height, "input_size",
                             b->input_width, b->input_height, "faces", (json_int_t)b->faces, "backend",
                             fov_engine_backend(b->engine.engine), "device", device, "threads", threads_used(b), "rounds", b->done,
                             "load_ms", b->engine.load_s * 1e3, "build_ms", b->engine.build_s * 1e3, "detector_bytes",
                             (json_int_t)fov_detector_memory(b->engine.detector), "stages", stages_json(b));
    if (b->profile) cli_json_set(&json, "profile", json_incref(b->profile));
    free(model);
    free(photo);
    free(device);
    return cli_json_print(json, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
}

static cli_exit run(bench *b, int count, const char **args)
{
    cli_exit code;
    b->rounds = DEFAULT_ROUNDS;
    if (count > 1) {
        cli_error("bench takes one photo; %d were named", count);
        return CLI_USAGE;
    }
    if (!cli_parse_int("--rounds", slots[ROUNDS], 1, MAX_ROUNDS, &b->rounds) || !cli_detect_options_get(&b->detect))
        return CLI_USAGE;
    if (layers && b->detect.resize == FOV_RESIZE_TILES) {
        cli_error("--layers: a photo in tiles is not one run of the network; choose another --size");
        return CLI_USAGE;
    }
    b->path = count ? args[0] : cli_bundled_photo();
    if (!b->path) {
        cli_error("the bundled photo was not found; name one, as in 'fovea bench photo.jpg'");
        return CLI_USAGE;
    }
    if (!get_file(b)) return CLI_SOME_FAILED;
    if ((code = cli_engine_open(&b->engine))) return code;
    cli_device_name(b->engine.engine, b->device, sizeof b->device);
    if (!measure(b)) return cli_interrupt_signal() ? cli_interrupt_code() : CLI_SOME_FAILED;
    if (layers && !cli_interrupt_signal() && (code = measure_layers(b))) return code;
    code = as_json ? print_json(b) : CLI_OK;
    if (!as_json) print_text(b);
    return code ? code : cli_interrupt_code();
}

cli_exit cli_bench(int count, const char **args)
{
    bench    b = {0};
    cli_exit code = run(&b, count, args);
    for (int s = 0; s < N_STAGE; s++) free(b.seconds[s]);
    json_decref(b.profile);
    free(b.file);
    fov_photo_free(b.photo);
    cli_engine_close(&b.engine);
    return code;
}
