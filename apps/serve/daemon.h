// SPDX-License-Identifier: MIT
/* libmicrohttpd's daemon and what it calls: the only file that knows in which order it does. */
#ifndef FOVEA_SERVE_DAEMON_H
#define FOVEA_SERVE_DAEMON_H

#include "server.h"

struct MHD_Daemon;

/**
 * @param fd  a socket that listens; closed by srv_daemon_stop()
 * @param tls NULL, or certificate and key as text
 * @return NULL: it was said why not
 */
struct MHD_Daemon *srv_daemon_start(srv_server *server, int fd, const char *const tls[2]);
/** Accept nobody any more; those who are connected go on. */
void srv_daemon_quiesce(struct MHD_Daemon *daemon, int fd);
/** No request may be suspended. */
void srv_daemon_stop(struct MHD_Daemon *daemon, int fd);

#endif
