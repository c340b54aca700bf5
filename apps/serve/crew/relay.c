// SPDX-License-Identifier: MIT
#include "crew/relay.h"

#include "clock.h"
#include "console.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 1024, MOST_LINES = 1000 /* in a period */ };

static const double PERIOD_S = 10;

/* ---------------------------------------------------------------- the pipe */

static void close_end(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

bool srv_relay_open(srv_relay *r)
{
    int end[2];
    *r = (srv_relay){.from = -1, .to = -1};
    if (pipe2(end, O_CLOEXEC)) return false;
    r->from = end[0];
    r->to = end[1];
    return true;
}

void srv_relay_join(srv_relay *r)
{
    dup2(r->to, STDERR_FILENO);
    close_end(&r->to);
    close_end(&r->from);
}

/* ---------------------------------------------------------------- in the front */

/* How many lines were printed since when. */
typedef struct period {
    double   begin_s;
    unsigned lines, left_out;
} period;

static void begin(period *p, double now_s)
{
    if (p->left_out) cli_warning("worker: %u more lines left out", p->left_out);
    *p = (period){.begin_s = now_s};
}

static void print(period *p, const char *line)
{
    static const char own[] = "fovea: ";
    const double      now_s = cli_now_s();
    if (now_s >= p->begin_s + PERIOD_S) begin(p, now_s);
    if (++p->lines > MOST_LINES) p->left_out++;
    else cli_error("worker: %s", line + (strncmp(line, own, sizeof own - 1) ? 0 : sizeof own - 1));
}

static void *relay(void *user)
{
    FILE  *in = user;
    period p = {.begin_s = cli_now_s()};
    char   line[LINE_BYTES];
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        print(&p, line);
    }
    begin(&p, 0);
    fclose(in);
    return NULL;
}

bool srv_relay_start(srv_relay *r)
{
    FILE *in = fdopen(r->from, "r");
    int   error = errno;
    close_end(&r->to); /* so that the end of the last process is the end of the pipe */
    if (in) {
        r->from = -1;
        error = srv_thread_start(&r->thread, relay, in);
        if (error) fclose(in);
    }
    r->runs = !error;
    if (error) cli_error("the thread that prints what worker processes say cannot be started: %s", strerror(error));
    return r->runs;
}

void srv_relay_close(srv_relay *r)
{
    close_end(&r->to);
    close_end(&r->from);
    if (r->runs) pthread_join(r->thread, NULL);
    r->runs = false;
}
