// SPDX-License-Identifier: MIT
/* Where a network's time goes, step by step, as JSON. */
#include "api/detector.h"
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/json.h"
#include "base/peak.h"
#include "graph/plugin.h"
#include "graph/shape_json.h"

#include <stdlib.h>

enum { MAX_ROUNDS = 1000000 };

static const char *const peak_names[FOV_PEAK_COUNT] = {
    [FOV_PEAK_FP32] = "fp32", [FOV_PEAK_BF16] = "bf16", [FOV_PEAK_FP16] = "fp16", [FOV_PEAK_INT8] = "int8"};

typedef struct profile {
    const fov_plan *plan;
    int             rounds;
    double         *seconds; /* [rounds][n_step] */
    double         *sorted;  /* [rounds] */
} profile;

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* What stands at a share of `rounds` values in rising order. */
static double quantile(const profile *p, double share)
{
    return p->sorted[(int)(share * (p->rounds - 1) + 0.5)];
}

static void sort_step(const profile *p, int step)
{
    for (int i = 0; i < p->rounds; i++) p->sorted[i] = p->seconds[(size_t)i * (size_t)p->plan->n_step + (size_t)step];
    qsort(p->sorted, (size_t)p->rounds, sizeof *p->sorted, by_value);
}

static void sort_network(const profile *p)
{
    for (int i = 0; i < p->rounds; i++) {
        p->sorted[i] = 0;
        for (int s = 0; s < p->plan->n_step; s++) p->sorted[i] += p->seconds[(size_t)i * (size_t)p->plan->n_step + (size_t)s];
    }
    qsort(p->sorted, (size_t)p->rounds, sizeof *p->sorted, by_value);
}

/* ---------------------------------------------------------------- JSON */

static const char *multiplies_in(const fov_graph *graph, const fov_node *node)
{
    if (node->op != FOV_OP_Conv) return NULL;
    const fov_dtype x = graph->value[node->in[0]].dtype, w = graph->value[node->in[1]].dtype;
    if (x == FOV_U8 && w == FOV_I8) return peak_names[FOV_PEAK_INT8];
    if (x != w) return peak_names[FOV_PEAK_FP32];
    return peak_names[x == FOV_BF16 ? FOV_PEAK_BF16 : x == FOV_F16 ? FOV_PEAK_FP16 : FOV_PEAK_FP32];
}

/* The nodes that a step runs, by their outputs. */
static json_t *layers_json(const fov_graph *graph, const fov_step *step)
{
    json_t *array = json_array();
    for (int i = 0; i < step->nodes; i++) fov_json_add(&array, fov_json_name(graph->value[graph->node[step->node[i]].out[0]].name));
    return array;
}

static json_t *step_json(const profile *p, int index)
{
    const fov_step  *step = &p->plan->step[index];
    const fov_graph *graph = p->plan->engine->graph;
    const fov_node  *node = &graph->node[step->node[step->nodes - 1]];
    const char      *kernel = step->lowered->kernel;
    char             name[160];
    if (node->op == FOV_OP_Plugin) kernel = fov_plugin_node_name(node, name, sizeof name);
    sort_step(p, index);
    return json_pack("{s:o, s:o, s:s, s:s?, s:s, s:o, s:f, s:f, s:f, s:f}", "name",
                     fov_json_name(graph->value[step->value[0]].name), "layers", layers_json(graph, step), "op",
                     fov_op_def_of(node->op)->name, "precision", multiplies_in(graph, node), "kernel", kernel, "out",
                     fov_shape_json(&step->out[0].shape), "macs", fov_step_macs(p->plan, step), "seconds", quantile(p, 0.5),
                     "seconds_p10", quantile(p, 0.1), "seconds_p90", quantile(p, 0.9));
}

/* Only the processor's is measured. */
static json_t *peak_json(const fov_plan *plan, int threads)
{
    json_t *peak = json_object();
    for (int i = 0; i < FOV_PEAK_COUNT && !plan->engine->backend->remote; i++)
        fov_json_set(&peak, peak_names[i], json_real(threads * fov_peak_macs((fov_peak)i, fov_cpu_features())));
    return peak;
}

static json_t *profile_json(const profile *p, int threads)
{
    const fov_plan *plan = p->plan;
    json_t         *steps = json_array();
    for (int i = plan->takes_rows; i < plan->n_step; i++) fov_json_add(&steps, step_json(p, i));
    sort_network(p);
    return json_pack("{s:[I, i, I, I], s:i, s:i, s:o, s:f, s:o}", "input", (json_int_t)plan->n, 3, (json_int_t)plan->h,
                     (json_int_t)plan->w, "threads", threads, "rounds", p->rounds, "peak", peak_json(plan, threads),
                     "network_seconds", quantile(p, 0.5), "steps", steps);
}

/* ---------------------------------------------------------------- the call */

static fov_status measure(fov_detector *d, const fov_image *image, const fov_detect_options *options, profile *p,
                          fov_progress *progress, void *progress_user, fov_error *err)
{
    const size_t n_step = (size_t)p->plan->n_step;
    p->seconds = fov_alloc_array((size_t)p->rounds * (n_step + 1), sizeof *p->seconds);
    if (!p->seconds) return fov_fail_memory(err, "the times of a profile");
    p->sorted = p->seconds + (size_t)p->rounds * n_step;
    for (int i = 0; i < p->rounds; i++) {
        fov_status st = fov_detector_run_timed(d, image, options, p->seconds + (size_t)i * n_step, &p->plan, err);
        if (st) return st;
        if (progress && !progress(progress_user, "rounds", (size_t)i + 1, (size_t)p->rounds))
            return fov_fail(err, FOV_ERR_CANCELLED, "stopped after %d of %d rounds", i + 1, p->rounds);
    }
    return FOV_OK;
}

fov_status fov_detector_profile_json(fov_detector *d, const fov_image *image, const fov_detect_options *options, int rounds,
                                     fov_progress *progress, void *progress_user, char **json, fov_error *err)
{
    fov_detect_options defaults = fov_detect_options_default();
    profile            p = {.rounds = rounds};
    fov_status         st;

    *json = NULL;
    if (!options) options = &defaults;
    if (rounds < 1 || rounds > MAX_ROUNDS)
        return fov_fail(err, FOV_ERR_ARGUMENT, "%d rounds of a profile: must be 1 to %d", rounds, MAX_ROUNDS);
    if ((st = fov_detector_run_timed(d, image, options, NULL, &p.plan, err))) return st;
    st = measure(d, image, options, &p, progress, progress_user, err);
    if (!st && !(*json = fov_json_take(profile_json(&p, fov_detector_threads(d))))) st = fov_fail_memory(err, "a profile");
    fov_free(p.seconds);
    return st;
}
