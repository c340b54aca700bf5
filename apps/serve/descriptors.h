// SPDX-License-Identifier: MIT
/* How many connections and models there are descriptors for. Neither must take those that a worker process needs to be started
 * anew, and where clients could take all, nobody would be let in in whose favour one of them could be ended (connections.h). */
#ifndef FOVEA_SERVE_DESCRIPTORS_H
#define FOVEA_SERVE_DESCRIPTORS_H

#include "config.h"

/** Have as many as all connections need, as far as the system allows. Before limits are given up. */
void srv_descriptors_raise(const srv_config *config);

/** What is left, shared out. */
typedef struct srv_descriptors {
    size_t connections; /* 1 at least */
    size_t models;      /* that requests may load beside those that are */
} srv_descriptors;

/** Once everything but connections has its own. Says so where there are fewer of these than were asked for.
 * @param fd any that is open */
srv_descriptors srv_descriptors_share(const srv_config *config, int fd);

#endif
