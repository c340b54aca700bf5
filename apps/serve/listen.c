// SPDX-License-Identifier: MIT
#include "listen.h"

#include "console.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 1024 };

static int listen_at(const struct addrinfo *at)
{
    const int one = 1, fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    if (!setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) && !bind(fd, at->ai_addr, at->ai_addrlen) &&
        !listen(fd, BACKLOG))
        return fd;
    const int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static void name_of(int fd, char *address, size_t bytes)
{
    struct sockaddr_storage at;
    socklen_t               size = sizeof at;
    char                    host[64] = "?", port[16] = "?";
    if (!getsockname(fd, (struct sockaddr *)&at, &size))
        getnameinfo((struct sockaddr *)&at, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(address, bytes, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

int srv_listen(const char *host, int port, char *address, size_t address_bytes)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo      *found;
    char                  service[16];
    snprintf(service, sizeof service, "%d", port);
    const int problem = getaddrinfo(host, service, &hints, &found);
    if (problem) {
        cli_error("--host %s: %s", host, gai_strerror(problem));
        return -1;
    }
    const int fd = listen_at(found);
    if (fd < 0)
        cli_error("cannot listen on %s, port %d: %s%s", host, port, strerror(errno),
                  errno == EADDRINUSE ? ": choose another --port; 0 takes any that is free" : "");
    else name_of(fd, address, address_bytes);
    freeaddrinfo(found);
    return fd;
}

/* One of IPv4 may be written as one of IPv6: ::ffff:127.0.0.1. */
static bool is_local(const struct in6_addr *address)
{
    const bool mapped = IN6_IS_ADDR_V4MAPPED(address);
    return IN6_IS_ADDR_LOOPBACK(address) || (mapped && address->s6_addr[12] == IN_LOOPBACKNET);
}

bool srv_listens_locally(int fd)
{
    struct sockaddr_in6 at = {0};
    socklen_t           size = sizeof at;
    if (getsockname(fd, (struct sockaddr *)&at, &size)) return false;
    if (at.sin6_family == AF_INET6) return is_local(&at.sin6_addr);
    return ntohl(((struct sockaddr_in *)&at)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}
