// SPDX-License-Identifier: MIT
/* First every layer is put into INT8 alone, to see how far the heads move. Layers are ranked by that, divided by the time that INT8
 * saves there. Then as few as possible, from the top of the ranking, are raised to a higher precision until the loss on photos is
 * within the budget; at last each of those is tried in INT8 again, for the ranking looks at layers one by one and errors
 * of several layers may cancel. */
#include "build/mixed.h"

#include "base/alloc.h"
#include "build/cost.h"
#include "quant/typed.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_LOWERED = 24 /* trials of the last step */ };

static const double LEAST_SAVED = 0.1; /* of FP32's time */

fov_status fov_build_progress(const fov_compile *compile, const char *what, size_t done, size_t total, fov_error *err)
{
    const fov_engine_options *options = compile->options;
    if (!options->progress || options->progress(options->progress_user, what, done, total)) return FOV_OK;
    return fov_fail(err, FOV_ERR_CANCELLED, "stopped while building: %s", what);
}

typedef struct search {
    const fov_compile *compile;
    fov_measure       *measure;
    fov_mixed         *mixed;
    int               *order; /* nodes by rank */
    int                n;     /* of order */
    fov_dtype          raised;
    double             budget;
    size_t             trials;
} search;

static fov_status loss_of(search *s, double *loss, fov_error *err)
{
    fov_engine   *engine;
    fov_agreement agreement = {0};
    fov_status    st = fov_build_progress(s->compile, "trying assignments", s->trials++, 0, err);
    if (st) return st;
    st = fov_compile_trial(s->compile, s->mixed->types, &engine, err);
    if (!st) st = fov_measure_faces(s->measure, engine, &agreement, err);
    *loss = agreement.loss > 0 ? agreement.loss : 0; /* equal rankings may differ by rounding */
    fov_agreement_clear(&agreement);
    fov_engine_free(engine);
    return st;
}

/* What layers are raised to: BF16 where the machine multiplies it faster and it leaves half of the budget to INT8, else FP32. */
static fov_status choose_raised(search *s, fov_error *err)
{
    double     loss;
    fov_status st = FOV_OK;
    s->raised = FOV_F32;
    if (fov_cost_of(FOV_BF16) < fov_cost_of(FOV_F32)) {
        for (int i = 0; i < s->compile->graph->n_node; i++) s->mixed->types[i] = FOV_BF16;
        st = loss_of(s, &loss, err);
        if (!st && loss <= s->budget / 2) s->raised = FOV_BF16;
    }
    for (int i = 0; i < s->compile->graph->n_node; i++) s->mixed->types[i] = s->raised;
    return st;
}

/* ---------------------------------------------------------------- ranking */

static fov_status rank_layer(search *s, int node, fov_dtype *types, fov_error *err)
{
    fov_engine *engine;
    types[node] = FOV_U8;
    fov_status st = fov_compile_trial(s->compile, types, &engine, err);
    if (!st) st = fov_measure_heads(s->measure, engine, &s->mixed->choice[node].change, err);
    fov_engine_free(engine);
    types[node] = FOV_F32;
    return st;
}

/* Where bytes are no faster than what is raised to, every layer saves alike for its size. */
static double gain(const search *s, int node)
{
    const fov_choice *c = &s->mixed->choice[node];
    const double      saved = fov_cost_of(s->raised) - fov_cost_of(FOV_U8);
    return c->change / (c->macs * (saved > LEAST_SAVED ? saved : LEAST_SAVED) + 1);
}

/* Insertion sort, largest gain first: there are about a hundred layers, and equal ones keep their order. */
static void sort_order(search *s)
{
    for (int i = 1; i < s->n; i++)
        for (int j = i; j > 0 && gain(s, s->order[j]) > gain(s, s->order[j - 1]); j--) {
            const int other = s->order[j - 1];
            s->order[j - 1] = s->order[j];
            s->order[j] = other;
        }
    for (int i = 0; i < s->n; i++) s->mixed->choice[s->order[i]].rank = i + 1;
}

static fov_status rank_layers(search *s, fov_error *err)
{
    const fov_graph *graph = s->compile->graph;
    fov_dtype       *types = fov_alloc_array((size_t)graph->n_node, sizeof *types);
    fov_status       st = types ? FOV_OK : fov_fail_memory(err, "precisions");
    for (int i = 0; types && i < graph->n_node; i++) types[i] = FOV_F32;
    for (int i = 0; i < graph->n_node && !st; i++) {
        s->mixed->choice[i].change = s->mixed->choice[i].loss_in_int8 = -1;
        if (!fov_node_is_typed(graph, &graph->node[i])) continue;
        s->mixed->n_layer++;
        if (!fov_node_fits_int8(graph, &graph->node[i])) continue;
        if ((st = fov_build_progress(s->compile, "sensitivity of layers", (size_t)i, (size_t)graph->n_node, err))) break;
        st = rank_layer(s, i, types, err);
        s->order[s->n++] = i;
    }
    fov_free(types);
    if (!st) sort_order(s);
    return st;
}

/* ---------------------------------------------------------------- how many */

/* The first `count` of the ranking stay higher, the others go to INT8. */
static fov_status loss_of_raised(search *s, int count, double *loss, fov_error *err)
{
    for (int i = 0; i < s->n; i++) s->mixed->types[s->order[i]] = i < count ? s->raised : FOV_U8;
    return loss_of(s, loss, err);
}

/* The fewest that will do: doubling, then halving. */
static fov_status find_count(search *s, int *count, fov_error *err)
{
    int        bad = -1, good = 0;
    double     loss;
    fov_status st;
    for (;; good = good ? good * 2 : 1) {
        if (good > s->n) good = s->n;
        if ((st = loss_of_raised(s, good, &loss, err))) return st;
        if (loss <= s->budget || good == s->n) break;
        bad = good;
    }
    while (good - bad > 1) {
        const int middle = bad + (good - bad) / 2;
        double    there;
        if ((st = loss_of_raised(s, middle, &there, err))) return st;
        if (there <= s->budget) good = middle, loss = there;
        else bad = middle;
    }
    *count = good;
    s->mixed->loss = loss;
    s->mixed->within_budget = loss <= s->budget;
    for (int i = 0; i < s->n; i++) s->mixed->types[s->order[i]] = i < good ? s->raised : FOV_U8;
    return FOV_OK;
}

/* Those of the raised that save most, first: does the network bear it in INT8 after all? */
static fov_status lower_again(search *s, int raised, fov_error *err)
{
    fov_status st = FOV_OK;
    for (int tried = 0; tried < MAX_LOWERED && tried < raised && !st; tried++) {
        int best = -1;
        for (int i = 0; i < raised; i++) {
            const fov_choice *c = &s->mixed->choice[s->order[i]];
            if (c->loss_in_int8 < 0 && (best < 0 || c->macs > s->mixed->choice[best].macs)) best = s->order[i];
        }
        double loss;
        s->mixed->types[best] = FOV_U8;
        if ((st = loss_of(s, &loss, err))) break;
        s->mixed->choice[best].loss_in_int8 = loss;
        if (loss <= s->budget) s->mixed->loss = loss;
        else s->mixed->types[best] = s->raised;
    }
    return st;
}

fov_status fov_mixed_search(const fov_compile *compile, fov_measure *measure, double budget, fov_mixed *mixed, fov_error *err)
{
    const size_t n = (size_t)compile->graph->n_node;
    search       s = {.compile = compile, .measure = measure, .mixed = mixed, .budget = budget};
    double      *macs = fov_calloc(n, sizeof *macs);
    int          raised = 0;
    *mixed = (fov_mixed){.types = fov_calloc(n, sizeof *mixed->types), .choice = fov_calloc(n, sizeof *mixed->choice)};
    s.order = fov_calloc(n, sizeof *s.order);
    fov_status st = macs && mixed->types && mixed->choice && s.order ? FOV_OK : fov_fail_memory(err, "precisions");
    if (!st) st = fov_cost_macs(compile->graph, macs, err);
    for (size_t i = 0; i < n && !st; i++) mixed->choice[i].macs = macs[i];
    if (!st) st = choose_raised(&s, err);
    if (!st) st = rank_layers(&s, err);
    if (!st) st = find_count(&s, &raised, err);
    if (!st && mixed->within_budget) st = lower_again(&s, raised, err);
    for (int i = 0; i < compile->graph->n_node && !st; i++)
        mixed->n_raised += mixed->types[i] != FOV_U8 && fov_node_is_typed(compile->graph, &compile->graph->node[i]);
    fov_free(macs);
    fov_free(s.order);
    if (st) fov_mixed_clear(mixed);
    return st;
}

void fov_mixed_clear(fov_mixed *mixed)
{
    fov_free(mixed->types);
    fov_free(mixed->choice);
    *mixed = (fov_mixed){0};
}
