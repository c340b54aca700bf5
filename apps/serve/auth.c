// SPDX-License-Identifier: MIT
#include "auth.h"

#include <arpa/inet.h>
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

/* Nothing, or a port. */
static bool ends_host(const char *rest)
{
    return !*rest || (*rest == ':' && !rest[1 + strspn(rest + 1, "0123456789")]);
}

/* Without the port, and without the brackets of IPv6. @return false: it is too long for a name, or more than one */
static bool name_of_host(const char *host, char *name, size_t bytes)
{
    const bool  bracket = *host == '[';
    const char *from = host + bracket, *end = from + strcspn(from, bracket ? "]" : ":");
    if (bracket && !*end) return false;
    return ends_host(end + bracket) && snprintf(name, bytes, "%.*s", (int)(end - from), from) < (int)bytes;
}

/* A name that nobody else can have turned to this machine. */
static bool is_ours(const srv_config *c, const char *name)
{
    static const char local[] = ".localhost";
    unsigned char     address[sizeof(struct in6_addr)];
    const size_t      size = strlen(name), ending = sizeof local - 1;
    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1) return true;
    if (!strcasecmp(name, local + 1) || (size > ending && !strcasecmp(name + size - ending, local))) return true;
    for (const char *const *own = c->names; own && *own; own++)
        if (!strcasecmp(name, *own)) return true;
    return !strcasecmp(name, c->host);
}

/* Somebody's name that was turned to this machine makes his page, for the browser, one of this server (DNS rebinding). */
static bool is_foreign_host(const srv_request *r)
{
    char        name[256];
    const char *host = srv_request_header(r, MHD_HTTP_HEADER_HOST);
    return r->server->is_local && *host && !(name_of_host(host, name, sizeof name) && is_ours(r->server->config, name));
}

srv_reply srv_auth_check(const srv_request *r)
{
    const srv_config *c = r->server->config;
    if (is_foreign_host(r))
        return srv_reply_error(MHD_HTTP_FORBIDDEN,
                               "Host %s: a server for this machine alone is asked as localhost or by its address: start it with "
                               "--allow-host NAME to change that",
                               srv_request_header(r, MHD_HTTP_HEADER_HOST));
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
