// SPDX-License-Identifier: MIT
/* Telling whoever started the server that it is ready, or about to stop: systemd's protocol of sd_notify(3). */
#ifndef FOVEA_SERVE_SERVICE_H
#define FOVEA_SERVE_SERVICE_H

/** Connect to the socket of $NOTIFY_SOCKET. @return -1: it names none */
int srv_service_open(void);
/** @param state such as "READY=1". Does nothing where fd is -1. */
void srv_service_tell(int fd, const char *state);
void srv_service_close(int fd);

#endif
