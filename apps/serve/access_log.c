// SPDX-License-Identifier: MIT
#include "access_log.h"

#include "clock.h"
#include "console.h"
#include "json_text.h"
#include "request.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

bool srv_access_log_open(srv_access_log *log, const char *path)
{
    *log = (srv_access_log){.file = NULL};
    if (!path) return true;
    log->file = strcmp(path, "-") ? fopen(path, "ae") : stdout;
    if (log->file) return true;
    cli_error("--access-log %s: %s", path, strerror(errno));
    return false;
}

void srv_access_log_close(srv_access_log *log)
{
    if (log->file && log->file != stdout) fclose(log->file);
    log->file = NULL;
}

static void print_time(FILE *out)
{
    struct timespec now;
    struct tm       utc;
    char            text[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    fprintf(out, "{\"time\": \"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

static void print_client(FILE *out, const srv_request *r)
{
    char                            host[64] = "";
    const union MHD_ConnectionInfo *info = srv_http.MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info && info->client_addr)
        getnameinfo(info->client_addr,
                    info->client_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6), host,
                    sizeof host, NULL, 0, NI_NUMERICHOST);
    fputs(", \"client\": ", out);
    cli_json_string(out, host);
}

static void print_text(FILE *out, const char *name, const char *text)
{
    fprintf(out, ", \"%s\": ", name);
    cli_json_string(out, text);
}

/* Times of several photos are added up. */
static void print_job(FILE *out, const srv_job *job)
{
    double queue_s = 0, network_s = 0;
    size_t faces = 0;
    for (size_t i = 0; i < job->count; i++) {
        queue_s += job->task[i].times.queue_s;
        network_s += job->task[i].times.network_s;
        faces += job->task[i].faces;
    }
    print_text(out, "model", srv_model_name(job->model));
    print_text(out, "version", srv_model_version(job->model));
    fprintf(out, ", \"photos\": %zu, \"faces\": %zu, \"queue_ms\": %.3f, \"network_ms\": %.3f", job->count, faces, queue_s * 1e3,
            network_s * 1e3);
}

/* Whole lines: streams lock themselves. What is lost is told once, until there is room again. */
static void append(srv_access_log *log, const srv_out *line)
{
    const bool written = fwrite(line->data, 1, line->bytes, log->file) == line->bytes && !fflush(log->file);
    const int  error = errno;
    if (!atomic_exchange(&log->lost, !written) && !written)
        cli_warning("--access-log: cannot write: %s: lines are lost", strerror(error));
}

void srv_access_log_write(srv_access_log *log, const srv_request *r)
{
    srv_out line;
    if (!log->file || !srv_out_begin(&line, NULL)) return;
    print_time(line.file);
    print_client(line.file, r);
    print_text(line.file, "method", r->method);
    print_text(line.file, "path", r->path);
    fprintf(line.file, ", \"status\": %u, \"received\": %zu, \"sent\": %zu, \"ms\": %.3f", r->status,
            r->body.bytes + r->body.refused, r->sent_bytes, (cli_now_s() - r->start_s) * 1e3);
    if (r->job) print_job(line.file, r->job);
    fputs("}\n", line.file);
    if (!srv_out_end(&line)) return;
    append(log, &line);
    free(line.data);
}
