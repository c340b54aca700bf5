// SPDX-License-Identifier: MIT
/* GET /models and the certificates of their engines. */
#include "json_in.h"
#include "json_text.h"
#include "json_whole.h"
#include "request.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Without its folder, which is the server's affair. */
static json_t *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    char       *text = cli_utf8(slash ? slash + 1 : path);
    json_t     *name = json_string(text);
    free(text);
    return name;
}

static const char *text_or_null(const char *text)
{
    return *text ? text : NULL;
}

/* A srv_visit of a json_t *. What is not loaded has no engine to tell of. */
static void list(void *user, const srv_listing *l)
{
    const srv_facts *facts = l->model ? srv_model_facts(l->model) : NULL;
    cli_json_add(user, json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:s?, s:s?, s:o}", "name", l->name, "version", l->version, "ready",
                                 facts != NULL, "precision", facts ? fov_precision_name(facts->precision) : NULL, "family",
                                 facts ? text_or_null(facts->family) : NULL, "backend", facts ? facts->backend : NULL, "device",
                                 facts ? text_or_null(facts->device) : NULL, "file", file_name(l->path)));
}

/* As it was written, without what a float adds. */
static json_t *share(float value)
{
    return json_real(round((double)value * 1e6) / 1e6);
}

srv_reply srv_get_models(srv_request *r)
{
    const fov_detect_options *d = &r->server->config->detect;
    json_t                   *models = json_array();
    srv_repository_visit(r->server->repository, list, &models);
    return srv_reply_json(json_pack("{s:s, s:{s:o, s:o, s:i}, s:o}", "default", srv_repository_default(r->server->repository),
                                    "defaults", "score", share(d->score_threshold), "nms", share(d->nms_iou), "max_faces",
                                    d->max_faces, "models", models),
                          &r->server->bodies);
}

srv_reply srv_get_certificate(srv_request *r)
{
    fov_error  err = {0};
    bool       no_memory;
    srv_model *model = srv_repository_find(r->server->repository, r->captured[0], r->captured[1], &err);
    if (!model) return srv_reply_error(MHD_HTTP_NOT_FOUND, "%s", err.message);
    const char *text = srv_model_certificate(model);
    json_t     *certificate = srv_json_read(text, strlen(text), 0, NULL, &no_memory);
    srv_reply   reply;
    if (!certificate && !no_memory)
        reply = srv_reply_error(MHD_HTTP_INTERNAL_SERVER_ERROR, "model '%s': its certificate cannot be read", r->captured[0]);
    else if (certificate && !json_object_size(certificate))
        reply = srv_reply_error(MHD_HTTP_NOT_FOUND,
                                "model '%s' has no certificate: nobody measured what its precision costs; `fovea build` does",
                                r->captured[0]);
    else reply = srv_reply_json(json_incref(certificate), &r->server->bodies);
    json_decref(certificate);
    srv_model_release(model);
    return reply;
}
