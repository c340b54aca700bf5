// SPDX-License-Identifier: MIT
/* The network alone on a GPU: time by events and by the clock, and how far its answers are from the CPU's.
 *
 * usage: bench-gpu-network [--rounds N] [--size WxH] [--batch N,N..] [--steps] ENGINE.fov...
 *
 * A line of JSON for each engine and batch: medians in milliseconds; with --steps a line for each step, run by itself. Uses the library's
 * insides: nobody else wants a network without photos. */
#include "backend/backend.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "engine/remote.h"
#include "fovea/fovea.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct setup {
    int  rounds, width, height, batch[16], n_batch;
    bool steps;
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

static bool open_run(run *r, const char *path, const char *backend, const setup *s, int batch, bool stepwise)
{
    fov_error          err;
    fov_engine_options options = {.backend = backend};
    *r = (run){0};
    if (fov_engine_load(path, &options, &r->engine, &err)) return report(path, &err);
    if (fov_plan_new(r->engine, batch, s->height, s->width, fov_cpu_threads(), false, &r->plan, &err)) return report(path, &err);
    r->host = fov_alloc_aligned(r->plan->arena_bytes);
    if (!r->host) return false;
    fov_plan_bind(r->plan, r->host);
    const fov_remote *remote = r->engine->backend->remote;
    if (!remote) return true;
    if (remote->open(0, &r->place, &err)) return report(path, &err);
    if (remote->alloc(r->place, r->plan->arena_bytes, &r->remote, &err)) return report(path, &err);
    return !fov_plan_compile(r->plan, r->place, r->remote, stepwise, &err) || report(path, &err);
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

/* Noise with the range of pixels, smooth enough that layers see shapes. */
static void fill(const run *r)
{
    const fov_view *input = fov_plan_input(r->plan);
    float          *data = input->data;
    uint32_t        state = 1;
    for (int64_t n = 0; n < r->plan->n; n++)
        for (int64_t y = 0; y < r->plan->h; y++)
            for (int64_t x = 0; x < r->plan->w; x++)
                for (int64_t c = 0; c < 3; c++) {
                    state = state * 1664525U + 1013904223U;
                    const double wave = sin((double)(x + 40 * n) * 0.05) * cos((double)y * 0.04 + (double)c);
                    data[n * input->stride[0] + y * input->stride[2] + x * input->stride[3] + c] =
                        (float)(90 * wave + (double)(state >> 24) * 0.1);
                }
}

/* ---------------------------------------------------------------- answers */

/* The largest difference of any output, relative to the root mean square of the output. */
static double difference(const run *a, const run *b)
{
    double worst = 0;
    for (int i = 0; i < a->engine->graph->n_output; i++) {
        const fov_view *x = fov_plan_output(a->plan, i), *y = fov_plan_output(b->plan, i);
        const float    *p = x->data, *q = y->data;
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

/* The CPU's plan may want rows, and takes them from an input that is laid out as the GPU's. */
static bool run_on_cpu(const run *cpu, const fov_view *input, fov_error *err)
{
    fov_pool  *pool;
    fov_status st = fov_pool_new(fov_cpu_threads(), &pool, err);
    if (st) return false;
    if (!cpu->plan->takes_rows) fill(cpu);
    for (int64_t y = 0; y < cpu->plan->h && cpu->plan->takes_rows && !st; y++)
        st = fov_plan_put_row(cpu->plan, 0, y, (float *)input->data + y * input->stride[2], err);
    if (!st) st = fov_plan_run(cpu->plan, pool, err);
    fov_pool_free(pool);
    return !st;
}

/* Against the CPU, one image. */
static bool compare(const char *path, const setup *s, double *worst)
{
    run       gpu, cpu;
    fov_error err;
    bool      ok = open_run(&gpu, path, "cuda", s, 1, false);
    ok = open_run(&cpu, path, "cpu", s, 1, false) && ok;
    if (ok) fill(&gpu);
    if (ok) ok = run_on_cpu(&cpu, fov_plan_input(gpu.plan), &err) || report(path, &err);
    if (ok) ok = !fov_plan_run(gpu.plan, NULL, &err) || report(path, &err);
    if (ok) *worst = difference(&gpu, &cpu);
    close_run(&gpu);
    close_run(&cpu);
    return ok;
}

/* ---------------------------------------------------------------- time */

static bool time_network(const run *r, const setup *s, double *events_ms, double *wall_ms)
{
    double   *events = calloc((size_t)s->rounds, sizeof *events), *wall = calloc((size_t)s->rounds, sizeof *wall);
    fov_error err;
    bool      ok = events && wall && (!fov_remote_give(r->plan, &err) || report("input", &err));
    for (int i = -20; i < s->rounds && ok; i++) {
        const double start = fov_clock_s();
        double       seconds;
        ok = !fov_remote_run(r->plan, &seconds, &err) || report("run", &err);
        if (i < 0) continue;
        wall[i] = (fov_clock_s() - start) * 1e3;
        events[i] = seconds * 1e3;
    }
    if (ok) {
        *events_ms = quantile(events, s->rounds, 0.5);
        *wall_ms = quantile(wall, s->rounds, 0.5);
    }
    free(events);
    free(wall);
    return ok;
}

static bool time_steps(const run *r, const setup *s)
{
    const int n = r->plan->n_step, rounds = s->rounds < 50 ? s->rounds : 50;
    double   *seconds = calloc((size_t)(n * rounds), sizeof *seconds), *one = calloc((size_t)rounds, sizeof *one);
    fov_error err;
    bool      ok = seconds && one;
    for (int i = 0; i < rounds && ok; i++) ok = !fov_remote_run(r->plan, seconds + (ptrdiff_t)i * n, &err) || report("run", &err);
    for (int k = 0; k < n && ok; k++) {
        const fov_step *step = &r->plan->step[k];
        for (int i = 0; i < rounds; i++) one[i] = seconds[i * n + k];
        printf("  {\"step\": \"%s\", \"kernel\": \"%s\", \"wave\": %d, \"us\": %.2f, \"macs\": %.0f}\n",
               r->engine->graph->value[step->value[0]].name, step->lowered->kernel, step->wave, quantile(one, rounds, 0.5) * 1e6,
               fov_step_macs(r->plan, step));
    }
    free(seconds);
    free(one);
    return ok;
}

static bool run_engine(const char *path, const setup *s)
{
    double worst = 0;
    bool   ok = compare(path, s, &worst);
    for (int i = 0; i < s->n_batch && ok; i++) {
        run    r;
        double events = 0, wall = 0;
        ok = open_run(&r, path, "cuda", s, s->batch[i], s->steps);
        if (ok) fill(&r);
        ok = ok && (s->steps ? time_steps(&r, s) : time_network(&r, s, &events, &wall));
        if (ok && !s->steps)
            printf("{\"engine\": \"%s\", \"batch\": %d, \"events_ms\": %.4f, \"wall_ms\": %.4f, \"difference\": %.2e}\n", path,
                   s->batch[i], events, wall, worst);
        fflush(stdout);
        close_run(&r);
    }
    return ok;
}

static void read_batches(setup *s, char *list)
{
    s->n_batch = 0;
    for (char *at = strtok(list, ","); at && s->n_batch < 16; at = strtok(NULL, ",")) s->batch[s->n_batch++] = atoi(at);
}

int main(int argc, char **argv)
{
    setup s = {.rounds = 200, .width = 640, .height = 640, .batch = {1, 8, 32}, .n_batch = 3};
    bool  ok = argc > 1;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--rounds") && i + 1 < argc) s.rounds = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--size") && i + 1 < argc) ok = sscanf(argv[++i], "%dx%d", &s.width, &s.height) == 2 && ok;
        else if (!strcmp(argv[i], "--batch") && i + 1 < argc) read_batches(&s, argv[++i]);
        else if (!strcmp(argv[i], "--steps")) s.steps = true;
        else ok = run_engine(argv[i], &s) && ok;
    }
    return ok ? 0 : 1;
}
