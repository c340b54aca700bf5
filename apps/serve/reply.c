// SPDX-License-Identifier: MIT
#include "reply.h"

#include "http_library.h"
#include "json_text.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char as_json[] = "application/json";

srv_reply srv_reply_no_memory(void)
{
    static const char text[] = "{\"error\": \"out of memory\"}\n";
    srv_reply         reply = srv_reply_static(as_json, text, sizeof text - 1);
    reply.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    return reply;
}

srv_reply srv_reply_later(void)
{
    return (srv_reply){0};
}

srv_reply srv_reply_static(const char *type, const void *data, size_t bytes)
{
    return (srv_reply){.status = MHD_HTTP_OK, .type = type, .data = (void *)(uintptr_t)data, .bytes = bytes, .is_static = true};
}

srv_reply srv_reply_printed(unsigned status, const char *type, srv_out *out)
{
    if (srv_out_end(out))
        return (srv_reply){
            .status = status, .type = type, .data = out->data, .bytes = out->bytes, .budget = out->budget, .taken = out->taken};
    if (!out->no_room) return srv_reply_no_memory();
    return srv_reply_busy(
        "the answer is large, and other requests leave no room for it: ask for fewer faces or photos at a time, try "
        "again later, or start the server with more --max-memory");
}

srv_reply srv_reply_error(unsigned status, const char *format, ...)
{
    char    text[2048];
    srv_out out;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (!srv_out_begin(&out, NULL)) return srv_reply_no_memory();
    fputs("{\"error\": ", out.file);
    cli_json_string(out.file, text);
    fputs("}\n", out.file);
    return srv_reply_printed(status, as_json, &out);
}

unsigned srv_status_of(fov_status status)
{
    switch (status) {
    case FOV_ERR_ARGUMENT:
    case FOV_ERR_FORMAT:
        return MHD_HTTP_BAD_REQUEST;
    case FOV_ERR_UNSUPPORTED:
        return MHD_HTTP_UNSUPPORTED_MEDIA_TYPE;
    case FOV_ERR_LIMIT:
        return MHD_HTTP_CONTENT_TOO_LARGE;
    case FOV_ERR_CANCELLED:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

srv_reply srv_reply_busy(const char *sentence)
{
    srv_reply reply = srv_reply_error(MHD_HTTP_SERVICE_UNAVAILABLE, "%s", sentence);
    srv_reply_header(&reply, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    return reply;
}

srv_reply srv_reply_failure(const fov_error *err)
{
    if (err->code == FOV_ERR_CANCELLED) return srv_reply_busy(err->message);
    return srv_reply_error(srv_status_of(err->code), "%s", err->message);
}

srv_reply srv_reply_json(json_t *json, srv_budget *budget)
{
    srv_out out;
    if (!json || !srv_out_begin(&out, budget)) {
        json_decref(json);
        return srv_reply_no_memory();
    }
    const bool written = !json_dumpf(json, out.file, JSON_REAL_PRECISION(9));
    json_decref(json);
    putc('\n', out.file);
    if (written || out.no_room) return srv_reply_printed(MHD_HTTP_OK, as_json, &out);
    srv_out_drop(&out);
    return srv_reply_no_memory();
}

void srv_reply_header(srv_reply *reply, const char *name, const char *format, ...)
{
    va_list args;
    if (reply->headers == SRV_REPLY_HEADERS) return;
    reply->header[reply->headers].name = name;
    va_start(args, format);
    vsnprintf(reply->header[reply->headers].value, sizeof reply->header->value, format, args);
    va_end(args);
    reply->headers++;
}

void srv_reply_clear(srv_reply *reply)
{
    if (!reply->is_static) free(reply->data);
    if (reply->taken) srv_budget_give_back(reply->budget, reply->taken);
    *reply = (srv_reply){0};
}
