// SPDX-License-Identifier: MIT
/* What a request is answered with: made by a handler, sent by request.c. */
#ifndef FOVEA_SERVE_REPLY_H
#define FOVEA_SERVE_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fovea/fovea.h"
#include "out.h"

enum { SRV_REPLY_HEADERS = 4 };

typedef struct srv_reply {
    unsigned    status; /* 0: no answer yet, the request waits */
    const char *type;
    void       *data; /* malloc(), or where `is_static` somebody else's */
    size_t      bytes;
    bool        is_static;
    srv_budget *budget; /* has `taken`, of what was printed */
    size_t      taken;
    struct {
        const char *name;
        char        value[256];
    } header[SRV_REPLY_HEADERS];
    size_t headers;
} srv_reply;

/** The request waits for work that was begun. */
srv_reply srv_reply_later(void);

/** {"error": sentence}. */
srv_reply srv_reply_error(unsigned status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** The same for what the library said. */
srv_reply srv_reply_failure(const fov_error *err);
/** For a server that is full or about to stop: 503 with Retry-After. */
srv_reply srv_reply_busy(const char *sentence);
/** Needs none itself. */
srv_reply srv_reply_no_memory(void);

/** Takes `json` over; NULL is a lack of memory. @param budget NULL: it is small, whatever there is to tell */
srv_reply srv_reply_json(json_t *json, srv_budget *budget);
/** What was printed, which is taken over. 503 where there was no room for it. @param type must live as long as the program */
srv_reply srv_reply_printed(unsigned status, const char *type, srv_out *out);
/** @param data must live as long as the request */
srv_reply srv_reply_static(const char *type, const void *data, size_t bytes);

void srv_reply_header(srv_reply *reply, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
void srv_reply_clear(srv_reply *reply);

/** HTTP status of a failed call. */
unsigned srv_status_of(fov_status status);

#endif
