// SPDX-License-Identifier: MIT
/* fovea serve [OPTION...] */
#include "../serve/serve.h"
#include "command.h"
#include "console.h"
#include "detect_options.h"
#include "engine.h"
#include "memory.h"
#include "options.h"
#include "plugins.h"
#include "settings.h"
#include "text_file.h"

#include <stdlib.h>
#include <string.h>

enum {
    HOST = 1,
    PORT,
    MODELS,
    DEFAULT_MODEL,
    TLS_CERT,
    TLS_KEY,
    TOKEN_FILE,
    ACCESS_LOG,
    READY_FILE,
    WORKERS,
    PROCESSES,
    BATCH,
    BATCH_DELAY,
    IO_THREADS,
    QUEUE,
    QUEUE_TIME,
    MAX_BODY,
    MAX_MEMORY,
    MAX_PIXELS,
    MAX_INPUT,
    MAX_PHOTOS,
    CONNECTIONS,
    PER_CLIENT,
    REQUEST_TIME,
    IDLE_TIME,
    DRAIN_TIME,
    ISOLATION,
    USER,
    WORKER_MEMORY,
    WORK_TIME,
    LOAD_TIME,
    N_SLOT
};
static char  *slots[N_SLOT];
static char **files, **names;
static int    allow_control;

static const char token_variable[] = "FOVEA_TOKEN";

static struct poptOption network_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"host", '\0', POPT_ARG_STRING, NULL, HOST, "address to listen on; 0.0.0.0 is all of IPv4 (default: 127.0.0.1)", "ADDRESS"},
    {"port", '\0', POPT_ARG_STRING, NULL, PORT, "0 takes any that is free (default: 8000)", "N"},
    {"allow-host", '\0', POPT_ARG_ARGV, &names, 0,
     "a name that requests may call a server of this machine alone by, besides localhost, such as a proxy's; may be repeated",
     "NAME"},
    {"tls-cert", '\0', POPT_ARG_STRING, NULL, TLS_CERT, "serve HTTPS with this certificate, PEM, with those that lead to its root",
     "FILE"},
    {"tls-key", '\0', POPT_ARG_STRING, NULL, TLS_KEY, "and its key, PEM", "FILE"},
    {"token-file", '\0', POPT_ARG_STRING, NULL, TOKEN_FILE,
     "answer only requests with 'Authorization: Bearer' and the token in FILE (default: that in $FOVEA_TOKEN, if any)", "FILE"},
    {"access-log", '\0', POPT_ARG_STRING, NULL, ACCESS_LOG, "append a line of JSON for each request; - is standard output", "FILE"},
    {"ready-file", '\0', POPT_ARG_STRING, NULL, READY_FILE, "write the address into FILE once it listens", "FILE"},
    POPT_TABLEEND};

static struct poptOption model_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"model", 'm', POPT_ARG_ARGV, &files, 0,
     ".fov, .onnx, .pth, .safetensors or .wts, served as NAME or as the file is called; may be repeated (default: the bundled "
     "model)",
     "[NAME=]FILE"},
    {"models", '\0', POPT_ARG_STRING, NULL, MODELS, "serve all below DIR: NAME/VERSION/model.fov and NAME.fov", "DIR"},
    {"default-model", '\0', POPT_ARG_STRING, NULL, DEFAULT_MODEL, "for requests that name none (default: the first)", "NAME"},
    {"allow-control", '\0', POPT_ARG_NONE, &allow_control, 0, "let requests load and unload models", NULL},
    POPT_TABLEEND};

static struct poptOption work_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"workers", '\0', POPT_ARG_STRING, NULL, WORKERS,
     "photos worked on at once (default: one for each processor; on GPUs one more for each, at most 16)", "N"},
    {"batch", '\0', POPT_ARG_STRING, NULL, BATCH,
     "waiting photos that a worker takes at once and that share passes (default: 1; on GPUs 8)", "N"},
    {"batch-delay", '\0', POPT_ARG_STRING, NULL, BATCH_DELAY, "that a photo waits for others to share its pass (default: 0)", "MS"},
    {"io-threads", '\0', POPT_ARG_STRING, NULL, IO_THREADS, "that read and write connections (default: 1)", "N"},
    POPT_TABLEEND};

static struct poptOption limit_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"queue", '\0', POPT_ARG_STRING, NULL, QUEUE, "photos that wait; more are refused with 503 (default: 256)", "N"},
    {"queue-time", '\0', POPT_ARG_STRING, NULL, QUEUE_TIME, "that a photo may wait before it is given up with 503 (default: 10)",
     "SECONDS"},
    {"max-body", '\0', POPT_ARG_STRING, NULL, MAX_BODY, "of a request (default: 32)", "MIB"},
    {"max-memory", '\0', POPT_ARG_STRING, NULL, MAX_MEMORY,
     "of the bodies of all requests that are here, of pictures and of large answers (default: 512)", "MIB"},
    {"max-pixels", '\0', POPT_ARG_STRING, NULL, MAX_PIXELS, "refuse larger photos before they are decoded (default: 64 million)",
     "N"},
    {"max-input", '\0', POPT_ARG_STRING, NULL, MAX_INPUT,
     "pixels of a network's input, and 32 times as many of all tiles of a photo (default: 4194304, as 2048 x 2048)", "N"},
    {"max-photos", '\0', POPT_ARG_STRING, NULL, MAX_PHOTOS, "of a request (default: 32)", "N"},
    {"max-connections", '\0', POPT_ARG_STRING, NULL, CONNECTIONS,
     "open at once; more take the place of those without a request, or wait (default: 512)", "N"},
    {"max-per-client", '\0', POPT_ARG_STRING, NULL, PER_CLIENT, "of these, from one address; 0: any number (default: 0)", "N"},
    {"request-time", '\0', POPT_ARG_STRING, NULL, REQUEST_TIME, "for a body to come, and for an answer to leave (default: 30)",
     "SECONDS"},
    {"idle-time", '\0', POPT_ARG_STRING, NULL, IDLE_TIME, "for the headers of a connection's next request to come (default: 60)",
     "SECONDS"},
    {"drain-time", '\0', POPT_ARG_STRING, NULL, DRAIN_TIME, "to finish what was begun when it is stopped (default: 20)", "SECONDS"},
    POPT_TABLEEND};

static struct poptOption isolation_options[] = {
    CLI_TEXT_SLOTS(slots),
    {"isolation", '\0', POPT_ARG_STRING, NULL, ISOLATION,
     "processes apart for photos, confined as far as this kernel can (auto, the default), or else not started (required), or all "
     "in one process (off)",
     "auto|required|off"},
    {"user", '\0', POPT_ARG_STRING, NULL, USER,
     "whom the server becomes when root starts it (default: it stays root, without root's powers but reading; workers are nobody)",
     "NAME"},
    {"processes", '\0', POPT_ARG_STRING, NULL, PROCESSES, "that look at photos, with --workers each (default: 1)", "N"},
    {"worker-memory", '\0', POPT_ARG_STRING, NULL, WORKER_MEMORY,
     "that each of them may ask for; photos that need more fail (default: any)", "MIB"},
    {"work-time", '\0', POPT_ARG_STRING, NULL, WORK_TIME,
     "that one of them may look at a photo, or at those of a pass; then it is started anew (default: 60)", "SECONDS"},
    {"load-time", '\0', POPT_ARG_STRING, NULL, LOAD_TIME, "that one of them may take to load a model (default: 120)", "SECONDS"},
    POPT_TABLEEND};

static struct poptOption serve_options[] = {
    CLI_INCLUDE(network_options, "Network:"),
    CLI_INCLUDE(model_options, "Models:"),
    CLI_INCLUDE(cli_precision_option, NULL),
    CLI_INCLUDE(work_options, "Work:"),
    CLI_INCLUDE(cli_threads_option, NULL),
    CLI_INCLUDE(limit_options, "Limits:"),
    CLI_INCLUDE(isolation_options, "Isolation:"),
    CLI_INCLUDE(cli_detect_options, "Network input and thresholds, where a request says nothing:"),
    CLI_INCLUDE(cli_settings_options, "What a model file cannot tell (default: what it says, or its family's):"),
    CLI_INCLUDE(cli_plugin_options, "Operators from shared libraries:"),
    CLI_INCLUDE(cli_engines_options, "Engine:"),
    CLI_INCLUDE(cli_gpu_options, NULL),
    POPT_TABLEEND};

const cli_manual cli_serve_manual = {
    .arguments = "[OPTION...]",
    .about =
        "Answers requests for the faces of photos, until SIGTERM, SIGINT or SIGHUP; then it finishes what was begun and leaves.\n"
        "POST /detect takes a photo, or a form with several, and answers as 'fovea detect --json' prints, or with the picture\n"
        "where the client accepts image/jpeg or image/png. /v2 is the Open Inference Protocol, as Triton and KServe speak it, "
        "with\n"
        "its binary tensors. A page to try it is at /, a description at /openapi.json, figures for Prometheus at /metrics.\n"
        "Photos wait in one queue; workers take them, each with a thread; a photo that is alone gets --threads of them.\n",
    .examples = "  fovea serve\n"
                "  curl --data-binary @photo.jpg 'http://127.0.0.1:8000/detect?score=0.7'\n"
                "  curl -H 'Accept: image/jpeg' --data-binary @photo.jpg http://127.0.0.1:8000/detect > marked.jpg\n"
                "  fovea serve --models /srv/models --host 0.0.0.0 --token-file token --tls-cert cert.pem --tls-key key.pem\n"
                "  fovea serve -m fast=int8.fov -m exact=fp32.fov --default-model fast --backend cuda --device 0,1\n",
    .options = serve_options,
};

/* ---------------------------------------------------------------- what was asked for */

static bool get_network(srv_config *c)
{
    c->host = slots[HOST] ? slots[HOST] : "127.0.0.1";
    c->port = 8000;
    c->names = (const char *const *)names;
    c->tls_cert = slots[TLS_CERT];
    c->tls_key = slots[TLS_KEY];
    c->access_log = slots[ACCESS_LOG];
    c->ready_file = slots[READY_FILE];
    if (!c->tls_cert == !c->tls_key) return cli_parse_int("--port", slots[PORT], 0, 65535, &c->port);
    cli_error("--tls-cert and --tls-key go together");
    return false;
}

/* A token that is part of a header has no blanks; the line's end of a file is not part of it. */
static bool get_token(srv_config *c)
{
    static char *token;
    const char  *given = getenv(token_variable), *where = slots[TOKEN_FILE] ? slots[TOKEN_FILE] : "$FOVEA_TOKEN";
    if (!slots[TOKEN_FILE] && !given) return true;
    free(token);
    token = slots[TOKEN_FILE] ? cli_text_file("--token-file", slots[TOKEN_FILE]) : cli_strdup(given);
    if (!token) return false;
    size_t size = strlen(token);
    while (size && (token[size - 1] == '\n' || token[size - 1] == '\r')) token[--size] = '\0';
    c->token = token;
    for (const char *t = token; *t; t++)
        if ((unsigned char)*t <= ' ' || (unsigned char)*t >= 127) size = 0;
    if (!size) cli_error("%s: a token is one or more visible characters, without blanks", where);
    return size > 0;
}

static bool get_count(const char *option, int slot, long low, long high, size_t *out)
{
    int  value = (int)*out;
    bool valid = cli_parse_int(option, slots[slot], low, high, &value);
    *out = (size_t)value;
    return valid;
}

static bool get_mib(const char *option, int slot, size_t *out)
{
    double     mib = (double)*out;
    const bool valid = cli_parse_number(option, slots[slot], 0.001, 1 << 20, &mib);
    *out = (size_t)(mib * (1 << 20));
    return valid;
}

static bool get_pixels(const char *option, int slot, uint64_t *out)
{
    double     pixels = (double)*out;
    const bool valid = cli_parse_number(option, slots[slot], 1, 1e9, &pixels);
    *out = (uint64_t)pixels;
    return valid;
}

static bool get_limits(srv_config *c)
{
    size_t connections = 512, per_client = 0;
    c->queue_photos = 256;
    c->queue_s = 10;
    c->body_bytes = 32;
    c->memory_bytes = 512;
    c->photo_pixels = 64000000;
    c->input_pixels = UINT64_C(2048) * 2048;
    c->request_photos = 32;
    c->request_s = 30;
    c->idle_s = 60;
    c->drain_s = 20;
    const bool valid = get_count("--queue", QUEUE, 1, 1000000, &c->queue_photos) &&
                       cli_parse_number("--queue-time", slots[QUEUE_TIME], 0.001, 3600, &c->queue_s) &&
                       get_mib("--max-body", MAX_BODY, &c->body_bytes) && get_mib("--max-memory", MAX_MEMORY, &c->memory_bytes) &&
                       get_pixels("--max-pixels", MAX_PIXELS, &c->photo_pixels) &&
                       get_pixels("--max-input", MAX_INPUT, &c->input_pixels) &&
                       get_count("--max-photos", MAX_PHOTOS, 1, 10000, &c->request_photos) &&
                       get_count("--max-connections", CONNECTIONS, 1, 100000, &connections) &&
                       get_count("--max-per-client", PER_CLIENT, 0, 100000, &per_client) &&
                       cli_parse_number("--request-time", slots[REQUEST_TIME], 0.1, 86400, &c->request_s) &&
                       cli_parse_number("--idle-time", slots[IDLE_TIME], 0.1, 86400, &c->idle_s) &&
                       cli_parse_number("--drain-time", slots[DRAIN_TIME], 0, 86400, &c->drain_s);
    if (valid && c->body_bytes > c->memory_bytes) {
        cli_error("--max-body: a body of %zu bytes would never fit into the %zu of --max-memory", c->body_bytes, c->memory_bytes);
        return false;
    }
    c->connections = (unsigned)connections;
    c->connections_per_client = (unsigned)per_client;
    return valid;
}

/* What auto comes to is known when a model is open: until then it counts as the processor. */
static bool is_gpu(const srv_config *c)
{
    return !strcmp(c->engine.backend, "cuda");
}

/* On a GPU a worker waits for it half of the time, so that there is one more; they share its memory. */
static int default_workers(const srv_config *c)
{
    const int devices = c->n_device ? (int)c->n_device : 1, processors = fov_cpu_threads();
    const int many = processors + devices, most = 16 * devices;
    if (!is_gpu(c)) return processors;
    return many < most ? many : most;
}

static bool get_work(srv_config *c)
{
    double     delay_ms = 0;
    const bool on_gpu = is_gpu(c);
    c->workers = default_workers(c);
    c->batch = on_gpu ? 8 : 1;
    c->io_threads = 1;
    if (cli_threads(&c->threads)) return false;
    if (!c->threads && on_gpu) c->threads = 1;
    const bool valid = cli_parse_int("--workers", slots[WORKERS], 1, 1024, &c->workers) &&
                       cli_parse_int("--batch", slots[BATCH], 1, 64, &c->batch) &&
                       cli_parse_number("--batch-delay", slots[BATCH_DELAY], 0, 10000, &delay_ms) &&
                       cli_parse_int("--io-threads", slots[IO_THREADS], 1, 64, &c->io_threads);
    c->batch_delay_s = delay_ms * 1e-3;
    return valid;
}

static bool get_level(srv_config *c)
{
    static const struct {
        const char   *word;
        srv_isolation level;
    } row[] = {{"auto", SRV_ISOLATION_AUTO}, {"required", SRV_ISOLATION_REQUIRED}, {"off", SRV_ISOLATION_OFF}};
    const char *word = slots[ISOLATION] ? slots[ISOLATION] : row->word;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        c->isolation = row[i].level;
        if (!strcmp(word, row[i].word)) return true;
    }
    cli_error("--isolation %s: expected auto, required or off", word);
    return false;
}

/* What is asked of processes that there will not be would be looked over. */
static bool get_isolation(srv_config *c)
{
    const bool has_memory = slots[WORKER_MEMORY] != NULL, has_time = slots[WORK_TIME] != NULL, has_load = slots[LOAD_TIME] != NULL;
    c->processes = 1;
    c->user = slots[USER];
    c->work_s = 60;
    c->load_s = 120;
    if (!get_level(c)) return false;
    const bool valid = cli_parse_int("--processes", slots[PROCESSES], 1, 64, &c->processes) &&
                       (!has_memory || get_mib("--worker-memory", WORKER_MEMORY, &c->worker_bytes)) &&
                       cli_parse_number("--work-time", slots[WORK_TIME], 0.1, 86400, &c->work_s) &&
                       cli_parse_number("--load-time", slots[LOAD_TIME], 0.1, 86400, &c->load_s);
    const char *given = c->user            ? "--user"
                        : has_memory       ? "--worker-memory"
                        : has_time         ? "--work-time"
                        : has_load         ? "--load-time"
                        : c->processes > 1 ? "--processes"
                                           : NULL;
    const char *idle = c->isolation == SRV_ISOLATION_OFF ? given : NULL;
    if (valid && idle) cli_error("%s: is for a server with isolation, and --isolation off was given", idle);
    return valid && !idle;
}

static bool has_engine_options(cli_engine_choice *choice, srv_config *c)
{
    if (cli_engine_choose(choice)) return false;
    c->engine = choice->options;
    c->devices = choice->n_device > 1 ? choice->devices : NULL;
    c->n_device = choice->n_device > 1 ? choice->n_device : 0;
    c->tune_seconds = choice->tune_seconds;
    c->tf32 = choice->tf32;
    return true;
}

cli_exit cli_serve(int count, const char **args)
{
    srv_config        c = {0};
    cli_engine_choice choice;
    (void)args;
    if (count) {
        cli_error("serve takes options only: models are given with -m or --models; see 'fovea help serve'");
        return CLI_USAGE;
    }
    c.folder = slots[MODELS];
    c.files = (const char *const *)files;
    c.default_model = slots[DEFAULT_MODEL];
    c.control = allow_control;
    c.model = (fov_model_options){.settings = cli_settings(), .head_plugin = cli_head_plugin()};
    cli_exit code = cli_plugins(&c.model.plugins, &c.model.n_plugin);
    if (code) return code;
    if (!has_engine_options(&choice, &c) || !cli_detect_options_get(&c.detect) || !get_network(&c) || !get_token(&c) ||
        !get_work(&c) || !get_limits(&c) || !get_isolation(&c))
        return CLI_USAGE;
    c.engine.plugins = c.model.plugins;
    c.engine.n_plugin = c.model.n_plugin;
    return srv_serve(&c);
}
