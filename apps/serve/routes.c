// SPDX-License-Identifier: MIT
#include "routes.h"

#include "request.h"

#include <stdlib.h>
#include <string.h>

#define SRV_ROUTE(method, pattern, handler, flags) {method, pattern, handler, flags},
const srv_route srv_routes[] = {
#include "routes.def"
    {NULL, NULL, NULL, 0}};
#undef SRV_ROUTE

_Static_assert(sizeof srv_routes / sizeof *srv_routes - 1 <= SRV_TIMED_ROUTES, "each route has its histogram");

/* @param at out: where each {..} begins in the path, and how long it is */
static bool matches(const char *pattern, const char *path, const char **at, size_t *bytes)
{
    size_t n = 0;
    while (*pattern) {
        if (*pattern == '{') {
            at[n] = path;
            bytes[n] = strcspn(path, "/");
            if (!bytes[n]) return false;
            path += bytes[n++];
            pattern = strchr(pattern, '}') + 1;
        } else if (!strcmp(pattern, "...")) {
            return *path != '\0';
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*path;
}

/* @return false: no memory */
static bool capture(const char *const *at, const size_t *bytes, char **captured)
{
    bool all = true;
    for (size_t i = 0; i < SRV_CAPTURES; i++) {
        captured[i] = at[i] ? strndup(at[i], bytes[i]) : NULL;
        all &= !at[i] == !captured[i];
    }
    return all;
}

static void allow(const char *method, char *allowed, size_t bytes)
{
    const size_t used = strlen(allowed);
    snprintf(allowed + used, bytes - used, "%s%s%s", used ? ", " : "", method, strcmp(method, "GET") ? "" : ", HEAD");
}

static bool serves(const char *route_method, const char *method)
{
    return !strcmp(route_method, strcmp(method, "HEAD") ? method : "GET");
}

const srv_route *srv_route_find(const char *method, const char *path, char *allowed, size_t allowed_bytes, char **captured,
                                bool *no_memory)
{
    const char *at[SRV_CAPTURES];
    size_t      bytes[SRV_CAPTURES];
    *allowed = '\0';
    *no_memory = false;
    for (const srv_route *r = srv_routes; r->pattern; r++) {
        memset(at, 0, sizeof at);
        if (!matches(r->pattern, path, at, bytes)) continue;
        if (serves(r->method, method)) {
            *no_memory = !capture(at, bytes, captured);
            return r;
        }
        allow(r->method, allowed, allowed_bytes);
    }
    return NULL;
}
