// SPDX-License-Identifier: MIT
/* Heads: the address, parameters, and the headers that say how long a body is, who asks, and where from. */
#include "http.h"

#include "parameters.h"

#include <string.h>

/* What is taken is within what a request may ask for. */
static void take_parameters(const http_message *m, const srv_config *config)
{
    fov_detect_options detect = config->detect;
    for (int i = 0; i < m->fields; i++) {
        const http_field *f = m->field + i;
        if (f->kind != MHD_GET_ARGUMENT_KIND || !f->value || !srv_parameter_is_known(f->name)) continue;
        srv_reply wrong = srv_parameter_set(&detect, &config->detect, f->name, f->value);
        fov_error err = {0};
        http_refused(&wrong, f->name, &err);
    }
    assert_true(detect.score_threshold >= 0 && detect.score_threshold <= 1 && detect.nms_iou >= 0 && detect.nms_iou <= 1);
    assert_true(detect.max_faces <= 5000 && detect.pre_nms_top_k <= 5000);
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    http_message message;
    srv_server   server;
    srv_request  begun;
    fov_status   st = FOV_OK;
    http_message_read(&message, data, bytes);
    http_request_begin(&begun, &server, &message);
    http_request_end(&begun);
    srv_request *r = srv_request_begin(&server, begun.connection, message.path, message.method, message.version);
    if (!r) fail_msg("%s: no request", name);
    if (message.body_bytes) srv_body_add(&r->body, message.body, message.body_bytes);
    srv_request_ends_early(r);
    take_parameters(&message, server.config);
    st = http_refused(&r->body.refusal, name, err);
    srv_request_free(r);
    assert_int_equal(server.requests + server.bodies.used, 0);
    http_message_clear(&message);
    return st;
}

static void seeds(void)
{
    fuzz_seed_text("POST /detect HTTP/1.1\n?score=0.5\n?nms=0.3\n?size=long:640\n?max_faces=5\n?top_k=100\nHost: localhost:8000\n"
                   "Origin: http://localhost:8000\nAuthorization: Bearer secret\nContent-Length: 5\nContent-Encoding: identity\n"
                   "Expect: 100-continue\n\nphoto");
    fuzz_seed_text("GET /v2/models/a/versions/7/ready HTTP/1.1\nHost: [::1]\nauthorization: bearer secret\n\n");
    fuzz_seed_text(
        "POST /v2/models/a/infer HTTP/1.1\nHost: Faces.example\nAuthorization: Bearer secret\nTransfer-Encoding: chunked\n\n{}");
    fuzz_seed_text("HEAD /assets/main.js HTTP/1.0\nHost: app.localhost\n\n");
}

const fuzz_target fuzz_target_here = {
    .name = "http_head",
    .sources = "apps/serve/auth.c apps/serve/framing.c apps/serve/routes.c apps/serve/parameters.c apps/cli/detect_text.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
