// SPDX-License-Identifier: MIT
#include "http.h"

#include <gnutls/gnutls.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- the message */

static void add_field(http_message *m, enum MHD_ValueKind kind, char *line, char mark)
{
    char *value = strchr(line, mark);
    if (m->fields == HTTP_MAX_FIELDS) return;
    if (value) *value++ = '\0';
    m->field[m->fields++] = (http_field){kind, line, value ? value + strspn(value, " ") : NULL};
}

static void read_first(http_message *m, char *line)
{
    m->method = line ? strsep(&line, " ") : "";
    m->path = line ? strsep(&line, " ") : "";
    m->version = line ? line : "";
}

void http_message_read(http_message *m, const void *data, size_t bytes)
{
    const char *blank = bytes ? memmem(data, bytes, "\n\n", 2) : NULL;
    size_t      head = blank ? (size_t)(blank - (const char *)data) : bytes;
    *m = (http_message){.text = malloc(head + 1)};
    if (!m->text) abort();
    if (head) memcpy(m->text, data, head);
    m->text[head] = '\0';
    m->body = blank ? blank + 2 : "";
    m->body_bytes = blank ? bytes - head - 2 : 0;
    char *rest = m->text;
    read_first(m, strsep(&rest, "\n"));
    for (char *line; (line = strsep(&rest, "\n"));)
        if (*line == '?') add_field(m, MHD_GET_ARGUMENT_KIND, line + 1, '=');
        else add_field(m, MHD_HEADER_KIND, line, ':');
}

void http_message_clear(http_message *m)
{
    free(m->text);
}

/* ---------------------------------------------------------------- in place of libmicrohttpd */

static const http_message *message_of(struct MHD_Connection *connection)
{
    return (const void *)connection;
}

static int get_values(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator each, void *user)
{
    const http_message *m = message_of(connection);
    int                 count = 0;
    for (int i = 0; i < m->fields; i++) {
        if (m->field[i].kind != kind) continue;
        count++;
        if (each(user, kind, m->field[i].name, m->field[i].value) != MHD_YES) break;
    }
    return count;
}

static const char *look_up(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *name)
{
    const http_message *m = message_of(connection);
    for (int i = 0; i < m->fields; i++)
        if (m->field[i].kind == kind && !strcasecmp(m->field[i].name, name)) return m->field[i].value;
    return NULL;
}

static void stand_in(void)
{
    srv_http.MHD_get_connection_values = get_values;
    srv_http.MHD_lookup_connection_value = look_up;
    srv_http.gnutls_memcmp = gnutls_memcmp;
    srv_http.gnutls_base64_decode2 = gnutls_base64_decode2;
    srv_http.gnutls_free = &gnutls_free;
}

/* ---------------------------------------------------------------- the request */

void http_request_begin(srv_request *r, srv_server *server, const http_message *m)
{
    static const char *const names[] = {"faces.example", NULL};
    static srv_config        config;
    config = (srv_config){.host = "127.0.0.1",
                          .names = names,
                          .token = "secret",
                          .detect = fov_detect_options_default(),
                          .body_bytes = FUZZ_MAX_BYTES,
                          .photo_pixels = 1 << 20,
                          .request_photos = 4};
    stand_in();
    *server = (srv_server){.config = &config, .bodies = {.limit = 2 * FUZZ_MAX_BYTES}, .is_local = true};
    *r = (srv_request){.server = server, .connection = (void *)(uintptr_t)m};
    srv_body_begin(&r->body, config.body_bytes, true, m->body_bytes, &server->bodies);
    if (m->body_bytes) assert_true(srv_body_add(&r->body, m->body, m->body_bytes));
}

void http_request_end(srv_request *r)
{
    srv_body_clear(&r->body);
    assert_int_equal(r->server->bodies.used, 0);
}

/* ---------------------------------------------------------------- the answer */

static bool is_ours(unsigned status)
{
    return status >= MHD_HTTP_INTERNAL_SERVER_ERROR && status != MHD_HTTP_SERVICE_UNAVAILABLE;
}

fov_status http_refused(srv_reply *reply, const char *name, fov_error *err)
{
    if (!reply->status) return FOV_OK;
    json_t     *json = json_loadb(reply->data, reply->bytes, 0, NULL);
    const char *sentence = json_string_value(json_object_get(json, "error"));
    if (!sentence || is_ours(reply->status))
        fail_msg("%s: status %u: %.*s", name, reply->status, (int)reply->bytes, (char *)reply->data);
    const fov_status st = FOV_ERR_FORMAT;
    err->code = st;
    snprintf(err->message, sizeof err->message, "%s", sentence);
    json_decref(json);
    srv_reply_clear(reply);
    return st;
}
