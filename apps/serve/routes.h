// SPDX-License-Identifier: MIT
/* Which function answers which address. */
#ifndef FOVEA_SERVE_ROUTES_H
#define FOVEA_SERVE_ROUTES_H

#include "reply.h"

typedef struct srv_request srv_request;

enum {
    SRV_OPEN = 1,    /* also without the token: says nothing about photos or models */
    SRV_PHOTOS = 2,  /* takes bodies as large as the server's limit; others a few kilobytes */
    SRV_CONTROL = 4, /* only where the server was started with --allow-control */
};

/** Once the body is whole. */
typedef srv_reply srv_handler(srv_request *request);

typedef struct srv_route {
    const char  *method, *pattern; /* "/models/{m}/certificate": {..} stands for a segment; "/assets/..." for all below */
    srv_handler *handler;
    unsigned     flags;
} srv_route;

#define SRV_ROUTE(method, pattern, handler, flags) srv_handler handler;
#include "routes.def"
#undef SRV_ROUTE

extern const srv_route srv_routes[]; /* ends with a NULL pattern */

/**
 * @param allowed  out: methods of the address, such as "GET, HEAD"; "" where there is no such address
 * @param captured out: room for SRV_CAPTURES; to free()
 * @param no_memory out: for what was captured
 * @return NULL: there is none
 */
const srv_route *srv_route_find(const char *method, const char *path, char *allowed, size_t allowed_bytes, char **captured,
                                bool *no_memory);

#endif
