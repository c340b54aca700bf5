// SPDX-License-Identifier: MIT
#ifndef FOVEA_SERVE_LISTEN_H
#define FOVEA_SERVE_LISTEN_H

#include <stdbool.h>
#include <stddef.h>

/**
 * A socket that listens.
 * @param port    0: any that is free
 * @param address out: where it does, such as "127.0.0.1:8000" or "[::1]:8000"
 * @return its descriptor; -1: it was said why not
 */
int srv_listen(const char *host, int port, char *address, size_t address_bytes);
/** Is it to be reached from this machine only? */
bool srv_listens_locally(int fd);

#endif
