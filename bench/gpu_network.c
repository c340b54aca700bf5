// SPDX-License-Identifier: MIT
/* The network alone on a GPU: time by events and by the clock, and how far its answers are from the CPU's.
 *
 * usage: bench-gpu-network [OPTION...] ENGINE.fov...
 *
 *   --size WxH         of the network's input (default: 640x640)
 *   --batch N,N..      images a run (default: 1,8,32)
 *   --rounds N         runs that are timed (default: 200)
 *   --device N         number of the GPU (default: 0)
 *   --tune SECONDS     measure first which kernels are the fastest, for each engine and batch at most so long (default: 0)
 *   --tf32 0|1         let layers in FP32 multiply in TF32
 *   --reference FILE   answers are also compared with those of this engine on the CPU: the same network in FP32
 *   --dump FILE        the input and the answers of the CPU for one image, with the reference's weights where there is one:
 * float32, pixels of 3 channels, then the graph's outputs, pixel by pixel
 *   --steps            each step by itself, 50 times over in one graph, so that launching it hides behind running it
 *   --serve            the first batch only: says when it is ready, then answers each line "WARM COUNT" on standard input
 *                      with {"events": [seconds..], "t": [seconds by the clock..]} of COUNT runs after WARM untimed ones
 *
 * A line of JSON for each engine and batch: medians in milliseconds; "difference" from the same engine on the CPU and "error" from
 * the reference are the largest of any answer of the first and last image, relative to the root mean square of the output. With
 * --steps, lines of "step", what it multiplies (FLOP) and what it must move at least (bytes of inputs, outputs and weights, each
 * once). Uses the library's insides: nobody else wants a network without photos. */
#include "backend/backend.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "engine/remote.h"
#include "fovea/fovea.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REPEATS = 50, MOST_BATCHES = 16 };

typedef struct setup {
    int               rounds, width, height, batch[MOST_BATCHES], n_batch, device;
    const char       *reference, *dump;
    bool              steps, serve;
    fov_place_options how;
} setup;

typedef struct run {
    fov_engine *engine;
    fov_plan   *plan;
    fov_place  *place;
    void       *host, *remote;
} run;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(double *value, int count, double share)
{
    qsort(value, (size_t)count, sizeof *value, by_value);
    return value[(int)(share * (count - 1) + 0.5)];
}

static bool report(const char *what, const fov_error *err)
{
    fprintf(stderr, "bench-gpu-network: %s: %s\n", what, err->message);
    return false;
}

/* ---------------------------------------------------------------- setting up */

static bool bind_remote(run *r, const setup *s, fov_error *err)
{
    const fov_remote *remote = r->engine->backend->remote;
    if (!remote) return true;
    if (remote->open(s->device, &r->place, err)) return false;
    return !remote->configure(r->place, &s->how, err) && !remote->alloc(r->place, r->plan->arena_bytes, &r->remote, err) &&
           !fov_plan_compile(r->plan, r->place, r->remote, false, err);
}

static bool open_run(run *r, const char *path, const char *backend, const setup *s, int batch)
{
    fov_error          err = {0};
    fov_engine_options options = {.backend = backend, .device = s->device};
    *r = (run){0};
    if (fov_engine_load(path, &options, &r->engine, &err)) return report(path, &err);
    if (fov_plan_new(r->engine, batch, s->height, s->width, fov_cpu_threads(), false, &r->plan, &err)) return report(path, &err);
    r->host = fov_alloc_aligned(r->plan->arena_bytes);
    if (!r->host) return !fov_fail_memory(&err, "activations") || report(path, &err);
    fov_plan_bind(r->plan, r->host);
    return bind_remote(r, s, &err) || report(path, &err);
}

static void close_run(run *r)
{
    if (r->plan) fov_plan_release(r->plan);
    if (r->place) {
        r->engine->backend->remote->free(r->place, r->remote);
        r->engine->backend->remote->close(r->place);
    }
    fov_plan_free(r->plan);
    fov_free_aligned(r->host);
    fov_engine_free(r->engine);
}

/* A row of image `image`: noise with the range of pixels, smooth enough that layers see shapes. */
static void make_row(const setup *s, int image, int y, float *row)
{
    uint32_t state = (uint32_t)(image * s->height + y + 1);
    for (int x = 0; x < s->width; x++)
        for (int c = 0; c < 3; c++) {
            state = state * 1664525U + 1013904223U;
            const double wave = sin((double)(x + 40 * image) * 0.05) * cos((double)y * 0.04 + (double)c);
            row[3 * x + c] = (float)(90 * wave + (double)(state >> 24) * 0.1);
        }
}

/* Image `image` becomes number `n` of the batch. */
static bool fill(const run *r, const setup *s, int n, int image)
{
    const fov_view *input = fov_plan_input(r->plan);
    float          *row = malloc(3 * (size_t)s->width * sizeof *row);
    fov_error       err;
    bool            ok = row != NULL;
    for (int y = 0; y < s->height && ok; y++) {
        make_row(s, image, y, row);
        float *to = (float *)input->data + n * input->stride[0] + y * input->stride[2];
        if (r->plan->takes_rows) ok = !fov_plan_put_row(r->plan, n, y, row, &err) || report("input", &err);
        for (int x = 0; x < s->width && !r->plan->takes_rows; x++)
            for (int c = 0; c < 3; c++) to[x * input->stride[3] + c] = row[3 * x + c];
    }
    free(row);
    return ok;
}

/* ---------------------------------------------------------------- answers */

/* The largest difference of any output, of image `n` and the other's only one, relative to the root mean square of the output. */
static double difference(const run *a, int n, const run *b)
{
    double worst = 0;
    for (int i = 0; i < a->engine->graph->n_output; i++) {
        const fov_view *x = fov_plan_output(a->plan, i), *y = fov_plan_output(b->plan, i);
        const float    *p = (const float *)x->data + n * x->stride[0], *q = y->data;
        const int64_t   pixels = x->shape.dim[2] * x->shape.dim[3], channels = x->shape.dim[1];
        double          most = 0, sum = 0;
        for (int64_t k = 0; k < pixels; k++)
            for (int64_t c = 0; c < channels; c++) {
                const double u = (double)p[k * x->stride[3] + c], v = (double)q[k * y->stride[3] + c];
                if (!(fabs(u - v) <= most)) most = fabs(u - v);
                sum += v * v;
            }
        const double relative = most / sqrt(sum / (double)(pixels * channels));
        if (!(relative <= worst)) worst = relative;
    }
    return worst;
}

static bool run_on_cpu(const run *cpu, const setup *s, int image)
{
    fov_pool  *pool;
    fov_error  err;
    fov_status st = fov_pool_new(fov_cpu_threads(), &pool, &err);
    bool       ok = !st && fill(cpu, s, 0, image);
    if (ok) st = fov_plan_run(cpu->plan, pool, &err);
    fov_pool_free(pool);
    return st ? report("the CPU's run", &err) : ok;
}

static bool write_row(FILE *file, const setup *s, int y, float *row)
{
    make_row(s, 0, y, row);
    return fwrite(row, sizeof *row, 3 * (size_t)s->width, file) == 3 * (size_t)s->width;
}

static bool write_output(FILE *file, const fov_view *view)
{
    const int64_t pixels = view->shape.dim[2] * view->shape.dim[3];
    const size_t  channels = (size_t)view->shape.dim[1];
    bool          ok = true;
    for (int64_t k = 0; k < pixels && ok; k++)
        ok = fwrite((const float *)view->data + k * view->stride[3], sizeof(float), channels, file) == channels;
    return ok;
}

static bool dump(const run *cpu, const setup *s)
{
    FILE  *file = fopen(s->dump, "wbe");
    float *row = malloc(3 * (size_t)s->width * sizeof *row);
    bool   ok = file && row;
    for (int y = 0; y < s->height && ok; y++) ok = write_row(file, s, y, row);
    for (int i = 0; i < cpu->engine->graph->n_output && ok; i++) ok = write_output(file, fov_plan_output(cpu->plan, i));
    if (file && fclose(file)) ok = false;
    if (!ok) fprintf(stderr, "bench-gpu-network: %s: cannot be written\n", s->dump);
    free(row);
    return ok;
}

/* What the GPU gave for its batch, against an engine on the CPU. */
static bool compare(const run *gpu, const char *path, const setup *s, const char *dump_to, double *worst)
{
    run       cpu;
    const int last = (int)gpu->plan->n - 1;
    bool      ok = open_run(&cpu, path, "cpu", s, 1) && run_on_cpu(&cpu, s, 0);
    *worst = ok ? difference(gpu, 0, &cpu) : 0;
    if (ok && dump_to) ok = dump(&cpu, s);
    if (ok && last > 0 && (ok = run_on_cpu(&cpu, s, last))) *worst = fmax(*worst, difference(gpu, last, &cpu));
    close_run(&cpu);
    return ok;
}

typedef struct answers {
    double difference, error;
} answers;

static bool check(const run *gpu, const char *path, const setup *s, answers *out)
{
    fov_error err;
    bool      ok = !fov_plan_run(gpu->plan, NULL, &err) || report(path, &err);
    *out = (answers){0};
    ok = ok && compare(gpu, path, s, s->reference ? NULL : s->dump, &out->difference);
    return ok && (!s->reference || compare(gpu, s->reference, s, s->dump, &out->error));
}

/* ---------------------------------------------------------------- time */

static bool run_once(const run *r, double *events_s, double *wall_s)
{
    fov_error    err;
    const double start = fov_clock_s();
    const bool   ok = !fov_remote_run(r->plan, events_s, &err) || report("run", &err);
    *wall_s = fov_clock_s() - start;
    return ok;
}

static bool time_network(const run *r, const setup *s, const char *path, const answers *a)
{
    double *events = calloc((size_t)s->rounds, sizeof *events), *wall = calloc((size_t)s->rounds, sizeof *wall), unused[2] = {0};
    bool    ok = events && wall;
    for (int i = -20; i < s->rounds && ok; i++) ok = run_once(r, i < 0 ? unused : events + i, i < 0 ? unused + 1 : wall + i);
    if (ok)
        printf(
            "{\"engine\": \"%s\", \"batch\": %d, \"events_ms\": %.4f, \"wall_ms\": %.4f, \"difference\": %.2e, \"error\": %.2e}\n",
            path, (int)r->plan->n, quantile(events, s->rounds, 0.5) * 1e3, quantile(wall, s->rounds, 0.5) * 1e3, a->difference,
            a->error);
    free(events);
    free(wall);
    return ok;
}

static void print_list(const char *name, const double *seconds, int count)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < count; i++) printf("%s%.9f", i ? ", " : "", seconds[i]);
    printf("]");
}

static bool answer(const run *r, int warm, int count)
{
    double *events = calloc((size_t)warm + (size_t)count, sizeof *events);
    double *wall = calloc((size_t)warm + (size_t)count, sizeof *wall);
    bool    ok = events && wall;
    for (int i = 0; i < warm + count && ok; i++) ok = run_once(r, events + i, wall + i);
    if (ok) {
        printf("{");
        print_list("events", events + warm, count);
        printf(", ");
        print_list("t", wall + warm, count);
        printf("}\n");
        fflush(stdout);
    }
    free(events);
    free(wall);
    return ok;
}

static bool serve(const run *r, const answers *a)
{
    char device[128];
    int  warm, count;
    bool ok = true;
    if (fov_device_name("cuda", r->engine->device, device, sizeof device, NULL)) *device = '\0';
    printf("{\"batch\": %d, \"device\": \"%s\", \"arena\": %zu, \"weights\": %zu, \"difference\": %.3e, \"error\": %.3e}\n",
           (int)r->plan->n, device, r->plan->arena_bytes, r->engine->weight_bytes, a->difference, a->error);
    fflush(stdout);
    while (ok && scanf("%d %d", &warm, &count) == 2 && warm >= 0 && count > 0) ok = answer(r, warm, count);
    return ok;
}

/* ---------------------------------------------------------------- steps */

static size_t bytes_of(const fov_graph *graph, const fov_plan *plan, int value)
{
    const fov_value *v = &graph->value[value];
    size_t           count = 0;
    if (v->data || v->packed) return fov_shape_count(&v->shape, &count) ? count * fov_dtype_size(v->dtype) : 0;
    return fov_shape_count(&plan->value[value].shape, &count) ? count * fov_dtype_size(plan->value[value].dtype) : 0;
}

/* Whether a node of the step before node `before`, or an input of it before `input`, gave or read the value already. */
static bool was_there(const fov_graph *graph, const fov_step *step, int before, int input, int value)
{
    for (int k = 0; k <= before; k++) {
        const fov_node *node = &graph->node[step->node[k]];
        for (int j = 0; j < (k < before ? node->n_in : input); j++)
            if (node->in[j] == value) return true;
        for (int j = 0; k < before && j < node->n_out; j++)
            if (node->out[j] == value) return true;
    }
    return false;
}

/* Inputs, weights and outputs, each once: the least that must be moved. */
static size_t least_bytes(const run *r, const fov_step *step)
{
    const fov_graph *graph = r->engine->graph;
    size_t           bytes = 0;
    for (int k = 0; k < step->nodes; k++) {
        const fov_node *node = &graph->node[step->node[k]];
        for (int j = 0; j < node->n_in; j++)
            if (node->in[j] != FOV_NONE && !was_there(graph, step, k, j, node->in[j]))
                bytes += bytes_of(graph, r->plan, node->in[j]);
    }
    for (int j = 0; j < step->n_out; j++)
        if (step->value[j] != FOV_NONE) bytes += bytes_of(graph, r->plan, step->value[j]);
    return bytes;
}

/* Addresses are of the GPU while a program is made. */
static fov_status compile_repeated(const run *r, const fov_step *step, fov_program **program, fov_error *err)
{
    fov_call calls[REPEATS];
    fov_plan_bind(r->plan, r->remote);
    for (int i = 0; i < REPEATS; i++)
        calls[i] = (fov_call){step->lowered, step->in, step->out, r->plan->arena + step->scratch_offset, i};
    fov_status st = r->engine->backend->remote->compile(r->place, calls, REPEATS, program, err);
    fov_plan_bind(r->plan, r->host);
    return st;
}

static bool time_step(const run *r, const fov_step *step, double *seconds)
{
    enum { ROUNDS = 15 };
    const fov_remote *remote = r->engine->backend->remote;
    fov_program      *program = NULL;
    double            each[ROUNDS];
    fov_error         err;
    fov_status        st = compile_repeated(r, step, &program, &err);
    if (!st) st = remote->run(program, NULL, &err);
    for (int i = 0; i < ROUNDS && !st; i++) st = remote->run(program, &each[i], &err);
    remote->release(program);
    if (st) return report("a step", &err);
    *seconds = quantile(each, ROUNDS, 0.5) / REPEATS;
    return true;
}

/* What a step multiplies in: the type of its weights. */
static const char *type_of(const run *r, const fov_step *step)
{
    const fov_node *node = &r->engine->graph->node[step->node[0]];
    return node->n_in > 1 && node->in[1] != FOV_NONE ? fov_dtype_name(r->engine->graph->value[node->in[1]].dtype) : "";
}

static bool time_steps(const run *r, const char *path)
{
    bool ok = true;
    for (int k = 0; k < r->plan->n_step && ok; k++) {
        const fov_step *step = &r->plan->step[k];
        double          seconds = 0;
        ok = time_step(r, step, &seconds);
        if (ok)
            printf("{\"engine\": \"%s\", \"batch\": %d, \"step\": \"%s\", \"nodes\": %d, \"kernel\": \"%s\", \"type\": \"%s\", "
                   "\"wave\": %d, \"us\": %.3f, \"flop\": %.0f, \"bytes\": %zu}\n",
                   path, (int)r->plan->n, r->engine->graph->value[step->value[0]].name, step->nodes, step->lowered->kernel,
                   type_of(r, step), step->wave, seconds * 1e6, 2 * fov_step_macs(r->plan, step), least_bytes(r, step));
    }
    return ok;
}

static bool run_batch(const char *path, const setup *s, int batch)
{
    run       r;
    answers   a = {0};
    fov_error err;
    bool      ok = open_run(&r, path, "cuda", s, batch);
    for (int n = 0; n < batch && ok; n++) ok = fill(&r, s, n, n);
    ok = ok && check(&r, path, s, &a) && (!fov_remote_give(r.plan, &err) || report("input", &err));
    if (ok) ok = s->serve ? serve(&r, &a) : s->steps ? time_steps(&r, path) : time_network(&r, s, path, &a);
    fflush(stdout);
    close_run(&r);
    return ok;
}

static bool run_engine(const char *path, const setup *s)
{
    bool ok = true;
    for (int i = 0; i < (s->serve ? 1 : s->n_batch) && ok; i++) ok = run_batch(path, s, s->batch[i]);
    return ok;
}

static bool read_batches(setup *s, char *list)
{
    s->n_batch = 0;
    for (char *at = strtok(list, ","); at && s->n_batch < MOST_BATCHES; at = strtok(NULL, ",")) {
        s->batch[s->n_batch] = atoi(at);
        if (s->batch[s->n_batch++] < 1) return false;
    }
    return s->n_batch > 0;
}

static bool read_value(setup *s, const char *option, char *value)
{
    if (!strcmp(option, "--rounds")) return (s->rounds = atoi(value)) > 0;
    if (!strcmp(option, "--device")) return (s->device = atoi(value)) >= 0;
    if (!strcmp(option, "--tf32")) return (s->how.tf32 = atoi(value) == 1) || !strcmp(value, "0");
    if (!strcmp(option, "--tune")) return (s->how.tune_seconds = atof(value)) >= 0;
    if (!strcmp(option, "--size")) return sscanf(value, "%dx%d", &s->width, &s->height) == 2 && s->width > 0 && s->height > 0;
    if (!strcmp(option, "--batch")) return read_batches(s, value);
    if (!strcmp(option, "--reference")) return (s->reference = value) != NULL;
    if (!strcmp(option, "--dump")) return (s->dump = value) != NULL;
    return false;
}

int main(int argc, char **argv)
{
    setup s = {.rounds = 200, .width = 640, .height = 640, .batch = {1, 8, 32}, .n_batch = 3};
    int   i = 1;
    bool  ok = true;
    for (; i < argc && !strncmp(argv[i], "--", 2) && ok; i++) {
        if (!strcmp(argv[i], "--steps")) s.steps = true;
        else if (!strcmp(argv[i], "--serve")) s.serve = true;
        else if (i + 1 < argc) ok = read_value(&s, argv[i], argv[i + 1]), i++;
        else ok = false;
    }
    if (!ok || i == argc) {
        fprintf(stderr,
                "usage: bench-gpu-network [--size WxH] [--batch N,N..] [--rounds N] [--device N] [--tune SECONDS] [--tf32 0|1] "
                "[--reference FP32.fov] [--dump FILE] [--steps | --serve] ENGINE.fov...\n");
        return 2;
    }
    for (; i < argc && ok; i++) ok = run_engine(argv[i], &s);
    return ok ? 0 : 1;
}
