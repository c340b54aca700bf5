// SPDX-License-Identifier: MIT
#include "framing.h"

#include <string.h>
#include <strings.h>

typedef struct seen {
    int         lengths, encodings, hosts;
    const char *encoding;
    bool        odd_name;
} seen;

static bool is_odd(const char *name)
{
    for (; *name; name++)
        if (*name <= ' ' || *name > '~') return true;
    return false;
}

static enum MHD_Result look(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    seen *s = user;
    (void)kind;
    if (is_odd(name)) s->odd_name = true;
    else if (!strcasecmp(name, MHD_HTTP_HEADER_CONTENT_LENGTH)) s->lengths++;
    else if (!strcasecmp(name, MHD_HTTP_HEADER_HOST)) s->hosts++;
    else if (!strcasecmp(name, MHD_HTTP_HEADER_TRANSFER_ENCODING)) {
        s->encodings++;
        s->encoding = value ? value : "";
    }
    return MHD_YES;
}

static const char *what_is_unclear(const seen *s)
{
    if (s->odd_name) return "a header's name has a blank or a control character";
    if (s->hosts > 1) return "more than one Host";
    if (s->lengths > 1) return "more than one Content-Length";
    if (s->lengths && s->encodings) return "Content-Length and Transfer-Encoding exclude each other";
    if (s->encodings && (s->encodings > 1 || strcasecmp(s->encoding, "chunked") != 0))
        return "the only Transfer-Encoding here is chunked";
    return NULL;
}

srv_reply srv_framing_check(const srv_request *r)
{
    seen s = {0};
    srv_http.MHD_get_connection_values(r->connection, MHD_HEADER_KIND, look, &s);
    const char *unclear = what_is_unclear(&s);
    if (!unclear) return (srv_reply){0};
    srv_reply reply = srv_reply_error(MHD_HTTP_BAD_REQUEST, "%s: send the request so that it cannot be misread", unclear);
    srv_reply_header(&reply, MHD_HTTP_HEADER_CONNECTION, "close");
    return reply;
}
