// SPDX-License-Identifier: MIT
#include "multipart.h"

#include "header_value.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_BOUNDARY = 70, MAX_HEADERS = 8192 /* of a part, in bytes */ };

typedef struct text {
    const char *at, *end;
} text;

typedef struct reader {
    text   rest;                   /* of the body, behind the last boundary */
    char   line[MAX_BOUNDARY + 8]; /* what ends a part: "\r\n--BOUNDARY" */
    size_t line_bytes;
} reader;

typedef enum outcome { GOOD, BROKEN, TOO_MANY, NO_MEMORY } outcome;

bool srv_is_multipart(const srv_request *r)
{
    return srv_value_is(srv_request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE), MHD_HTTP_POST_ENCODING_MULTIPART_FORMDATA);
}

void srv_parts_free(void *user)
{
    srv_parts *p = user;
    if (!p) return;
    for (size_t i = 0; i < p->count; i++) free(p->part[i].file);
    free(p->part);
    free(p);
}

/* What is looked for begins with \r and has hardly another, so that no byte is looked at more than a few times. */
static const char *find(text t, const char *what, size_t bytes)
{
    for (; (t.at = memchr(t.at, '\r', (size_t)(t.end - t.at))); t.at++) {
        if ((size_t)(t.end - t.at) < bytes) return NULL;
        if (!memcmp(t.at, what, bytes)) return t.at;
    }
    return NULL;
}

static bool begins_with(text t, const char *what, size_t bytes)
{
    return (size_t)(t.end - t.at) >= bytes && !memcmp(t.at, what, bytes);
}

/* ---------------------------------------------------------------- a part */

/* To free(). A body is no string: nothing says that it ends with a NUL. */
static char *copy_of(text t)
{
    const size_t bytes = (size_t)(t.end - t.at);
    char        *copy = malloc(bytes + 1);
    if (!copy) return NULL;
    memcpy(copy, t.at, bytes);
    copy[bytes] = '\0';
    return copy;
}

/* The value of Content-Disposition among headers, to free(). */
static outcome disposition_of(text headers, char **value)
{
    static const char name[] = "\r\nContent-Disposition:";
    const size_t      bytes = sizeof name - 1;
    *value = NULL;
    for (text t = headers; (t.at = find(t, "\r\n", 2)); t.at += 2) {
        if ((size_t)(t.end - t.at) < bytes || strncasecmp(t.at, name, bytes) != 0) continue;
        t.at += bytes;
        const char *end = find(t, "\r\n", 2);
        *value = copy_of((text){t.at, end ? end : t.end});
        return *value ? GOOD : NO_MEMORY;
    }
    return GOOD;
}

/* @param headers begin with the line's end of the boundary @param file out: to free(); NULL: it is no file */
static outcome file_of(text headers, char **file)
{
    char   *value;
    outcome out = disposition_of(headers, &value);
    *file = NULL;
    if (value && !srv_value_parameter(value, "filename", file)) out = NO_MEMORY;
    free(value);
    return out;
}

static outcome add(srv_parts *parts, size_t most, srv_part part)
{
    srv_part *more = parts->count < most ? realloc(parts->part, (parts->count + 1) * sizeof *more) : NULL;
    if (!more) {
        free(part.file);
        return parts->count < most ? NO_MEMORY : TOO_MANY;
    }
    parts->part = more;
    more[parts->count++] = part;
    return GOOD;
}

/* @param part from the line's end of its boundary to that before the next one */
static outcome read_part(text part, size_t most, srv_parts *parts)
{
    char       *file;
    const text  head = {part.at, part.end - part.at > MAX_HEADERS ? part.at + MAX_HEADERS : part.end};
    const char *blank = find(head, "\r\n\r\n", 4);
    if (!blank) return BROKEN;
    const outcome out = file_of((text){part.at, blank}, &file);
    if (out || !file) return out;
    return add(parts, most, (srv_part){file, (const unsigned char *)blank + 4, (size_t)(part.end - blank) - 4});
}

/* ---------------------------------------------------------------- all of them */

static outcome begin(const srv_request *r, reader *in)
{
    char *boundary;
    if (!r->body.bytes) return BROKEN;
    if (!srv_value_parameter(srv_request_header(r, MHD_HTTP_HEADER_CONTENT_TYPE), "boundary", &boundary)) return NO_MEMORY;
    const size_t bytes = boundary ? strlen(boundary) : 0;
    const bool   fits = bytes && bytes <= MAX_BOUNDARY;
    *in = (reader){.rest = {(const char *)r->body.data, (const char *)r->body.data + r->body.bytes}};
    if (fits) in->line_bytes = (size_t)snprintf(in->line, sizeof in->line, "\r\n--%s", boundary);
    free(boundary);
    return fits ? GOOD : BROKEN;
}

/* To behind the first boundary, in front of which anything may stand. */
static bool skip_preamble(reader *in)
{
    if (begins_with(in->rest, in->line + 2, in->line_bytes - 2)) {
        in->rest.at += in->line_bytes - 2;
        return true;
    }
    const char *at = find(in->rest, in->line, in->line_bytes);
    if (at) in->rest.at = at + in->line_bytes;
    return at != NULL;
}

static outcome read_all(reader *in, size_t most, srv_parts *parts)
{
    if (!skip_preamble(in)) return BROKEN;
    while (!begins_with(in->rest, "--", 2)) {
        while (in->rest.at < in->rest.end && (*in->rest.at == ' ' || *in->rest.at == '\t')) in->rest.at++;
        const char   *end = find(in->rest, in->line, in->line_bytes);
        const outcome out = end && begins_with(in->rest, "\r\n", 2) ? read_part((text){in->rest.at, end}, most, parts) : BROKEN;
        if (out) return out;
        in->rest.at = end + in->line_bytes;
    }
    return GOOD;
}

static srv_reply reply_of(outcome out, size_t most)
{
    switch (out) {
    case NO_MEMORY:
        return srv_reply_no_memory();
    case TOO_MANY:
        return srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE,
                               "more than %zu photos, which is what this server takes at a time: send fewer", most);
    case BROKEN:
        return srv_reply_error(MHD_HTTP_BAD_REQUEST, "the body is not the multipart/form-data that its Content-Type tells: is the "
                                                     "boundary right, and all of it here?");
    default:
        return (srv_reply){0};
    }
}

srv_reply srv_multipart_read(const srv_request *r, size_t most, srv_parts **parts)
{
    reader     in;
    srv_parts *p = *parts = calloc(1, sizeof *p);
    outcome    out = p ? begin(r, &in) : NO_MEMORY;
    if (!out) out = read_all(&in, most, p);
    if (!out && !p->count)
        return srv_reply_error(MHD_HTTP_BAD_REQUEST,
                               "the form has no file: send each photo as one, as curl -F photo=@face.jpg does");
    return reply_of(out, most);
}
