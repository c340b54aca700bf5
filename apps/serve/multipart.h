// SPDX-License-Identifier: MIT
/* multipart/form-data, every file part of which is a photo. */
#ifndef FOVEA_SERVE_MULTIPART_H
#define FOVEA_SERVE_MULTIPART_H

#include "request.h"

typedef struct srv_part {
    char          *file; /* as the client calls it */
    unsigned char *data;
    size_t         bytes, capacity;
} srv_part;

typedef struct srv_parts {
    srv_part *part;
    size_t    count, most;
    bool      no_memory, too_many;
} srv_parts;

bool srv_is_multipart(const srv_request *request);

/**
 * Take the body apart; parts without a file's name are left out. The body is freed.
 * @param parts out: release with srv_parts_free(), also after a failure; NULL where there was no memory for it
 * @return status 0, or what is wrong
 */
srv_reply srv_multipart_read(srv_request *request, size_t most, srv_parts **parts);
void      srv_parts_free(void *parts); /* NULL is allowed */

#endif
