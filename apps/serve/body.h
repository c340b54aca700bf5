// SPDX-License-Identifier: MIT
/* The body of a request as it comes in, within the limits of one request and of all together. */
#ifndef FOVEA_SERVE_BODY_H
#define FOVEA_SERVE_BODY_H

#include "budget.h"
#include "reply.h"

typedef struct srv_body {
    unsigned char *data;
    size_t         bytes, capacity;
    size_t         limit;     /* of this one */
    size_t         expected;  /* bytes that its client announced; `limit` where it did not */
    size_t         refused;   /* bytes that came after it was refused, which were thrown away */
    bool           by_option; /* the limit is --max-body, and no other */
    srv_budget    *budget;    /* has `capacity` */
    srv_reply      refusal;   /* status 0: none */
} srv_body;

enum {
    SRV_THROWN_AWAY_BYTES = 64 << 20
}; /* a client hears a refusal only once its body is through; some are not worth waiting for */

/**
 * @param by_option the limit can be raised by --max-body
 * @param announced bytes, or SIZE_MAX: the client does not know yet
 */
void srv_body_begin(srv_body *body, size_t limit, bool by_option, size_t announced, srv_budget *budget);
/** From now on what comes is thrown away. @param why becomes the body's */
void srv_body_refuse(srv_body *body, srv_reply why);
/** @return false: nothing more is listened to, since so much came after the refusal */
bool srv_body_add(srv_body *body, const void *data, size_t bytes);
/** Its bytes are not needed any more; how many there were stays known, and the budget has room for what was made of them. */
void srv_body_drop(srv_body *body);
/** Nor is that room. */
void srv_body_give_back(srv_body *body);
void srv_body_clear(srv_body *body);

#endif
