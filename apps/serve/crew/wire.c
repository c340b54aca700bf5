// SPDX-License-Identifier: MIT
#include "crew/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

bool srv_wire_pair(int end[2])
{
    return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end);
}

bool srv_wire_send(int fd, const void *data, size_t bytes)
{
    const char *at = data;
    while (bytes) {
        const ssize_t put = send(fd, at, bytes, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        at += put;
        bytes -= (size_t)put;
    }
    return true;
}

bool srv_wire_receive(int fd, void *data, size_t bytes)
{
    char *at = data;
    while (bytes) {
        const ssize_t got = recv(fd, at, bytes, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        at += got;
        bytes -= (size_t)got;
    }
    return true;
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

bool srv_wire_send_with(int fd, const void *data, size_t bytes, int passed)
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
    do put = sendmsg(fd, &message, MSG_NOSIGNAL);
    while (put < 0 && errno == EINTR);
    return put > 0 && srv_wire_send(fd, (const char *)data + put, bytes - (size_t)put);
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
