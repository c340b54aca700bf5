// SPDX-License-Identifier: MIT
#include "request.h"

#include "auth.h"
#include "clock.h"
#include "framing.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL_BODY_BYTES = 1 << 16 };

/* ---------------------------------------------------------------- beginning */

const char *srv_request_header(const srv_request *r, const char *name)
{
    const char *value = srv_http.MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
    return value ? value : "";
}

/* The library has refused a Content-Length that is no number. */
static size_t announced_bytes(const srv_request *r)
{
    const char *length = srv_request_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
    if (*srv_request_header(r, MHD_HTTP_HEADER_TRANSFER_ENCODING)) return SIZE_MAX;
    return *length ? strtoull(length, NULL, 10) : 0;
}

/* Why it will not be answered as it wants, status 0: it will. */
static srv_reply refusal(srv_request *r, const char *version, const char *allowed)
{
    const srv_reply misread = srv_framing_check(r, version);
    r->unclear = misread.status != 0;
    if (r->unclear) return misread;
    if (!r->route && *allowed) {
        srv_reply reply = srv_reply_error(MHD_HTTP_METHOD_NOT_ALLOWED, "%s %s: only %s here", r->method, r->path, allowed);
        srv_reply_header(&reply, MHD_HTTP_HEADER_ALLOW, "%s", allowed);
        return reply;
    }
    if (!r->route)
        return srv_reply_error(MHD_HTTP_NOT_FOUND, "%s: there is nothing here; GET /openapi.json describes what there is", r->path);
    const srv_reply reply = srv_auth_check(r);
    if (reply.status) return reply;
    const char *encoding = srv_request_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING);
    if (*encoding && strcasecmp(encoding, "identity") != 0)
        return srv_reply_error(MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "Content-Encoding %s: send the body as it is", encoding);
    return (srv_reply){0};
}

srv_request *srv_request_begin(srv_server *server, struct MHD_Connection *connection, const char *path, const char *method,
                               const char *version)
{
    char         allowed[64];
    bool         no_memory;
    srv_request *r = calloc(1, sizeof *r);
    if (!r) return NULL;
    r->server = server;
    r->connection = connection;
    r->start_s = cli_now_s();
    r->method = strdup(method);
    r->path = strdup(path);
    server->requests++;
    if (!r->method || !r->path) {
        srv_request_free(r);
        return NULL;
    }
    r->route = srv_route_find(method, path, allowed, sizeof allowed, r->captured, &no_memory);
    const srv_reply refused = no_memory ? srv_reply_no_memory() : refusal(r, version, allowed);
    const bool      large = r->route && r->route->flags & SRV_PHOTOS;
    srv_body_begin(&r->body, large ? server->config->body_bytes : SMALL_BODY_BYTES, large,
                   refused.status ? SIZE_MAX : announced_bytes(r), &server->bodies);
    if (refused.status) srv_body_refuse(&r->body, refused);
    return r;
}

/* Most clients look for an answer only once all is sent, and would find the connection broken instead. */
bool srv_request_ends_early(const srv_request *r)
{
    const size_t announced = announced_bytes(r);
    const bool   hopeless = announced != SIZE_MAX && announced > SRV_THROWN_AWAY_BYTES;
    return r->body.refusal.status && (r->unclear || hopeless || *srv_request_header(r, MHD_HTTP_HEADER_EXPECT));
}

void srv_request_free(srv_request *r)
{
    r->server->requests--;
    srv_reply_clear(&r->reply);
    if (r->user_free) r->user_free(r->user);
    srv_job_free(r->job);
    if (r->body.budget) srv_body_clear(&r->body);
    for (size_t i = 0; i < SRV_CAPTURES; i++) free(r->captured[i]);
    free(r->method);
    free(r->path);
    free(r);
}

/* ---------------------------------------------------------------- waiting */

static void suspend(srv_request *r, srv_reply (*finish)(srv_request *request))
{
    r->waits = true;
    r->finish = finish;
    srv_http.MHD_suspend_connection(r->connection);
}

/* From now on it waits for its client, and has no more than its answer. */
static void make_answer(srv_request *r)
{
    srv_body_give_back(&r->body);
    r->reply = r->finish(r);
    if (r->job) srv_job_forget_faces(r->job);
}

void srv_request_wake(void *request)
{
    srv_request *r = request;
    srv_server  *server = r->server;
    make_answer(r);
    srv_http.MHD_resume_connection(r->connection);
    server->suspended--; /* last: once none is suspended, the server may stop */
}

srv_reply srv_request_queue(srv_request *r, srv_job *job, srv_reply (*finish)(srv_request *request))
{
    const srv_config *c = r->server->config;
    r->job = job;
    if (job->count > c->queue_photos) {
        srv_model_stats(job->model)->failure[SRV_FAILED_OTHER]++;
        return srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE,
                               "%zu photos are more than the %zu that this server's queue holds: send fewer at a time", job->count,
                               c->queue_photos);
    }
    if (!srv_queue_reserve(r->server->queue, job->count)) {
        srv_model_stats(job->model)->failure[SRV_FAILED_REJECTED]++;
        return srv_reply_busy(r->server->stopping ? SRV_IS_STOPPING : "the queue is full: try again later");
    }
    job->done = srv_request_wake;
    job->user = r;
    r->server->suspended++;
    suspend(r, finish);
    srv_queue_put(r->server->queue, job);
    return srv_reply_later();
}

/* Counted before it looks, so that none is suspended any more once the server stops and none was. */
srv_reply srv_request_wait(srv_request *r, bool (*begin)(srv_request *request), srv_reply (*finish)(srv_request *request))
{
    r->server->suspended++;
    if (r->server->stopping) {
        r->server->suspended--;
        return srv_reply_busy(SRV_IS_STOPPING);
    }
    suspend(r, finish);
    if (!begin(r)) srv_request_wake(r);
    return srv_reply_later();
}

/* ---------------------------------------------------------------- answering */

static uint64_t unix_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void count_job(const srv_request *r, unsigned status)
{
    const srv_job *job = r->job;
    srv_stats     *s = srv_model_stats(job->model);
    if (!job->done) return; /* was not let into the queue, and counted there */
    if (status != MHD_HTTP_OK) {
        s->failure[status == MHD_HTTP_SERVICE_UNAVAILABLE ? SRV_FAILED_CANCELED
                   : status < 500                         ? SRV_FAILED_OTHER
                                                          : SRV_FAILED_BACKEND]++;
        return;
    }
    s->success++;
    s->last_ms = unix_ms();
    s->request_us += (uint64_t)((cli_now_s() - r->start_s) * 1e6);
    for (size_t i = 0; i < job->count; i++) {
        const srv_times *t = &job->task[i].times;
        s->queue_us += (uint64_t)(t->queue_s * 1e6);
        s->input_us += (uint64_t)((t->decode_s + t->preprocess_s) * 1e6);
        s->infer_us += (uint64_t)(t->network_s * 1e6);
        s->output_us += (uint64_t)(t->postprocess_s * 1e6);
    }
}

/* One that lacks a header would be another. */
static bool add_headers(struct MHD_Response *response, const srv_reply *reply, bool last)
{
    bool added = srv_http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, reply->type) &&
                 srv_http.MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (size_t i = 0; i < reply->headers && added; i++)
        added = srv_http.MHD_add_response_header(response, reply->header[i].name, reply->header[i].value);
    return added && (!last || srv_http.MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close"));
}

/* @return MHD_NO: there was no memory, and the connection ends */
static enum MHD_Result send_reply(srv_request *r)
{
    const srv_reply     *reply = &r->reply;
    struct MHD_Response *response = srv_http.MHD_create_response_from_buffer(reply->bytes, reply->data, MHD_RESPMEM_PERSISTENT);
    if (!response) return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(response, reply, r->server->stopping)) {
        r->status = reply->status;
        r->sent_bytes = strcmp(r->method, "HEAD") ? reply->bytes : 0;
        result = srv_http.MHD_queue_response(r->connection, reply->status, response);
    }
    srv_http.MHD_destroy_response(response); /* the connection refers to it now */
    return result;
}

enum MHD_Result srv_request_answer(srv_request *r)
{
    if (r->waits) {
        r->waits = false;
    } else {
        r->whole_s = cli_now_s();
        if (r->body.refusal.status) {
            r->reply = r->body.refusal;
            r->body.refusal = (srv_reply){0};
        } else {
            const srv_reply reply = r->route->handler(r);
            if (!reply.status) return MHD_YES; /* it waits, and may be gone already */
            r->reply = reply;
        }
    }
    if (r->job) count_job(r, r->reply.status);
    return send_reply(r);
}
