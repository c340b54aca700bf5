// SPDX-License-Identifier: MIT
/* POST /detect: photos in, the record that `fovea detect --json` prints out, or the picture with its faces marked. */
#include "json_text.h"
#include "multipart.h"
#include "parameters.h"
#include "record_json.h"

#include <stdlib.h>
#include <string.h>

/* What the address says behind its question mark. */
typedef struct query {
    const srv_config  *config;
    fov_detect_options detect;
    const char        *model, *version;
    srv_reply          wrong; /* status 0: nothing */
} query;

static enum MHD_Result take_argument(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    query *q = user;
    (void)kind;
    if (!value) value = "";
    if (!strcmp(name, "model")) q->model = value;
    else if (!strcmp(name, "version")) q->version = value;
    else if (srv_parameter_is_known(name)) q->wrong = srv_parameter_set(&q->detect, &q->config->detect, name, value);
    else
        q->wrong = srv_reply_error(MHD_HTTP_BAD_REQUEST,
                                   "%.64s: there is no such parameter; there are model, version, " SRV_PARAMETERS, name);
    return q->wrong.status ? MHD_NO : MHD_YES;
}

/* ---------------------------------------------------------------- the answer */

static void print_times(FILE *out, const srv_times *t)
{
    const struct {
        const char *name;
        double      seconds;
    } row[] = {{"queue", t->queue_s},     {"decode", t->decode_s},           {"preprocess", t->preprocess_s},
               {"network", t->network_s}, {"postprocess", t->postprocess_s}, {"total", t->total_s}};
    fputs(", \"timing\": {", out);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        fprintf(out, "%s\"%s\": ", i ? ", " : "", row[i].name);
        cli_json_number(out, row[i].seconds * 1e3, 3);
    }
    putc('}', out);
}

static void print_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ", \"%s\": ", name);
    if (*text) cli_json_string(out, text);
    else fputs("null", out);
}

static void print_model(FILE *out, const srv_model *model)
{
    const srv_facts *facts = srv_model_facts(model);
    print_text(out, "model", srv_model_name(model));
    print_text(out, "version", srv_model_version(model));
    print_text(out, "precision", fov_precision_name(facts->precision));
    print_text(out, "backend", facts->backend);
    print_text(out, "device", facts->device);
}

static void print_record(FILE *out, const srv_task *t, const char *file)
{
    const cli_result result = {.file = file,
                               .error = t->status ? t->err.message : NULL,
                               .width = t->width,
                               .height = t->height,
                               .faces = {t->faces, t->face}};
    putc('{', out);
    cli_record_print(out, &result);
    if (!t->status) {
        print_model(out, t->job->model);
        print_times(out, &t->times);
    }
    putc('}', out);
}

/* As the client called them; NULL: the body is the photo. */
static const char *file_of(const srv_request *r, size_t i)
{
    const srv_parts *parts = r->user;
    return parts ? parts->part[i].file : NULL;
}

static srv_reply picture_reply(const srv_request *r)
{
    const srv_task *t = r->job->task;
    return srv_reply_static(r->job->drawing == SRV_DRAW_JPEG ? "image/jpeg" : "image/png", t->picture, t->picture_bytes);
}

static void print_photos(FILE *out, const srv_request *r)
{
    fputs("{\"photos\": [", out);
    for (size_t i = 0; i < r->job->count && !ferror(out); i++) {
        if (i) fputs(",\n ", out);
        print_record(out, r->job->task + i, file_of(r, i));
    }
    fputs("]}", out);
}

/* A photo that failed among several is told in its place, a single one by the status. */
static srv_reply finish(srv_request *r)
{
    srv_out         out;
    const srv_task *failed = srv_job_failed(r->job);
    if (failed && (r->job->count == 1 || failed->status == FOV_ERR_CANCELLED)) return srv_reply_failure(&failed->err);
    if (r->job->drawing != SRV_DRAW_NOTHING) return picture_reply(r);
    if (!srv_out_begin(&out, &r->server->bodies)) return srv_reply_no_memory();
    if (r->job->count == 1) print_record(out.file, r->job->task, file_of(r, 0));
    else print_photos(out.file, r);
    putc('\n', out.file);
    return srv_reply_printed(MHD_HTTP_OK, "application/json", &out);
}

/* ---------------------------------------------------------------- the question */

/* The client's first choice among what there is: its list is taken as it stands, without weights. */
static srv_drawing drawing_of(const srv_request *r)
{
    static const struct {
        const char *type;
        srv_drawing drawing;
    } row[] = {{"image/jpeg", SRV_DRAW_JPEG},
               {"image/*", SRV_DRAW_JPEG},
               {"image/png", SRV_DRAW_PNG},
               {"application/json", SRV_DRAW_NOTHING},
               {"*/*", SRV_DRAW_NOTHING}};
    const char *accept = srv_request_header(r, MHD_HTTP_HEADER_ACCEPT), *first = NULL;
    srv_drawing drawing = SRV_DRAW_NOTHING;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *at = strstr(accept, row[i].type);
        if (!at || (first && at > first)) continue;
        first = at;
        drawing = row[i].drawing;
    }
    return drawing;
}

static void take_name(srv_task *t, const char *file, size_t index, size_t count)
{
    if (file && *file) snprintf(t->name, sizeof t->name, "%s", file);
    else if (count > 1) snprintf(t->name, sizeof t->name, "photo %zu", index + 1);
    else snprintf(t->name, sizeof t->name, "the photo");
}

static void give_photos(srv_request *r, srv_job *job)
{
    const srv_parts *parts = r->user;
    for (size_t i = 0; i < job->count; i++) {
        srv_task *t = job->task + i;
        t->data = parts ? parts->part[i].data : r->body.data;
        t->bytes = parts ? parts->part[i].bytes : r->body.bytes;
        take_name(t, file_of(r, i), i, job->count);
        if (!t->data) t->data = ""; /* an empty file is no photo, and the decoder says so */
    }
}

static srv_reply count_photos(srv_request *r, size_t *count)
{
    srv_parts *parts = NULL;
    srv_reply  wrong = {0};
    *count = 1;
    if (srv_is_multipart(r)) {
        wrong = srv_multipart_read(r, r->server->config->request_photos, &parts);
        r->user = parts;
        r->user_free = srv_parts_free;
        if (!wrong.status) *count = parts->count;
    } else if (!r->body.bytes) {
        wrong = srv_reply_error(MHD_HTTP_BAD_REQUEST, "the body is empty: send a photo, as curl --data-binary @face.jpg does");
    }
    return wrong;
}

srv_reply srv_post_detect(srv_request *r)
{
    query     q = {.config = r->server->config, .detect = r->server->config->detect};
    fov_error err = {0};
    size_t    count;
    srv_http.MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_argument, &q);
    if (!q.wrong.status) q.wrong = count_photos(r, &count);
    if (q.wrong.status) return q.wrong;
    const srv_drawing drawing = drawing_of(r);
    if (drawing != SRV_DRAW_NOTHING && count > 1)
        return srv_reply_error(MHD_HTTP_BAD_REQUEST,
                               "a picture is the answer to one photo, and these are %zu: ask for application/json", count);
    srv_model *model = srv_repository_find(r->server->repository, q.model, q.version, &err);
    if (!model) return srv_reply_error(MHD_HTTP_NOT_FOUND, "%s", err.message);
    srv_job *job = srv_job_new(model, &q.detect, count);
    if (!job) return srv_reply_no_memory();
    job->drawing = drawing;
    job->budget = &r->server->bodies;
    job->until_s = r->whole_s + r->server->config->queue_s;
    give_photos(r, job);
    return srv_request_queue(r, job, finish);
}
