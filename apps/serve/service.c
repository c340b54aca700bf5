// SPDX-License-Identifier: MIT
#include "service.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A name that starts with @ is an abstract one. */
int srv_service_open(void)
{
    const char        *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (!path || !*path || strlen(path) >= sizeof to.sun_path) return -1;
    const socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    memcpy(to.sun_path, path, strlen(path));
    if (*path == '@') to.sun_path[0] = '\0';
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !connect(fd, (struct sockaddr *)&to, size)) return fd;
    close(fd);
    return -1;
}

void srv_service_tell(int fd, const char *state)
{
    if (fd >= 0) send(fd, state, strlen(state), MSG_NOSIGNAL);
}

void srv_service_close(int fd)
{
    if (fd >= 0) close(fd);
}
