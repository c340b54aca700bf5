// SPDX-License-Identifier: MIT
/* A line of JSON for each request that was answered. */
#ifndef FOVEA_SERVE_ACCESS_LOG_H
#define FOVEA_SERVE_ACCESS_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>

typedef struct srv_request srv_request;

typedef struct srv_access_log {
    FILE       *file; /* NULL: none is kept */
    atomic_bool lost; /* the last line could not be written */
} srv_access_log;

/** @param path "-" is standard output; NULL: none. @return false: it was said why it cannot be written */
bool srv_access_log_open(srv_access_log *log, const char *path);
void srv_access_log_close(srv_access_log *log);
void srv_access_log_write(srv_access_log *log, const srv_request *request);

#endif
