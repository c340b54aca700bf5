// SPDX-License-Identifier: MIT
#include "daemon.h"

#include "clock.h"
#include "console.h"
#include "request.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 32 << 10, /* headers, and what is read or written at a time */
    LATER_S = 5,                 /* the library's own limit is for what ours missed */
};

static srv_connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = srv_http.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static void allow(srv_server *server, struct MHD_Connection *connection, double limit_s, srv_phase phase)
{
    srv_connection_allow(&server->connections, connection_of(connection), limit_s, phase);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context, enum MHD_ConnectionNotificationCode code)
{
    srv_server *server = user;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        srv_connection_close(&server->connections, *context);
        return;
    }
    const union MHD_ConnectionInfo *info = srv_http.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = srv_connection_open(&server->connections, info->connect_fd, server->config->idle_s);
}

/* From here on nothing but the answer may be written to the connection. */
static enum MHD_Result answer(srv_server *server, srv_request *r)
{
    allow(server, r->connection, 0, SRV_IN_ANSWER);
    const enum MHD_Result result = srv_request_answer(r);
    if (r->status) allow(server, r->connection, server->config->request_s, SRV_IN_ANSWER);
    return result;
}

/* Called with the headers, with each part of the body, and once more when all is here; again after each wait. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *path, const char *method,
                                  const char *version, const char *data, size_t *bytes, void **context)
{
    srv_server  *server = user;
    srv_request *r = *context;
    if (!r) {
        *context = r = srv_request_begin(server, connection, path, method, version);
        allow(server, connection, server->config->request_s, r && r->body.refusal.status ? SRV_IN_REFUSED : SRV_IN_BODY);
        if (!r) return MHD_NO;
        return srv_request_ends_early(r) ? answer(server, r) : MHD_YES;
    }
    if (*bytes) {
        const bool goes_on = srv_body_add(&r->body, data, *bytes);
        *bytes = 0;
        return goes_on ? MHD_YES : MHD_NO;
    }
    return answer(server, r);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **context, enum MHD_RequestTerminationCode code)
{
    srv_server  *server = user;
    srv_request *r = *context;
    (void)code;
    if (!r) return;
    *context = NULL;
    if (r->status && r->status < SRV_STATUSES) server->metrics.responses[r->status]++;
    if (r->status && r->route) srv_histogram_add(server->metrics.request + (r->route - srv_routes), cli_now_s() - r->start_s);
    srv_access_log_write(&server->log, r);
    srv_request_free(r);
    allow(server, connection, server->config->idle_s, SRV_IN_HEADERS);
}

/* Of addresses and parameters. A NUL would end the text: what follows would be looked over here, and not by a proxy. */
static size_t unescape(void *user, struct MHD_Connection *connection, char *text)
{
    (void)user;
    (void)connection;
    return strstr(text, "%00") ? strlen(text) : srv_http.MHD_http_unescape(text);
}

static void on_message(void *user, const char *format, va_list args) __attribute__((format(printf, 2, 0)));
static void on_message(void *user, const char *format, va_list args)
{
    char text[512];
    (void)user;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    cli_detail("libmicrohttpd: %s", text);
}

/* Each thread can let one connection in above the limit, so that it is seen that somebody wants in: connections.c makes room. */
struct MHD_Daemon *srv_daemon_start(srv_server *server, int fd, const char *const tls[2])
{
    const srv_config *c = server->config;
    const unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | (tls ? MHD_USE_TLS : 0u);
    const struct MHD_OptionItem with_tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, tls ? (void *)(uintptr_t)tls[0] : NULL},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, tls ? (void *)(uintptr_t)tls[1] : NULL},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem with_threads[] = {{MHD_OPTION_THREAD_POOL_SIZE, c->io_threads, NULL}, {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    struct MHD_Daemon          *daemon = srv_http.MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, server, MHD_OPTION_EXTERNAL_LOGGER, on_message, server, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)server->connections.most + (unsigned)c->io_threads,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, c->connections_per_client, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)fmax(c->idle_s, c->request_s) + LATER_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL, MHD_OPTION_ARRAY, tls ? with_tls : none,
        MHD_OPTION_ARRAY, c->io_threads > 1 ? with_threads : none, MHD_OPTION_END);
    if (daemon) return daemon;
    cli_error("the HTTP server cannot be started%s: -v tells what libmicrohttpd says",
              tls ? " (are certificate and key of --tls-cert and --tls-key PEM, and do they belong together?)" : "");
    close(fd);
    return NULL;
}

/* The socket must stay open until the daemon is stopped; without this, the kernel would go on to let clients in, who then wait. */
void srv_daemon_quiesce(struct MHD_Daemon *daemon, int fd)
{
    srv_http.MHD_quiesce_daemon(daemon);
    shutdown(fd, SHUT_RDWR);
}

void srv_daemon_stop(struct MHD_Daemon *daemon, int fd)
{
    srv_http.MHD_stop_daemon(daemon);
    close(fd);
}
