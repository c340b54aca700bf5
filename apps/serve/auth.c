// SPDX-License-Identifier: MIT
#include "auth.h"

#include <string.h>
#include <strings.h>

/* The time that it takes tells the token's length, and nothing more. */
static bool same_secret(const char *given, const char *token)
{
    return strlen(given) == strlen(token) && !srv_http.gnutls_memcmp(given, token, strlen(token));
}

static bool bears_token(const srv_request *r)
{
    static const char scheme[] = "Bearer ";
    const char       *given = srv_request_header(r, MHD_HTTP_HEADER_AUTHORIZATION);
    return !strncasecmp(given, scheme, sizeof scheme - 1) && same_secret(given + sizeof scheme - 1, r->server->config->token);
}

/* A page that a browser got from elsewhere can post to a server on this machine; it says where it came from. */
static bool is_foreign_page(const srv_request *r)
{
    const char *origin = srv_request_header(r, "Origin"), *host = srv_request_header(r, MHD_HTTP_HEADER_HOST);
    const char *slashes = strstr(origin, "://");
    return *origin && (!slashes || strcasecmp(slashes + 3, host) != 0);
}

srv_reply srv_auth_check(const srv_request *r)
{
    const srv_config *c = r->server->config;
    if (is_foreign_page(r))
        return srv_reply_error(MHD_HTTP_FORBIDDEN, "Origin %s: pages from elsewhere may not use this server",
                               srv_request_header(r, "Origin"));
    if (c->token && !(r->route->flags & SRV_OPEN) && !bears_token(r)) {
        srv_reply reply =
            srv_reply_error(MHD_HTTP_UNAUTHORIZED, "this server answers those who know its token only: send the header "
                                                   "'Authorization: Bearer TOKEN'");
        srv_reply_header(&reply, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
        return reply;
    }
    if ((r->route->flags & SRV_CONTROL) && !c->control)
        return srv_reply_error(MHD_HTTP_FORBIDDEN, "models are not loaded or unloaded by requests here: start the server with "
                                                   "--allow-control to change that");
    return (srv_reply){0};
}
