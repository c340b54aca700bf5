// SPDX-License-Identifier: MIT
#include "connections.h"

#include "clock.h"

#include <stdlib.h>
#include <sys/socket.h>

static const double NOTICE_S = 1;

void srv_connections_init(srv_connections *all, bool tls)
{
    *all = (srv_connections){.tls = tls};
    pthread_mutex_init(&all->lock, NULL);
}

void srv_connections_clear(srv_connections *all)
{
    pthread_mutex_destroy(&all->lock);
}

srv_connection *srv_connection_open(srv_connections *all, int fd, double limit_s)
{
    srv_connection *c = calloc(1, sizeof *c);
    all->open++;
    if (!c) return NULL;
    c->fd = fd;
    c->until_s = cli_now_s() + limit_s;
    pthread_mutex_lock(&all->lock);
    c->after = all->first;
    if (c->after) c->after->before = c;
    all->first = c;
    pthread_mutex_unlock(&all->lock);
    return c;
}

void srv_connection_close(srv_connections *all, srv_connection *c)
{
    all->open--;
    if (!c) return;
    pthread_mutex_lock(&all->lock);
    if (c->before) c->before->after = c->after;
    else all->first = c->after;
    if (c->after) c->after->before = c->before;
    pthread_mutex_unlock(&all->lock);
    free(c);
}

void srv_connection_allow(srv_connections *all, srv_connection *c, double limit_s, srv_phase phase)
{
    if (!c) return;
    const double until = limit_s > 0 ? cli_now_s() + limit_s : 0;
    pthread_mutex_lock(&all->lock);
    c->until_s = until;
    c->phase = phase;
    c->left_s = 0;
    pthread_mutex_unlock(&all->lock);
}

/* The library cannot answer in the middle of a body; the kernel takes a few bytes at once or not at all. Its thread then finds the
 * connection closed. The descriptor stays open until it does, so that it cannot be another's meanwhile. */
static void end(const srv_connections *all, srv_connection *c, bool late)
{
    static const char sentence[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                   "Content-Length: 57\r\n\r\n{\"error\": \"the body took longer than this server waits\"}\n";
    if (late && c->phase == SRV_IN_BODY && !all->tls) send(c->fd, sentence, sizeof sentence - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    shutdown(c->fd, SHUT_RDWR);
    c->until_s = 0;
}

/* What is read from it next is its end. */
static bool client_left(const srv_connection *c)
{
    char next;
    return c->phase != SRV_IN_ANSWER && recv(c->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* The library may still have bytes at hand that make the request whole: it gets the time to look at them. */
static bool left_long_ago(srv_connection *c, double now)
{
    if (!client_left(c)) c->left_s = 0;
    else if (c->left_s <= 0) c->left_s = now;
    return c->left_s > 0 && now > c->left_s + NOTICE_S;
}

void srv_connections_sweep(srv_connections *all)
{
    const double now = cli_now_s();
    pthread_mutex_lock(&all->lock);
    for (srv_connection *c = all->first; c; c = c->after) {
        if (!(c->until_s > 0)) continue;
        const bool late = now > c->until_s;
        if (!late && !left_long_ago(c, now)) continue;
        end(all, c, late);
        all->timed_out += late;
    }
    pthread_mutex_unlock(&all->lock);
}
