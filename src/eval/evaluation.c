// SPDX-License-Identifier: MIT
/* What an evaluation tells. */
#include "eval/evaluate.h"

#include "base/alloc.h"
#include "base/json.h"

static json_t *settings_json(const fov_evaluation *e)
{
    json_t *all = json_array();
    for (int s = 0; s < e->settings; s++)
        fov_json_add(&all, json_pack("{s:s, s:I}", "name", e->setting[s], "faces", (json_int_t)e->engine[0].curve[s].faces));
    return all;
}

static json_t *engine_json(const fov_evaluation *e, const fov_evaluated *engine)
{
    json_t *ap = json_object();
    for (int s = 0; s < e->settings; s++) fov_json_set(&ap, e->setting[s], json_real(engine->curve[s].ap));
    return json_pack("{s:o, s:I, s:f, s:o}", "name", fov_json_name(engine->name), "detections", (json_int_t)engine->detections,
                     "seconds", engine->seconds, "ap", ap);
}

char *fov_evaluation_json(const fov_evaluation *e)
{
    json_t *engines = json_array();
    for (size_t i = 0; i < e->count; i++) fov_json_add(&engines, engine_json(e, &e->engine[i]));
    return fov_json_take(json_pack("{s:I, s:I, s:o, s:o}", "photos", (json_int_t)e->photos, "missing", (json_int_t)e->missing,
                                   "settings", settings_json(e), "engines", engines));
}

fov_curve fov_evaluation_curve(const fov_evaluation *evaluation, size_t engine, size_t setting)
{
    if (engine >= evaluation->count || setting >= (size_t)evaluation->settings) return (fov_curve){0};
    const fov_wider_curve *c = &evaluation->engine[engine].curve[setting];
    return (fov_curve){FOV_WIDER_STEPS, c->recall, c->precision, c->ap};
}

void fov_evaluation_free(fov_evaluation *evaluation)
{
    if (!evaluation) return;
    for (size_t i = 0; evaluation->engine && i < evaluation->count; i++) fov_free(evaluation->engine[i].name);
    fov_free(evaluation->engine);
    fov_free(evaluation);
}
