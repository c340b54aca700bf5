// SPDX-License-Identifier: MIT
#include "serve.h"

#include "clock.h"
#include "console.h"
#include "daemon.h"
#include "heap.h"
#include "http_library.h"
#include "listen.h"
#include "service.h"
#include "text_file.h"
#include "workers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const double SWEEP_S = 0.25, LAST_ANSWERS_S = 2;

typedef struct running {
    srv_server         server;
    srv_workers       *workers;
    struct MHD_Daemon *daemon;
    int                fd;
    char               address[128];
    char              *tls[2];
    sigset_t           signals;
} running;

/* ---------------------------------------------------------------- beginning */

static cli_exit load_tls(running *s, const srv_config *c)
{
    if (!c->tls_cert) return CLI_OK;
    s->tls[0] = cli_text_file("--tls-cert", c->tls_cert);
    s->tls[1] = s->tls[0] ? cli_text_file("--tls-key", c->tls_key) : NULL;
    return s->tls[1] ? CLI_OK : CLI_USAGE;
}

/* Read in one piece by whoever waits for it. */
static bool write_ready_file(const char *path, const char *url)
{
    char  beside[4096];
    FILE *file = NULL;
    if (!path) return true;
    if (snprintf(beside, sizeof beside, "%s.new", path) < (int)sizeof beside) file = fopen(beside, "we");
    const bool written = file && fprintf(file, "%s\n", url) > 0;
    if ((file && fclose(file)) || !written || rename(beside, path)) {
        cli_error("--ready-file %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

static cli_exit tell_address(const running *s)
{
    char url[160];
    snprintf(url, sizeof url, "http%s://%s", s->tls[0] ? "s" : "", s->address);
    cli_note("listening on %s", url);
    srv_service_tell("READY=1");
    return write_ready_file(s->server.config->ready_file, url) ? CLI_OK : CLI_OUTPUT;
}

static cli_exit begin(running *s, const srv_config *c)
{
    srv_server *server = &s->server;
    cli_exit    code = load_tls(s, c);
    if (code) return code;
    if (!srv_access_log_open(&server->log, c->access_log)) return CLI_OUTPUT;
    if (!(server->repository = srv_repository_open(c))) return CLI_MODEL;
    if (!(server->queue = srv_queue_new(c->queue_photos))) return cli_no_memory();
    if ((s->fd = srv_listen(c->host, c->port, s->address, sizeof s->address)) < 0) return CLI_USAGE;
    server->is_local = srv_listens_locally(s->fd);
    if (!(s->workers = srv_workers_start(server->queue, c))) return CLI_INTERNAL;
    if (!(s->daemon = srv_daemon_start(server, s->fd, s->tls[0] ? (const char *const *)s->tls : NULL))) return CLI_USAGE;
    return tell_address(s);
}

/* ---------------------------------------------------------------- running and stopping */

/* @return the signal that came, 0: none within SWEEP_S */
static int wait_for_signal(const running *s)
{
    const struct timespec t = {0, (long)(SWEEP_S * 1e9)};
    const int             number = sigtimedwait(&s->signals, NULL, &t);
    return number > 0 ? number : 0;
}

/* Until no request is left, for so long at most. @return a signal that came meanwhile */
static int wait_for_requests(running *s, double limit_s)
{
    const double          until = cli_now_s() + limit_s;
    const struct timespec t = {0, 10000000};
    while (s->server.requests && cli_now_s() < until) {
        const int number = sigtimedwait(&s->signals, NULL, &t);
        if (number > 0) return number;
        srv_connections_sweep(&s->server.connections);
    }
    return 0;
}

/* Work that was begun cannot be stopped halfway, and the library must not be while requests are suspended. */
static void wait_for_work(running *s)
{
    const struct timespec t = {0, 1000000};
    srv_workers_join(s->workers);
    s->workers = NULL;
    while (s->server.suspended) nanosleep(&t, NULL);
}

/* What was begun is finished within a limit; a second signal ends that. */
static cli_exit drain(running *s)
{
    const size_t begun = s->server.requests;
    srv_service_tell("STOPPING=1");
    cli_note("stopping: %zu request%s to finish", begun, begun == 1 ? "" : "s");
    s->server.stopping = true;
    srv_daemon_quiesce(s->daemon, s->fd);
    const int again = wait_for_requests(s, s->server.config->drain_s);
    srv_queue_close(s->server.queue);
    wait_for_work(s);
    if (!again) wait_for_requests(s, LAST_ANSWERS_S);
    return again ? (cli_exit)(CLI_SIGNAL + again) : CLI_OK;
}

static void end(running *s)
{
    if (s->server.queue) srv_queue_close(s->server.queue);
    wait_for_work(s);
    if (s->daemon) srv_daemon_stop(s->daemon, s->fd);
    srv_queue_free(s->server.queue);
    srv_repository_free(s->server.repository);
    srv_access_log_close(&s->server.log);
    srv_connections_clear(&s->server.connections);
    free(s->tls[0]);
    free(s->tls[1]);
}

/* Blocked before any thread is started, so that all threads leave them to the main one. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
}

cli_exit srv_serve(const srv_config *config)
{
    running s = {.server = {.config = config, .bodies = {.limit = config->memory_bytes}}};
    srv_heap_settle(config->workers);
    if (!srv_http_library_load()) return CLI_INTERNAL;
    block_signals(&s.signals);
    srv_connections_init(&s.server.connections, config->tls_cert != NULL);
    s.server.metrics.start_unix_s = (double)time(NULL);
    cli_exit code = begin(&s, config);
    if (!code) {
        while (!wait_for_signal(&s)) srv_connections_sweep(&s.server.connections);
        code = drain(&s);
    }
    end(&s);
    return code;
}
