// SPDX-License-Identifier: MIT
/* How many connections there are descriptors for. Clients must not take those that a worker process needs to be started anew, and
 * where they could take all, nobody would be let in in whose favour one of them could be ended (connections.h). */
#ifndef FOVEA_SERVE_DESCRIPTORS_H
#define FOVEA_SERVE_DESCRIPTORS_H

#include "config.h"

/** Have as many as all connections need, as far as the system allows. Before limits are given up. */
void srv_descriptors_raise(const srv_config *config);

/** Once everything but connections has its own. Says so where there are fewer than were asked for. @param fd any that is open
 * @return connections, 1 at least */
size_t srv_descriptors_for_connections(const srv_config *config, int fd);

#endif
