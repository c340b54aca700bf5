// SPDX-License-Identifier: MIT
/* Golden vectors, replayed: is this the engine that was built? */
#include "base/alloc.h"
#include "base/json.h"
#include "engine/golden.h"

#include <math.h>

/* JSON has no infinity: a layer of another shape has no difference that is a number. */
static json_t *number_json(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *drift_json(const fov_drift *drift)
{
    return json_pack("{s:o, s:I, s:s, s:s, s:o, s:o}", "layer", fov_json_name(drift->layer), "vector", (json_int_t)drift->vector,
                     "what", drift->what, "unit", drift->unit, "difference", number_json(drift->difference), "tolerance",
                     number_json(drift->tolerance));
}

static char *describe(const fov_replay *replay)
{
    json_t *drifted = json_array();
    for (size_t i = 0; i < replay->n_drift; i++) fov_json_add(&drifted, drift_json(&replay->drift[i]));
    return fov_json_take(json_pack("{s:b, s:I, s:I, s:I, s:o}", "pass", !replay->n_drift, "vectors", (json_int_t)replay->vectors,
                                   "layers", (json_int_t)replay->layers, "identical", (json_int_t)replay->identical, "drifted",
                                   drifted));
}

fov_status fov_engine_verify(const fov_engine *engine, bool *pass, char **json, fov_error *err)
{
    fov_replay replay;
    *pass = false;
    if (json) *json = NULL;
    fov_status st = fov_golden_replay(engine, &replay, err);
    if (st) return st;
    *pass = !replay.n_drift;
    if (json && !(*json = describe(&replay))) st = fov_fail_memory(err, "what verifying found");
    fov_replay_clear(&replay);
    return st;
}
