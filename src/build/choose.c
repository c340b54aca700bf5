// SPDX-License-Identifier: MIT
#include "build/choose.h"

#include "base/alloc.h"
#include "build/cost.h"

#include <string.h>

void fov_decision_clear(fov_decision *decision)
{
    fov_free(decision->types);
    fov_mixed_clear(&decision->mixed);
    *decision = (fov_decision){0};
}

static fov_status measure_types(const fov_compile *compile, fov_measure *measure, const fov_dtype *types, double *loss,
                                fov_error *err)
{
    fov_engine   *engine;
    fov_agreement agreement = {0};
    fov_status    st = fov_compile_trial(compile, types, &engine, err);
    if (!st) st = fov_measure_faces(measure, engine, &agreement, err);
    *loss = agreement.loss > 0 ? agreement.loss : 0;
    fov_agreement_clear(&agreement);
    fov_engine_free(engine);
    return st;
}

static fov_status search_mixed(const fov_compile *compile, fov_measure *measure, fov_decision *d, fov_error *err)
{
    if (!measure)
        return fov_fail(
            err, FOV_ERR_ARGUMENT,
            "mixed precision follows from measured losses: photos to measure on are needed, as `fovea build` takes them");
    fov_status st = fov_mixed_search(compile, measure, compile->max_loss, &d->mixed, err);
    if (!st) memcpy(d->types, d->mixed.types, (size_t)compile->graph->n_node * sizeof *d->types);
    return st;
}

/* ---------------------------------------------------------------- auto */

/* Look at one precision; take it when it is within the budget and the fastest so far. */
static fov_status consider(const fov_compile *compile, fov_measure *measure, const double *macs, fov_precision precision,
                           fov_decision *d, double *best, fov_error *err)
{
    const int      n = compile->graph->n_node;
    fov_candidate *c = &d->candidate[d->n_candidate];
    fov_dtype     *types = fov_alloc_array((size_t)n, sizeof *types);
    fov_status     st = types ? FOV_OK : fov_fail_memory(err, "precisions");
    fov_error      own = {0};
    bool           taken = false;
    if (st) return st;
    *c = (fov_candidate){.precision = precision};
    fov_compile_types(compile, precision, types);
    if (precision == FOV_PRECISION_MIXED) {
        st = fov_mixed_search(compile, measure, compile->max_loss, &d->mixed, err);
        if (!st) memcpy(types, d->mixed.types, (size_t)n * sizeof *types);
    }
    c->cost = fov_cost_total(macs, types, n);
    if (!st && c->cost < *best) {
        st = fov_build_progress(compile, "measuring", d->n_candidate, 0, err);
        if (!st) st = measure_types(compile, measure, types, &c->loss, &own);
        c->measured = !st;
        if (!st && c->loss <= compile->max_loss) {
            *best = c->cost;
            memcpy(d->types, types, (size_t)n * sizeof *types);
            taken = true;
        }
        if (own.code == FOV_ERR_UNSUPPORTED) st = FOV_OK; /* a network that this precision cannot hold */
        else if (own.code && err) *err = own;
    }
    if (!taken) fov_mixed_clear(&d->mixed); /* its reasons are not those of what was taken */
    d->n_candidate++;
    fov_free(types);
    return st;
}

/* FP32 against itself: how many faces there are to lose. */
static fov_status find_faces(fov_measure *measure, double *faces, fov_error *err)
{
    fov_agreement agreement;
    fov_status    st = fov_measure_faces(measure, measure->fp32, &agreement, err);
    *faces = agreement.truth;
    fov_agreement_clear(&agreement);
    return st;
}

static fov_status choose_fastest(const fov_compile *compile, fov_measure *measure, const double *macs, fov_decision *d,
                                 fov_error *err)
{
    static const fov_precision order[] = {FOV_PRECISION_INT8, FOV_PRECISION_BF16, FOV_PRECISION_FP16, FOV_PRECISION_MIXED};
    fov_compile_types(compile, FOV_PRECISION_FP32, d->types);
    const double fp32 = fov_cost_total(macs, d->types, compile->graph->n_node);
    double       best = fp32, faces;
    fov_status   st = find_faces(measure, &faces, err);
    d->too_few_faces = faces < FOV_ENOUGH_FACES;
    if (d->too_few_faces) return st;
    for (size_t i = 0; i < sizeof order / sizeof *order && !st; i++) {
        /* Mixed lies between INT8 and what its layers are raised to: of no use where INT8 itself will do, or is slow. */
        const bool int8_serves = d->candidate[0].measured && d->candidate[0].loss <= compile->max_loss;
        if (order[i] == FOV_PRECISION_MIXED && (int8_serves || fov_cost_of(FOV_U8) >= fov_cost_of(FOV_F32))) continue;
        st = consider(compile, measure, macs, order[i], d, &best, err);
    }
    for (size_t i = 0; i < d->n_candidate && fp32 > 0; i++) d->candidate[i].cost /= fp32;
    return st;
}

fov_status fov_choose(const fov_compile *compile, fov_measure *measure, const double *macs, fov_decision *d, fov_error *err)
{
    const fov_precision precision = compile->options->precision;
    fov_status          st = FOV_OK;
    *d = (fov_decision){.types = fov_alloc_array((size_t)compile->graph->n_node, sizeof *d->types)};
    if (!d->types) return fov_fail_memory(err, "precisions");
    if (precision == FOV_PRECISION_MIXED) st = search_mixed(compile, measure, d, err);
    else if (precision == FOV_PRECISION_AUTO && measure) st = choose_fastest(compile, measure, macs, d, err);
    else fov_compile_types(compile, precision, d->types);
    if (st) fov_decision_clear(d);
    return st;
}
