// SPDX-License-Identifier: MIT
/* Open Inference Protocol: what the server says of its models. Metadata says more than the protocol asks for: what a tensor means,
 * in "parameters", where clients look for nothing. */
#include "json_whole.h"
#include "request.h"

#include "tensors.h"

#include <string.h>

static srv_model *find(const srv_request *r, srv_reply *missing)
{
    fov_error  err = {0};
    srv_model *model = srv_repository_find(r->server->repository, r->captured[0], r->captured[1], &err);
    if (!model) *missing = srv_reply_error(MHD_HTTP_NOT_FOUND, "%s", err.message);
    return model;
}

static json_t *shape_of(const srv_tensor *t)
{
    json_t *shape = json_array();
    for (int i = 0; i < t->rank; i++) cli_json_add(&shape, json_integer(t->shape[i]));
    return shape;
}

static json_t *metadata_of(const srv_tensor *tensors, int count)
{
    json_t *all = json_array();
    for (int i = 0; i < count; i++)
        cli_json_add(&all, json_pack("{s:s, s:s, s:o, s:{s:s}}", "name", tensors[i].name, "datatype", tensors[i].datatype, "shape",
                                     shape_of(tensors + i), "parameters", "meaning", tensors[i].what));
    return all;
}

typedef struct versions {
    const char *name;
    json_t     *list;
} versions;

static void add_version(void *user, const srv_listing *l)
{
    versions *v = user;
    if (l->model && !strcmp(l->name, v->name)) cli_json_add(&v->list, json_string(l->version));
}

srv_reply srv_get_model(srv_request *r)
{
    srv_reply  missing;
    srv_model *model = find(r, &missing);
    if (!model) return missing;
    versions v = {srv_model_name(model), json_array()};
    srv_repository_visit(r->server->repository, add_version, &v);
    const srv_reply reply = srv_reply_json(json_pack("{s:s, s:o, s:s, s:o, s:o}", "name", srv_model_name(model), "versions", v.list,
                                                     "platform", "fovea", "inputs", metadata_of(srv_inputs, SRV_INPUTS), "outputs",
                                                     metadata_of(srv_outputs, SRV_OUTPUTS)),
                                           NULL);
    srv_model_release(model);
    return reply;
}

srv_reply srv_get_model_ready(srv_request *r)
{
    srv_reply  missing;
    srv_model *model = find(r, &missing);
    if (!model) return missing;
    const srv_reply reply = srv_reply_json(json_pack("{s:s, s:b}", "name", srv_model_name(model), "ready", 1), NULL);
    srv_model_release(model);
    return reply;
}

/* Triton's ModelConfig, as far as it means anything here. */
static json_t *config_of(const srv_tensor *tensors, int count)
{
    json_t *all = json_array();
    for (int i = 0; i < count; i++) {
        char type[16];
        snprintf(type, sizeof type, "TYPE_%s", strcmp(tensors[i].datatype, "BYTES") ? tensors[i].datatype : "STRING");
        cli_json_add(&all, json_pack("{s:s, s:s, s:o}", "name", tensors[i].name, "data_type", type, "dims", shape_of(tensors + i)));
    }
    return all;
}

srv_reply srv_get_model_config(srv_request *r)
{
    srv_reply  missing;
    srv_model *model = find(r, &missing);
    if (!model) return missing;
    const srv_reply reply =
        srv_reply_json(json_pack("{s:s, s:s, s:s, s:i, s:o, s:o}", "name", srv_model_name(model), "platform", "fovea", "backend",
                                 srv_model_facts(model)->backend, "max_batch_size", 0, "input", config_of(srv_inputs, SRV_INPUTS),
                                 "output", config_of(srv_outputs, SRV_OUTPUTS)),
                       NULL);
    srv_model_release(model);
    return reply;
}

/* ---------------------------------------------------------------- statistics */

typedef struct wanted {
    const char *name, *version; /* NULL: all */
    json_t     *list;
} wanted;

static json_t *duration(uint64_t count, uint64_t us)
{
    return json_pack("{s:I, s:I}", "count", (json_int_t)count, "ns", (json_int_t)us * 1000);
}

static json_t *statistics_of(const srv_listing *l)
{
    const srv_stats *s = l->stats;
    uint64_t         failed = 0;
    for (int i = 0; i < SRV_FAILURES; i++) failed += s->failure[i];
    json_t *inference =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "success", duration(s->success, s->request_us), "fail", duration(failed, 0),
                  "queue", duration(s->photos, s->queue_us), "compute_input", duration(s->photos, s->input_us), "compute_infer",
                  duration(s->photos, s->infer_us), "compute_output", duration(s->photos, s->output_us));
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:o}", "name", l->name, "version", l->version, "last_inference",
                     (json_int_t)s->last_ms, "inference_count", (json_int_t)s->photos, "execution_count", (json_int_t)s->passes,
                     "inference_stats", inference);
}

static void add_statistics(void *user, const srv_listing *l)
{
    wanted *w = user;
    if (!l->model || (w->name && strcmp(l->name, w->name)) || (w->version && strcmp(l->version, w->version))) return;
    cli_json_add(&w->list, statistics_of(l));
}

srv_reply srv_get_stats(srv_request *r)
{
    srv_reply  missing;
    srv_model *model = r->captured[0] ? find(r, &missing) : NULL;
    if (r->captured[0] && !model) return missing;
    wanted w = {r->captured[0], r->captured[1], json_array()};
    srv_repository_visit(r->server->repository, add_statistics, &w);
    srv_model_release(model);
    return srv_reply_json(json_pack("{s:o}", "model_stats", w.list), &r->server->bodies);
}
