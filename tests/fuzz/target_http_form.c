// SPDX-License-Identifier: MIT
/* Forms with photos: the boundary of the head, parts, and their headers. */
#include "http.h"

#include "multipart.h"

/* Every byte is read, so that a sanitizer sees whether it may be. */
static void look_at(const srv_part *part)
{
    size_t sum = 0;
    for (size_t i = 0; i < part->bytes; i++) sum += part->data[i];
    assert_true(part->file && sum <= UINT8_MAX * part->bytes);
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    http_message message;
    srv_server   server;
    srv_request  request;
    srv_parts   *parts;
    http_message_read(&message, data, bytes);
    http_request_begin(&request, &server, &message);
    srv_reply  reply = srv_multipart_read(&request, server.config->request_photos, &parts);
    fov_status st = http_refused(&reply, name, err);
    for (size_t i = 0; !st && i < parts->count; i++) look_at(parts->part + i);
    if (!st) assert_in_range(parts->count, 1, server.config->request_photos);
    srv_parts_free(parts);
    http_request_end(&request);
    http_message_clear(&message);
    return st;
}

static void seeds(void)
{
    fuzz_seed_text("POST /detect HTTP/1.1\nContent-Type: multipart/form-data; boundary=x\n\n"
                   "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a.png\"\r\n\r\nphoto\r\n--x--\r\n");
    fuzz_seed_text(
        "POST /detect HTTP/1.1\nContent-Type: multipart/form-data; charset=utf-8; boundary=\"a b\"\n\n"
        "before\r\n--a b  \r\nContent-Type: image/png\r\ncontent-disposition: form-data;filename=plain.png;name=a\r\n\r\nphoto"
        "\r\n--a b\r\nContent-Disposition: form-data; name=note\r\n\r\n\r\n--a b\r\n"
        "Content-Disposition: form-data; filename=\"say \\\"hi\\\"\"\r\n\r\n\r\n--a b--\r\nafter");
}

const fuzz_target fuzz_target_here = {
    .name = "http_form",
    .sources = "apps/serve/multipart.c apps/serve/header_value.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
