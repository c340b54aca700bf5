// SPDX-License-Identifier: MIT
#include "request.h"

#include "sandbox/confine.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct family {
    const char *name, *type, *help;
} family;

static void print_family(FILE *out, family f)
{
    fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", f.name, f.help, f.name, f.type);
}

static void print_value(FILE *out, family f, double value)
{
    print_family(out, f);
    fprintf(out, "%s %.17g\n", f.name, value);
}

/* ---------------------------------------------------------------- models */

/* Their names need no escaping (srv_model_name_serves()). */
typedef struct page {
    FILE         *out;
    const family *family;
    size_t        offset; /* in srv_stats */
} page;

static void print_labels(FILE *out, const srv_listing *l)
{
    fprintf(out, "model=\"%s\",version=\"%s\"", l->name, l->version);
}

static void print_counter(void *user, const srv_listing *l)
{
    const page             *p = user;
    const _Atomic uint64_t *counter = (const void *)((const char *)l->stats + p->offset);
    fprintf(p->out, "%s{", p->family->name);
    print_labels(p->out, l);
    fprintf(p->out, "} %llu\n", (unsigned long long)*counter);
}

static void print_failures(void *user, const srv_listing *l)
{
    static const char *const reasons[SRV_FAILURES] = {"REJECTED", "CANCELED", "BACKEND", "OTHER"};
    const page              *p = user;
    for (int i = 0; i < SRV_FAILURES; i++) {
        fprintf(p->out, "%s{", p->family->name);
        print_labels(p->out, l);
        fprintf(p->out, ",reason=\"%s\"} %llu\n", reasons[i], (unsigned long long)l->stats->failure[i]);
    }
}

static void print_stages(void *user, const srv_listing *l)
{
    const page *p = user;
    const struct {
        const char          *name;
        const srv_histogram *histogram;
    } row[] = {{"queue", &l->stats->queue},
               {"decode", &l->stats->decode},
               {"preprocess", &l->stats->preprocess},
               {"network", &l->stats->network},
               {"postprocess", &l->stats->postprocess}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char labels[512];
        snprintf(labels, sizeof labels, "model=\"%s\",version=\"%s\",stage=\"%s\"", l->name, l->version, row[i].name);
        srv_histogram_print(p->out, p->family->name, labels, row[i].histogram);
    }
}

static void print_of_models(FILE *out, srv_repository *repository, family f, srv_visit *visit, size_t offset)
{
    page p = {out, &f, offset};
    print_family(out, f);
    srv_repository_visit(repository, visit, &p);
}

static void print_models(FILE *out, srv_repository *repository)
{
    const struct {
        family f;
        size_t offset;
    } counters[] = {
        {{"nv_inference_request_success", "counter", "Requests that were answered"}, offsetof(srv_stats, success)},
        {{"nv_inference_count", "counter", "Photos that were looked at"}, offsetof(srv_stats, photos)},
        {{"nv_inference_exec_count", "counter", "Passes of the network, each of one photo or of several"},
         offsetof(srv_stats, passes)},
        {{"nv_inference_pending_request_count", "gauge", "Photos that wait"}, offsetof(srv_stats, pending)},
        {{"nv_inference_request_duration_us", "counter", "Time of requests that were answered, from their headers on"},
         offsetof(srv_stats, request_us)},
        {{"nv_inference_queue_duration_us", "counter", "Of it, the time that photos waited"}, offsetof(srv_stats, queue_us)},
        {{"nv_inference_compute_input_duration_us", "counter", "Of it, decoding photos and making the network's input"},
         offsetof(srv_stats, input_us)},
        {{"nv_inference_compute_infer_duration_us", "counter", "Of it, the network"}, offsetof(srv_stats, infer_us)},
        {{"nv_inference_compute_output_duration_us", "counter", "Of it, faces from the network's answers"},
         offsetof(srv_stats, output_us)},
        {{"fovea_faces_total", "counter", "Faces that were found"}, offsetof(srv_stats, faces)},
    };
    for (size_t i = 0; i < sizeof counters / sizeof *counters; i++)
        print_of_models(out, repository, counters[i].f, print_counter, counters[i].offset);
    print_of_models(out, repository, (family){"nv_inference_request_failure", "counter", "Requests that were not"}, print_failures,
                    0);
    print_of_models(out, repository, (family){"fovea_stage_duration_seconds", "histogram", "Time of a photo, by stage"},
                    print_stages, 0);
}

/* ---------------------------------------------------------------- the server */

static void print_requests(FILE *out, const srv_metrics *m)
{
    print_family(out, (family){"fovea_http_responses_total", "counter", "Answers, by status"});
    for (int i = 0; i < SRV_STATUSES; i++)
        if (m->responses[i]) fprintf(out, "fovea_http_responses_total{code=\"%d\"} %llu\n", i, (unsigned long long)m->responses[i]);
    print_family(out,
                 (family){"fovea_http_request_duration_seconds", "histogram", "From a request's headers to the end of its answer"});
    for (const srv_route *route = srv_routes; route->pattern; route++) {
        char labels[128];
        if (!srv_histogram_count(m->request + (route - srv_routes))) continue;
        snprintf(labels, sizeof labels, "method=\"%s\",route=\"%s\"", route->method, route->pattern);
        srv_histogram_print(out, "fovea_http_request_duration_seconds", labels, m->request + (route - srv_routes));
    }
}

/* Pages, the second number of the file. */
static double resident_bytes(const srv_metrics *m)
{
    char          text[128];
    const ssize_t size = pread(m->memory, text, sizeof text - 1, 0);
    text[size > 0 ? size : 0] = '\0';
    const char *second = strchr(text, ' ');
    return second ? strtod(second, NULL) * (double)sysconf(_SC_PAGESIZE) : 0;
}

void srv_metrics_begin(srv_metrics *m)
{
    m->start_unix_s = (double)time(NULL);
    m->memory = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
}

void srv_metrics_end(srv_metrics *m)
{
    if (m->memory >= 0) close(m->memory);
}

static void print_isolation(FILE *out, bool processes)
{
    const srv_confinement here = srv_confinement_here();
    print_family(out, (family){"fovea_isolation_info", "gauge", "Always 1: are there worker processes, and what confines them"});
    fprintf(out, "fovea_isolation_info{processes=\"%d\",seccomp=\"%d\",landlock=\"%d\"} 1\n", processes, here.filters,
            here.landlock);
}

static void print_crew(FILE *out, const srv_crew *crew)
{
    print_value(out, (family){"fovea_worker_processes", "gauge", "Processes that look at photos and are up"},
                (double)srv_crew_count(crew, SRV_UP));
    print_value(out, (family){"fovea_worker_restarts_total", "counter", "How often one of them crashed and was started anew"},
                (double)srv_crew_restarts(crew));
}

static void print_server(FILE *out, srv_server *s)
{
    const struct {
        family f;
        double value;
    } row[] = {
        {{"fovea_queue_photos", "gauge", "Photos that wait"}, (double)srv_queue_depth(s->queue)},
        {{"fovea_queue_limit_photos", "gauge", "Photos that may"}, (double)s->config->queue_photos},
        {{"fovea_body_bytes", "gauge", "Memory that requests' bodies and large answers take"}, (double)s->bodies.used},
        {{"fovea_body_limit_bytes", "gauge", "Memory that they may take"}, (double)s->bodies.limit},
        {{"fovea_connections", "gauge", "Connections that are open"}, (double)s->connections.open},
        {{"fovea_connections_timed_out_total", "counter", "Connections whose client took too long"},
         (double)s->connections.timed_out},
        {{"fovea_connections_displaced_total", "counter", "Connections without a request that made room for others"},
         (double)s->connections.displaced},
        {{"fovea_requests", "gauge", "Requests that were begun and are not answered"}, (double)s->requests},
        {{"process_resident_memory_bytes", "gauge", "Memory of the process"}, resident_bytes(&s->metrics)},
        {{"process_start_time_seconds", "gauge", "When it started, in seconds since 1970"}, s->metrics.start_unix_s},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) print_value(out, row[i].f, row[i].value);
    if (s->crew) print_crew(out, s->crew);
    print_isolation(out, s->crew != NULL);
    print_family(out, (family){"fovea_build_info", "gauge", "Always 1"});
    fprintf(out, "fovea_build_info{version=\"%s\"} 1\n", fov_version());
}

srv_reply srv_get_metrics(srv_request *r)
{
    srv_out out;
    if (!srv_out_begin(&out, NULL)) /* a server that is full tells so, and this does not count itself */
        return srv_reply_no_memory();
    print_models(out.file, r->server->repository);
    print_requests(out.file, &r->server->metrics);
    print_server(out.file, r->server);
    return srv_reply_printed(MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", &out);
}
