// SPDX-License-Identifier: MIT
#include "page.h"

#include "request.h"

#include <string.h>

static const struct {
    const char *ending, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".json", "application/json"},
             {".svg", "image/svg+xml"},
             {".png", "image/png"},
             {".jpg", "image/jpeg"},
             {".ico", "image/x-icon"},
             {".webmanifest", "application/manifest+json"},
             {".woff2", "font/woff2"}};

static const char *type_of(const char *path)
{
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof types / sizeof *types; i++)
        if (!strcmp(dot, types[i].ending)) return types[i].type;
    return "application/octet-stream";
}

/* Nothing from elsewhere; pictures and workers that the page makes itself. */
static void add_policy(srv_reply *reply)
{
    srv_reply_header(reply, "Content-Security-Policy", "%s",
                     "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
                     "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    srv_reply_header(reply, "Referrer-Policy", "no-referrer");
}

static srv_reply asset_reply(const srv_request *r, const char *path)
{
    for (const srv_asset *a = srv_assets; a->path; a++) {
        if (strcmp(a->path, path)) continue;
        srv_reply reply = srv_reply_static(type_of(path), a->data, (size_t)(a->end - a->data));
        if (!strcmp(srv_request_header(r, MHD_HTTP_HEADER_IF_NONE_MATCH), a->tag)) {
            reply.status = MHD_HTTP_NOT_MODIFIED;
            reply.bytes = 0;
        }
        srv_reply_header(&reply, MHD_HTTP_HEADER_ETAG, "%s", a->tag);
        srv_reply_header(&reply, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        add_policy(&reply);
        return reply;
    }
    return srv_reply_error(MHD_HTTP_NOT_FOUND, "%s: the page has no such file", r->path);
}

srv_reply srv_get_page(srv_request *r)
{
    return asset_reply(r, "index.html");
}

srv_reply srv_get_asset(srv_request *r)
{
    return asset_reply(r, r->path + sizeof "/assets/" - 1);
}

srv_reply srv_get_openapi(srv_request *r)
{
    return asset_reply(r, "openapi.json");
}
