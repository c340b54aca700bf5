// SPDX-License-Identifier: MIT
/* Open Inference Protocol: what the server says of itself. */
#include "request.h"

srv_reply srv_get_v2(srv_request *r)
{
    (void)r;
    return srv_reply_json(json_pack("{s:s, s:s, s:[s, s, s, s]}", "name", "fovea", "version", fov_version(), "extensions",
                                    "binary_tensor_data", "model_configuration", "model_repository", "statistics"),
                          NULL);
}

static const char device_failed[] =
    "the last photo failed for what a model runs on, such as a GPU that was lost: start the server anew";

srv_reply srv_get_live(srv_request *r)
{
    if (srv_repository_device_failed(r->server->repository)) return srv_reply_busy(device_failed);
    if (r->server->crew && srv_crew_count(r->server->crew, SRV_GIVEN_UP))
        return srv_reply_busy("a worker process could not be started, several times in a row: start the server anew");
    return srv_reply_json(json_pack("{s:b}", "live", 1), NULL);
}

srv_reply srv_get_ready(srv_request *r)
{
    if (r->server->stopping) return srv_reply_busy("the server is stopping");
    if (!srv_repository_is_ready(r->server->repository))
        return srv_reply_busy("a model could not be loaded: POST /v2/repository/index tells which");
    if (srv_repository_device_failed(r->server->repository)) return srv_reply_busy(device_failed);
    if (r->server->crew && !srv_crew_count(r->server->crew, SRV_UP))
        return srv_reply_busy("the worker processes are being started anew");
    return srv_reply_json(json_pack("{s:b}", "ready", 1), NULL);
}
