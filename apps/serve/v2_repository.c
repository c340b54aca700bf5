// SPDX-License-Identifier: MIT
/* Triton's extension of the protocol that lists, loads and unloads models. Loading takes as long as it takes, in a thread of its
 * own. */
#include "json_in.h"
#include "json_whole.h"
#include "request.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct listed {
    json_t *list;
    bool    only_ready;
} listed;

static void add(void *user, const srv_listing *l)
{
    listed *all = user;
    if (all->only_ready && !l->model) return;
    cli_json_add(&all->list, json_pack("{s:s, s:s, s:s, s:s}", "name", l->name, "version", l->version, "state",
                                       l->model ? "READY" : "UNAVAILABLE", "reason", l->reason));
}

/* NULL: there is none, or it is not understood, which says nothing here. @return false: no memory */
static bool read_body(const srv_request *r, json_t **body)
{
    bool no_memory = false;
    *body = r->body.bytes ? srv_json_read(r->body.data, r->body.bytes, JSON_REJECT_DUPLICATES, NULL, &no_memory) : NULL;
    return !no_memory;
}

srv_reply srv_post_index(srv_request *r)
{
    json_t *body;
    if (!read_body(r, &body)) return srv_reply_no_memory();
    listed all = {json_array(), json_is_true(json_object_get(body, "ready"))};
    json_decref(body);
    srv_repository_visit(r->server->repository, add, &all);
    return srv_reply_json(all.list, &r->server->bodies);
}

typedef fov_status change(srv_repository *repository, const char *name, fov_error *err);

typedef struct order {
    change    *change;
    fov_status status;
    fov_error  err;
} order;

static void *carry_out(void *user)
{
    srv_request *r = user;
    order       *o = r->user;
    o->status = o->change(r->server->repository, r->captured[0], &o->err);
    srv_request_wake(r);
    return NULL;
}

static bool begin(srv_request *r)
{
    pthread_t thread;
    if (pthread_create(&thread, NULL, carry_out, r)) return false;
    pthread_detach(thread);
    return true;
}

/* Why a model cannot be loaded is the server's affair, not the client's. */
static srv_reply finish(srv_request *r)
{
    const order *o = r->user;
    if (!o->status) return srv_reply_json(json_object(), NULL);
    if (o->status == FOV_ERR_CANCELLED) return srv_reply_busy(o->err.message);
    return srv_reply_error(o->status == FOV_ERR_ARGUMENT ? MHD_HTTP_NOT_FOUND : MHD_HTTP_INTERNAL_SERVER_ERROR, "%s",
                           o->err.message);
}

static srv_reply change_model(srv_request *r, change *what)
{
    order *o = calloc(1, sizeof *o);
    if (!o) return srv_reply_no_memory();
    *o = (order){.change = what, .status = FOV_ERR_DEVICE, .err = {FOV_ERR_DEVICE, "no thread could be started: try again later"}};
    r->user = o;
    r->user_free = free;
    return srv_request_wait(r, begin, finish);
}

/* Triton lets the client bring its own configuration and files. */
static bool brings_model(const json_t *body)
{
    return json_object_size(json_object_get(body, "parameters")) > 0;
}

srv_reply srv_post_load(srv_request *r)
{
    json_t *body;
    if (!read_body(r, &body)) return srv_reply_no_memory();
    const bool brings = brings_model(body);
    json_decref(body);
    if (brings) return srv_reply_error(MHD_HTTP_BAD_REQUEST, "models are loaded as they lie on the server: leave 'parameters' out");
    return change_model(r, srv_repository_load);
}

srv_reply srv_post_unload(srv_request *r)
{
    return change_model(r, srv_repository_unload);
}
