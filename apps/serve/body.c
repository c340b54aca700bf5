// SPDX-License-Identifier: MIT
#include "body.h"

#include "http_library.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 1 << 16 };

static bool reserve(srv_body *b, size_t capacity)
{
    if (capacity <= b->capacity) return true;
    if (!srv_budget_take(b->budget, capacity - b->capacity)) {
        srv_body_refuse(b, srv_reply_busy("the bodies of other requests take all the memory that this server gives them: try again "
                                          "later, or start it with more --max-memory"));
        return false;
    }
    unsigned char *data = realloc(b->data, capacity);
    if (!data) {
        srv_budget_give_back(b->budget, capacity - b->capacity);
        srv_body_refuse(b, srv_reply_busy("out of memory: try again later"));
        return false;
    }
    b->data = data;
    b->capacity = capacity;
    return true;
}

static void refuse_size(srv_body *b)
{
    srv_body_refuse(b, srv_reply_error(MHD_HTTP_CONTENT_TOO_LARGE,
                                       "the body has more than %zu bytes, which is what this server takes here: send less%s",
                                       b->limit, b->by_option ? ", or start it with more --max-body" : ""));
}

void srv_body_begin(srv_body *b, size_t limit, bool by_option, size_t announced, srv_budget *budget)
{
    *b = (srv_body){.limit = limit, .by_option = by_option, .expected = announced < limit ? announced : limit, .budget = budget};
    if (announced != SIZE_MAX && announced > limit) refuse_size(b);
}

void srv_body_drop(srv_body *b)
{
    free(b->data);
    b->data = NULL;
}

void srv_body_give_back(srv_body *b)
{
    srv_body_drop(b);
    srv_budget_give_back(b->budget, b->capacity);
    b->capacity = 0;
}

void srv_body_refuse(srv_body *b, srv_reply why)
{
    srv_body_give_back(b);
    b->bytes = 0;
    srv_reply_clear(&b->refusal);
    b->refusal = why;
}

/* What is only announced takes nothing from others. */
static size_t next_capacity(const srv_body *b, size_t needed)
{
    size_t capacity = b->capacity ? b->capacity : FIRST_BYTES;
    while (capacity < needed) capacity *= 2;
    const size_t most = needed > b->expected ? b->limit : b->expected;
    return capacity < most ? capacity : most;
}

bool srv_body_add(srv_body *b, const void *data, size_t bytes)
{
    if (!b->refusal.status && bytes > b->limit - b->bytes) refuse_size(b);
    if (!b->refusal.status && b->bytes + bytes > b->capacity) reserve(b, next_capacity(b, b->bytes + bytes));
    if (b->refusal.status) {
        b->refused += bytes;
        return b->refused <= SRV_THROWN_AWAY_BYTES;
    }
    memcpy(b->data + b->bytes, data, bytes);
    b->bytes += bytes;
    return true;
}

void srv_body_clear(srv_body *b)
{
    srv_body_refuse(b, (srv_reply){0});
}
