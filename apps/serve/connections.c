// SPDX-License-Identifier: MIT
#include "connections.h"

#include "clock.h"

#include <stdlib.h>
#include <sys/socket.h>

static const double NOTICE_S = 1;

enum { TRIES = 4 }; /* to make room; the next sweep goes on */

void srv_connections_init(srv_connections *all, size_t most, bool tls)
{
    *all = (srv_connections){.most = most, .tls = tls};
    pthread_mutex_init(&all->lock, NULL);
}

void srv_connections_clear(srv_connections *all)
{
    pthread_mutex_destroy(&all->lock);
}

/* ---------------------------------------------------------------- ending, with the lock */

/* The library's thread finds the connection closed. The descriptor stays open until it does, so that it cannot be another's
 * meanwhile. */
static void end(srv_connections *all, srv_connection *c)
{
    shutdown(c->fd, SHUT_RDWR);
    c->ended = true;
    all->ended++;
}

static srv_connection *longest_without_request(const srv_connections *all, const srv_connection *newest)
{
    srv_connection *longest = NULL;
    for (srv_connection *c = all->first; c; c = c->after)
        if (c != newest && !c->ended && c->phase <= SRV_IN_REFUSED && (!longest || c->since_s < longest->since_s)) longest = c;
    return longest;
}

/* Its request may be here already, where the library's thread has had no time to look. */
static bool has_said_more(const srv_connection *c)
{
    char next;
    return c->phase == SRV_IN_HEADERS && recv(c->fd, &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* @param newest stays: it has had no time yet */
static void make_room(srv_connections *all, const srv_connection *newest)
{
    for (int i = 0; i < TRIES && all->open - all->ended > all->most; i++) {
        srv_connection *c = longest_without_request(all, newest);
        if (!c) return;
        if (has_said_more(c)) {
            c->since_s = cli_now_s();
        } else {
            end(all, c);
            all->displaced++;
        }
    }
}

/* ---------------------------------------------------------------- a connection */

srv_connection *srv_connection_open(srv_connections *all, int fd, double limit_s)
{
    srv_connection *c = calloc(1, sizeof *c);
    pthread_mutex_lock(&all->lock);
    all->open++;
    if (c) {
        c->fd = fd;
        c->since_s = cli_now_s();
        c->until_s = c->since_s + limit_s;
        c->after = all->first;
        if (c->after) c->after->before = c;
        all->first = c;
    }
    make_room(all, c);
    pthread_mutex_unlock(&all->lock);
    return c;
}

void srv_connection_close(srv_connections *all, srv_connection *c)
{
    pthread_mutex_lock(&all->lock);
    all->open--;
    if (c) {
        if (c->before) c->before->after = c->after;
        else all->first = c->after;
        if (c->after) c->after->before = c->before;
        all->ended -= c->ended;
    }
    pthread_mutex_unlock(&all->lock);
    free(c);
}

void srv_connection_allow(srv_connections *all, srv_connection *c, double limit_s, srv_phase phase)
{
    if (!c) return;
    pthread_mutex_lock(&all->lock);
    c->since_s = cli_now_s();
    c->until_s = limit_s > 0 ? c->since_s + limit_s : 0;
    c->phase = phase;
    c->left_s = 0;
    if (phase == SRV_IN_HEADERS) make_room(all, NULL); /* nobody could when others came */
    pthread_mutex_unlock(&all->lock);
}

/* ---------------------------------------------------------------- all of them */

/* The library cannot answer in the middle of a body; the kernel takes a few bytes at once or not at all. */
static void say_late(const srv_connections *all, const srv_connection *c)
{
    static const char sentence[] = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Type: application/json\r\n"
                                   "Content-Length: 57\r\n\r\n{\"error\": \"the body took longer than this server waits\"}\n";
    if ((c->phase == SRV_IN_BODY || c->phase == SRV_IN_REFUSED) && !all->tls)
        send(c->fd, sentence, sizeof sentence - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
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
        if (c->ended || !(c->until_s > 0)) continue;
        const bool late = now > c->until_s;
        if (!late && !left_long_ago(c, now)) continue;
        if (late) say_late(all, c);
        end(all, c);
        all->timed_out += late;
    }
    make_room(all, NULL);
    pthread_mutex_unlock(&all->lock);
}
