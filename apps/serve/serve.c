// SPDX-License-Identifier: MIT
#include "serve.h"

#include "clock.h"
#include "console.h"
#include "daemon.h"
#include "descriptors.h"
#include "heap.h"
#include "http_library.h"
#include "json_in.h"
#include "listen.h"
#include "sandbox/confine.h"
#include "service.h"
#include "signals.h"
#include "text_file.h"
#include "workers.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double SWEEP_S = 0.25, LAST_ANSWERS_S = 2;

typedef struct running {
    srv_server         server;
    srv_nursery        nursery;
    srv_workers       *workers;
    struct MHD_Daemon *daemon;
    int                fd;
    char               address[128];
    char              *tls[2];
    FILE              *ready; /* of --ready-file, under another name; NULL: none */
    char              *ready_beside;
    bool               ready_replaces; /* it takes the other name then, for that is no pipe or device */
    int                service;        /* socket to who watches over services; -1: none */
} running;

/* ---------------------------------------------------------------- beginning */

static cli_exit load_tls(running *s, const srv_config *c)
{
    if (!c->tls_cert) return CLI_OK;
    s->tls[0] = cli_text_file("--tls-cert", c->tls_cert);
    s->tls[1] = s->tls[0] ? cli_text_file("--tls-key", c->tls_key) : NULL;
    return s->tls[1] ? CLI_OK : CLI_USAGE;
}

static bool say_ready_file(const char *path)
{
    cli_error("--ready-file %s: %s", path, strerror(errno));
    return false;
}

/* A pipe or a device must not be replaced. */
static bool is_no_plain_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && !S_ISREG(info.st_mode);
}

/* Of an earlier start that failed, or a link that somebody put there, which would be followed: "x" refuses what is there. */
static FILE *open_beside(const char *path)
{
    return unlink(path) && errno != ENOENT ? NULL : fopen(path, "wxe");
}

/* While files may still be made and removed. */
static bool open_ready_file(running *s, const char *path)
{
    if (!path) return true;
    s->ready_replaces = !is_no_plain_file(path);
    if (asprintf(&s->ready_beside, "%s%s", path, s->ready_replaces ? ".new" : "") < 0) s->ready_beside = NULL;
    if (s->ready_beside) s->ready = s->ready_replaces ? open_beside(s->ready_beside) : fopen(path, "we");
    if (s->ready && s->ready_replaces) srv_signals_remove_file(s->ready_beside);
    return s->ready || say_ready_file(path);
}

/* Read in one piece by whoever waits for it. */
static bool write_ready_file(running *s, const char *path, const char *url)
{
    if (!path) return true;
    const bool written = fprintf(s->ready, "%s\n", url) > 0, closed = !fclose(s->ready);
    s->ready = NULL;
    srv_signals_remove_file(NULL);
    return (written && closed && (!s->ready_replaces || !rename(s->ready_beside, path))) || say_ready_file(path);
}

/* That of a server which did not come to listen is not left. */
static void close_ready_file(running *s)
{
    srv_signals_remove_file(NULL);
    if (s->ready) {
        fclose(s->ready);
        if (s->ready_replaces) unlink(s->ready_beside);
    }
    free(s->ready_beside);
}

static cli_exit tell_address(running *s)
{
    char url[160];
    snprintf(url, sizeof url, "http%s://%s", s->tls[0] ? "s" : "", s->address);
    cli_note("listening on %s", url);
    srv_service_tell(s->service, "READY=1");
    return write_ready_file(s, s->server.config->ready_file, url) ? CLI_OK : CLI_OUTPUT;
}

/* From here on the front can do what its requests need and no more; and only from here on are there threads. */
static cli_exit confine(running *s, const srv_config *c)
{
    fov_error err = {0};
    if (c->isolation == SRV_ISOLATION_OFF) return CLI_OK;
    json_object_seed(0); /* a secret of its own, drawn while files may still be read */
    if (srv_confine_front(c, &err)) {
        cli_error("%s", err.message);
        return err.code == FOV_ERR_ARGUMENT ? CLI_USAGE : CLI_INTERNAL;
    }
    if (!srv_relay_start(&s->nursery.relay)) return CLI_INTERNAL;
    s->server.crew = srv_crew_new(c, &s->nursery);
    return s->server.crew ? CLI_OK : CLI_INTERNAL;
}

/* Nobody is connected yet, who could load models. */
static void share_descriptors(running *s, const srv_config *c)
{
    const srv_descriptors shared = srv_descriptors_share(c, s->fd);
    s->server.connections.most = shared.connections;
    if (s->server.crew) srv_crew_limit(s->server.crew, shared.models);
}

static cli_exit begin(running *s, const srv_config *c)
{
    srv_server *server = &s->server;
    cli_exit    code = load_tls(s, c);
    if (code) return code;
    if (!srv_access_log_open(&server->log, c->access_log) || !open_ready_file(s, c->ready_file)) return CLI_OUTPUT;
    s->service = srv_service_open();
    srv_metrics_begin(&server->metrics);
    if (!(server->queue = srv_queue_new(c->queue_photos))) return cli_no_memory();
    if ((s->fd = srv_listen(c->host, c->port, s->address, sizeof s->address)) < 0) return CLI_USAGE;
    server->is_local = srv_listens_locally(s->fd);
    if ((code = confine(s, c))) return code;
    if (!(server->repository = srv_repository_open(c, server->crew))) return CLI_MODEL;
    if (!(s->workers = srv_workers_start(server->queue, server->crew, c))) return CLI_INTERNAL;
    share_descriptors(s, c);
    srv_signals_end_start();
    if (!(s->daemon = srv_daemon_start(server, s->fd, s->tls[0] ? (const char *const *)s->tls : NULL))) return CLI_USAGE;
    return tell_address(s);
}

/* ---------------------------------------------------------------- running and stopping */

/* Of what nobody else may have the time for. */
static void sweep(running *s)
{
    srv_connections_sweep(&s->server.connections);
    srv_workers_sweep(s->workers);
}

/* Without a worker process nothing can be answered: whoever watches over the server should start it anew. */
static bool all_given_up(const running *s)
{
    const srv_crew *crew = s->server.crew;
    return crew && srv_crew_count(crew, SRV_GIVEN_UP) == (size_t)s->server.config->processes;
}

/* Until no request is left, for so long at most. @return a signal that came meanwhile */
static int wait_for_requests(running *s, double limit_s)
{
    const double until = cli_now_s() + limit_s;
    while (s->server.requests && cli_now_s() < until) {
        const int number = srv_signals_wait(0.01);
        if (number) return number;
        sweep(s);
    }
    return 0;
}

/* Photos that are being looked at have their time. A model that is being loaded is given up with the processes that it is loaded
 * into. The library must not be stopped while requests are suspended. */
static void wait_for_work(running *s)
{
    const struct timespec t = {0, 1000000};
    srv_repository_stop(s->server.repository);
    srv_workers_join(s->workers);
    s->workers = NULL;
    srv_crew_end(s->server.crew);
    while (s->server.suspended) nanosleep(&t, NULL);
}

/* What was begun is finished within a limit; a second signal ends that. */
static cli_exit drain(running *s)
{
    const size_t begun = s->server.requests;
    srv_service_tell(s->service, "STOPPING=1");
    cli_note("stopping: %zu request%s to finish", begun, begun == 1 ? "" : "s");
    s->server.stopping = true;
    srv_daemon_quiesce(s->daemon, s->fd);
    const int again = wait_for_requests(s, s->server.config->drain_s);
    srv_queue_close(s->server.queue);
    sweep(s);
    wait_for_work(s);
    if (!again) wait_for_requests(s, LAST_ANSWERS_S);
    return again ? (cli_exit)(CLI_SIGNAL + again) : CLI_OK;
}

/* A worker process that does not end keeps threads of this one waiting, and the nursery, which ends once it can. */
static _Noreturn void leave(running *s, cli_exit code)
{
    cli_warning("a worker process does not end: it is left");
    srv_access_log_close(&s->server.log);
    close_ready_file(s);
    _exit((int)code);
}

/* Also of a server that listens and cannot tell so, which nobody has stopped. */
static void end(running *s, cli_exit code)
{
    s->server.stopping = true;
    if (s->server.queue) srv_queue_close(s->server.queue);
    wait_for_work(s);
    if (s->daemon) srv_daemon_stop(s->daemon, s->fd);
    srv_queue_free(s->server.queue);
    srv_repository_free(s->server.repository);
    if (!srv_crew_free(s->server.crew)) leave(s, code);
    srv_nursery_stop(&s->nursery);
    srv_access_log_close(&s->server.log);
    srv_connections_clear(&s->server.connections);
    close_ready_file(s);
    srv_metrics_end(&s->server.metrics);
    srv_service_close(s->service);
    free(s->tls[0]);
    free(s->tls[1]);
}

static cli_exit begin_isolation(running *s, const srv_config *config)
{
    fov_error err = {0};
    if (config->isolation == SRV_ISOLATION_OFF) return CLI_OK;
    if (srv_confine_begin(config, &err)) {
        cli_error("%s", err.message);
        return CLI_USAGE;
    }
    return srv_nursery_start(&s->nursery, config) ? CLI_OK : CLI_INTERNAL;
}

cli_exit srv_serve(const srv_config *config)
{
    running s = {.service = -1, .server = {.config = config, .bodies = {.limit = config->memory_bytes}, .metrics = {.memory = -1}}};
    srv_heap_settle(config->workers);
    srv_descriptors_raise(config);
    srv_signals_block();
    srv_json_watch();
    cli_exit code = begin_isolation(&s, config);
    if (code) return code;
    srv_signals_begin_start();
    if (!srv_http_library_load()) return CLI_INTERNAL;
    srv_connections_init(&s.server.connections, config->connections, config->tls_cert != NULL);
    code = begin(&s, config);
    if (!code) {
        while (!srv_signals_wait(SWEEP_S) && !all_given_up(&s)) sweep(&s);
        code = drain(&s);
        if (!code && all_given_up(&s)) code = CLI_INTERNAL;
    }
    end(&s, code);
    return code;
}
