// SPDX-License-Identifier: MIT
/* multipart/form-data, every file part of which is a photo. Read here, and not by libmicrohttpd's MHD_PostProcessor, whose time
 * grows with the square of what it cannot use: half a minute of the thread of all connections for 32 MiB of dashes. */
#ifndef FOVEA_SERVE_MULTIPART_H
#define FOVEA_SERVE_MULTIPART_H

#include "request.h"

typedef struct srv_part {
    char                *file; /* as the client calls it */
    const unsigned char *data; /* in the request's body */
    size_t               bytes;
} srv_part;

typedef struct srv_parts {
    srv_part *part;
    size_t    count;
} srv_parts;

bool srv_is_multipart(const srv_request *request);

/**
 * Find the parts of the body; those without a file's name are left out.
 * @param most  that it may have
 * @param parts out: release with srv_parts_free(), also after a failure; NULL where there was no memory for it
 * @return status 0, or what is wrong
 */
srv_reply srv_multipart_read(const srv_request *request, size_t most, srv_parts **parts);
void      srv_parts_free(void *parts); /* NULL is allowed */

#endif
