// SPDX-License-Identifier: MIT
/* Telling whoever started the server that it is ready, or about to stop: systemd's protocol of sd_notify(3). */
#ifndef FOVEA_SERVE_SERVICE_H
#define FOVEA_SERVE_SERVICE_H

/** @param state such as "READY=1". Does nothing unless $NOTIFY_SOCKET names a socket. */
void srv_service_tell(const char *state);

#endif
