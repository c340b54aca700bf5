// SPDX-License-Identifier: MIT
/* Whole messages over the sockets between processes. */
#ifndef FOVEA_SERVE_CREW_WIRE_H
#define FOVEA_SERVE_CREW_WIRE_H

#include <stdbool.h>
#include <stddef.h>

/* Times are of cli_now_s(); INFINITY: as long as it takes. */

/** A pair of connected stream sockets, closed by exec. @return false: none is left, and errno says why */
bool srv_wire_pair(int end[2]);

/* All return false when the other side is gone, or when it is later than that. */
bool srv_wire_send(int fd, const void *data, size_t bytes);
bool srv_wire_receive(int fd, void *data, size_t bytes);
bool srv_wire_receive_until(int fd, void *data, size_t bytes, double until_s);
bool srv_wire_throw_away(int fd, size_t bytes);

/** Send a descriptor along; the receiver gets one of its own. @param passed -1: none */
bool srv_wire_send_with(int fd, const void *data, size_t bytes, int passed, double until_s);
/** @param passed out: the caller's; -1: none came */
bool srv_wire_receive_with(int fd, void *data, size_t bytes, int *passed);

#endif
