// SPDX-License-Identifier: MIT
/* POST /v2/models/{m}/infer. */
#include "infer.h"

#include <stdlib.h>
#include <string.h>

void srv_infer_clear(srv_infer *infer)
{
    json_decref(infer->id);
    free(infer->look);
    free(infer->made);
}

/* The budget has room for it with the body, which is given back before the answer is made. */
static void forget_photos(srv_infer *infer)
{
    free(infer->made);
    infer->made = NULL;
}

static void infer_free(void *user)
{
    srv_infer_clear(user);
    free(user);
}

/* One answer for all: that one of the photos is none fails the request, and the message says which. */
static srv_reply finish(srv_request *r)
{
    const srv_task *failed = srv_job_failed(r->job);
    forget_photos(r->user);
    return failed ? srv_reply_failure(&failed->err) : srv_infer_reply(r->job, r->user, &r->server->bodies);
}

static void give_photos(const srv_infer *infer, srv_job *job)
{
    for (size_t i = 0; i < job->count; i++) {
        srv_task *t = job->task + i;
        t->data = infer->look[i].data;
        t->bytes = infer->look[i].bytes;
        t->pixels = infer->look[i].pixels;
        if (job->count > 1) snprintf(t->name, sizeof t->name, "photo %zu", i);
        else snprintf(t->name, sizeof t->name, "the photo");
    }
}

srv_reply srv_post_infer(srv_request *r)
{
    const srv_config *c = r->server->config;
    fov_error         err = {0};
    srv_model        *model = srv_repository_find(r->server->repository, r->captured[0], r->captured[1], &err);
    srv_infer        *infer = model ? calloc(1, sizeof *infer) : NULL;
    if (!model) return srv_reply_error(MHD_HTTP_NOT_FOUND, "%s", err.message);
    if (!infer) {
        srv_model_release(model);
        return srv_reply_no_memory();
    }
    infer->detect = c->detect;
    r->user = infer;
    r->user_free = infer_free;
    const srv_reply wrong = srv_infer_read(r, infer);
    if (wrong.status) {
        srv_model_stats(model)->failure[wrong.status < 500 ? SRV_FAILED_OTHER : SRV_FAILED_BACKEND]++;
        srv_model_release(model);
        return wrong;
    }
    srv_job *job = srv_job_new(model, &infer->detect, infer->looks);
    if (!job) return srv_reply_no_memory();
    const double wait_s = infer->timeout_s > 0 && infer->timeout_s < c->queue_s ? infer->timeout_s : c->queue_s;
    job->until_s = r->whole_s + wait_s;
    give_photos(infer, job);
    return srv_request_queue(r, job, finish);
}
