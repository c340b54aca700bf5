// SPDX-License-Identifier: MIT
#include "framing.h"

#include <string.h>
#include <strings.h>

typedef struct seen {
    int         lengths, encodings, hosts, origins;
    const char *encoding;
    bool        odd_name, odd_value;
} seen;

static bool is_odd_name(const char *name)
{
    for (; *name; name++)
        if (*name <= ' ' || *name > '~') return true;
    return false;
}

/* Some take a line's end for the header's, and what follows for another. */
static bool has_line_end(const char *value)
{
    return value[strcspn(value, "\r\n")] != '\0';
}

static enum MHD_Result look(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    seen *s = user;
    (void)kind;
    if (!value) value = "";
    s->odd_name |= is_odd_name(name);
    s->odd_value |= has_line_end(value);
    if (!strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH)) {
        s->lengths++;
    } else if (!strcasecmp(name, MHD_HTTP_HEADER_HOST)) {
        s->hosts++;
    } else if (!strcasecmp(name, "Origin")) {
        s->origins++;
    } else if (!strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        s->encodings++;
        s->encoding = value;
    }
    return MHD_YES;
}

static const char *what_is_unclear(const seen *s, const char *version)
{
    if (s->odd_name) return "a header's name has a blank or a control character";
    if (s->odd_value) return "a header's value has a line's end";
    if (s->hosts > 1) return "more than one Host";
    if (s->origins > 1) return "more than one Origin";
    if (s->lengths > 1) return "more than one Content-Length";
    if (s->lengths && s->encodings) return "Content-Length and Transfer-Encoding exclude each other";
    if (s->encodings && (s->encodings > 1 || strcasecmp(s->encoding, "chunked") != 0))
        return "the only Transfer-Encoding here is chunked";
    if (s->encodings && strcmp(version, MHD_HTTP_VERSION_1_1) != 0) return "Transfer-Encoding is for HTTP/1.1";
    return NULL;
}

srv_reply srv_framing_check(const srv_request *r, const char *version)
{
    seen s = {0};
    srv_http.MHD_get_connection_values(r->connection, MHD_HEADER_KIND, look, &s);
    const char *unclear = what_is_unclear(&s, version);
    if (!unclear) return (srv_reply){0};
    srv_reply reply = srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s: send the request so that it cannot be misread", unclear);
    srv_reply_header(&reply, MHD_HTTP_HEADER_CONNECTION, "close");
    return reply;
}
