// SPDX-License-Identifier: MIT
/* Requests for parts of the server, without libmicrohttpd: what it would be asked for is looked up in the input, which is a head of
 * lines, a blank one, and the body:
 *
 *     POST /detect HTTP/1.1
 *     ?score=0.5
 *     Content-Type: multipart/form-data; boundary=x
 */
#ifndef FOVEA_TESTS_FUZZ_HTTP_H
#define FOVEA_TESTS_FUZZ_HTTP_H

#include "fuzz.h"

#include "request.h"

enum { HTTP_MAX_FIELDS = 64 };

typedef struct http_field {
    enum MHD_ValueKind kind; /* a header or a parameter */
    const char        *name, *value;
} http_field;

typedef struct http_message {
    char       *text; /* all of them are in it */
    const char *method, *path, *version;
    http_field  field[HTTP_MAX_FIELDS];
    int         fields;
    const char *body;
    size_t      body_bytes;
} http_message;

/** Release with http_message_clear(). */
void http_message_read(http_message *message, const void *data, size_t bytes);
void http_message_clear(http_message *message);

/**
 * A request as it stands when its body is whole.
 * @param server out: with limits that are low; valid as long as the request is
 */
void http_request_begin(srv_request *request, srv_server *server, const http_message *message);
void http_request_end(srv_request *request);

/** What the server answers is clear: nothing, or an error that is JSON. Takes the reply. @return FOV_OK where there is none */
fov_status http_refused(srv_reply *reply, const char *name, fov_error *err);

#endif
