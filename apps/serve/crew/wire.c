// SPDX-License-Identifier: MIT
#include "crew/wire.h"

#include "clock.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

bool srv_wire_pair(int end[2])
{
    return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end);
}

static int flags_for(double until_s)
{
    return MSG_NOSIGNAL | (isfinite(until_s) ? MSG_DONTWAIT : 0);
}

/* After a call that failed: is it to be made again? The other side may stop in the middle of a message, or take a year for it. */
static bool again(int fd, short events, double until_s)
{
    enum { LOOK_MS = 1000 };
    struct pollfd ready = {.fd = fd, .events = events};
    if (errno == EINTR) return true;
    if (errno != EAGAIN) return false;
    const double left_s = until_s - cli_now_s();
    if (left_s <= 0) return false;
    (void)poll(&ready, 1, (int)ceil(fmin(left_s * 1e3, LOOK_MS)));
    return true;
}

static bool send_until(int fd, const void *data, size_t bytes, double until_s)
{
    const char *at = data;
    while (bytes) {
        const ssize_t put = send(fd, at, bytes, flags_for(until_s));
        if (put < 0 && again(fd, POLLOUT, until_s)) continue;
        if (put <= 0) return false;
        at += put;
        bytes -= (size_t)put;
    }
    return true;
}

bool srv_wire_send(int fd, const void *data, size_t bytes)
{
    return send_until(fd, data, bytes, INFINITY);
}

bool srv_wire_receive_until(int fd, void *data, size_t bytes, double until_s)
{
    char *at = data;
    while (bytes) {
        const ssize_t got = recv(fd, at, bytes, flags_for(until_s));
        if (got < 0 && again(fd, POLLIN, until_s)) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
}

bool srv_wire_receive(int fd, void *data, size_t bytes)
{
    return srv_wire_receive_until(fd, data, bytes, INFINITY);
}

bool srv_wire_throw_away(int fd, size_t bytes)
{
    char piece[4096];
    while (bytes) {
        const size_t next = bytes < sizeof piece ? bytes : sizeof piece;
        if (!srv_wire_receive(fd, piece, next)) return false;
        bytes -= next;
    }
    return true;
}

/* Room for the one descriptor of a message. */
typedef union ancillary {
    struct cmsghdr align;
    char           bytes[CMSG_SPACE(sizeof(int))];
} ancillary;

bool srv_wire_send_with(int fd, const void *data, size_t bytes, int passed, double until_s)
{
    ancillary     room = {0};
    struct iovec  part = {(void *)(size_t)data, bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = &room;
        message.msg_controllen = sizeof room;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        *head = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof passed)};
        memcpy(CMSG_DATA(head), &passed, sizeof passed);
    }
    ssize_t put;
    do put = sendmsg(fd, &message, flags_for(until_s));
    while (put < 0 && again(fd, POLLOUT, until_s));
    return put >= 0 && send_until(fd, (const char *)data + put, bytes - (size_t)put, until_s);
}

static int passed_with(struct msghdr *message)
{
    int                   passed = -1;
    const struct cmsghdr *head = CMSG_FIRSTHDR(message);
    if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS && head->cmsg_len == CMSG_LEN(sizeof passed))
        memcpy(&passed, CMSG_DATA(head), sizeof passed);
    return passed;
}

bool srv_wire_receive_with(int fd, void *data, size_t bytes, int *passed)
{
    ancillary     room = {0};
    struct iovec  part = {data, bytes};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &room, .msg_controllen = sizeof room};
    ssize_t       got;
    *passed = -1;
    do got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got <= 0) return false;
    *passed = passed_with(&message);
    if (srv_wire_receive(fd, (char *)data + got, bytes - (size_t)got)) return true;
    if (*passed >= 0) close(*passed);
    *passed = -1;
    return false;
}
