// SPDX-License-Identifier: MIT
/* Requests for inference: JSON, and binary tensors behind it. What is taken lies within what came. */
#include "http.h"

#include "infer.h"

#include <stdlib.h>
#include <string.h>

static const char head_of_json[] = "POST /infer HTTP/1.1\n\n", length_field[] = "Inference-Header-Content-Length: ";

/* ---------------------------------------------------------------- the target */

/* Every byte is read, so that a sanitizer sees whether it may be. */
static void look_at(const void *data, size_t bytes)
{
    const unsigned char *byte = data;
    size_t               sum = 0;
    for (size_t i = 0; i < bytes; i++) sum += byte[i];
    assert_true(sum <= UINT8_MAX * bytes);
}

static void look_at_all(const srv_infer *infer)
{
    for (size_t i = 0; i < infer->looks; i++) {
        const srv_look *look = infer->look + i;
        if (look->data) look_at(look->data, look->bytes);
        else look_at(look->pixels.data, (size_t)look->pixels.height * (size_t)look->pixels.pitch);
    }
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    http_message message;
    srv_server   server;
    srv_request  request;
    http_message_read(&message, data, bytes);
    http_request_begin(&request, &server, &message);
    srv_infer  infer = {.detect = server.config->detect};
    srv_reply  reply = srv_infer_read(&request, &infer);
    fov_status st = http_refused(&reply, name, err);
    if (!st) look_at_all(&infer);
    srv_infer_clear(&infer);
    http_request_end(&request);
    http_message_clear(&message);
    return st;
}

/* ---------------------------------------------------------------- inputs */

/* @return the size */
static size_t put_together(unsigned char *data, const void *json, size_t json_bytes, const void *rest, size_t rest_bytes)
{
    const int head = sprintf((char *)data, "POST /infer HTTP/1.1\n%s%zu\n\n", length_field, json_bytes);
    if (json_bytes) memcpy(data + head, json, json_bytes);
    if (rest_bytes) memcpy(data + head + json_bytes, rest, rest_bytes);
    return (size_t)head + json_bytes + rest_bytes;
}

static void seed_binary(const char *json, const void *rest, size_t rest_bytes)
{
    unsigned char input[4096];
    fuzz_seed(input, put_together(input, json, strlen(json), rest, rest_bytes));
}

static void seed_json(const char *json)
{
    char input[4096];
    snprintf(input, sizeof input, "%s%s", head_of_json, json);
    fuzz_seed_text(input);
}

static void seeds(void)
{
    static const unsigned char photos[] = "\3\0\0\0abc\0\0\0\0";
    static const unsigned char pixels[2 * 2 * 3] = {1, 2, 3};
    seed_binary("{\"inputs\":[{\"name\":\"photo\",\"datatype\":\"BYTES\",\"shape\":[2],\"parameters\":{\"binary_data_size\":11}}]}",
                photos, 11);
    seed_binary(
        "{\"inputs\":[{\"name\":\"pixels\",\"datatype\":\"UINT8\",\"shape\":[2,2,3],\"parameters\":{\"binary_data_size\":12}}],"
        "\"outputs\":[{\"name\":\"boxes\",\"parameters\":{\"binary_data\":true}}]}",
        pixels, sizeof pixels);
    seed_binary("", "a photo", 7);
    seed_json("{\"id\":\"7\",\"inputs\":[{\"name\":\"photo\",\"datatype\":\"BYTES\",\"shape\":[1],\"data\":[\"aGVsbG8=\"]}],"
              "\"parameters\":"
              "{\"score\":0.5,\"nms\":\"0.4\",\"size\":\"long:640\",\"max_faces\":5,\"top_k\":9,\"timeout\":100,\"binary_data_"
              "output\":true}}");
    seed_json("{\"inputs\":[{\"name\":\"pixels\",\"datatype\":\"UINT8\",\"shape\":[2,1,1,3],\"data\":[[[[1,2,3]]],[[[4,5,6]]]]}],"
              "\"outputs\":[{\"name\":\"counts\"},{\"name\":\"sizes\"},{\"name\":\"image_index\"},{\"name\":\"landmarks\"}]}");
}

/* ---------------------------------------------------------------- changes */

/* The first number behind a name, as it would be for so many bytes: where there is room for its digits. */
static void declare(unsigned char *json, size_t json_bytes, size_t rest_bytes)
{
    static const char name[] = "binary_data_size\":";
    unsigned char    *at = json_bytes ? memmem(json, json_bytes, name, sizeof name - 1) : NULL;
    if (!at) return;
    at += sizeof name - 1;
    unsigned char *end = json + json_bytes;
    while (end > at && (end[-1] < '0' || end[-1] > '9')) end--;
    char digits[24];
    int  count = 0;
    while (at + count < end && at[count] >= '0' && at[count] <= '9') count++;
    if (count < (int)sizeof digits && snprintf(digits, sizeof digits, "%0*zu", count, rest_bytes) == count)
        memcpy(at, digits, (size_t)count);
}

/* The JSON changes, or what is behind it; the lengths that are told fit again. */
static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    static unsigned char json[FUZZ_MAX_BYTES], rest[FUZZ_MAX_BYTES];
    const unsigned char *end = size ? memmem(data, size, "\n\n", 2) : NULL;
    const char          *field = end ? memmem(data, (size_t)(end - data), length_field, sizeof length_field - 1) : NULL;
    const size_t         room = sizeof json < capacity ? sizeof json : capacity;
    if (!field || size > room || !test_random_int(random, 0, 7)) return fuzz_change_bytes(data, size, capacity, random);
    const size_t body = size - (size_t)(end + 2 - data), told = strtoul(field + sizeof length_field - 1, NULL, 10);
    size_t       json_bytes = told < body ? told : body, rest_bytes = body - json_bytes;
    memcpy(json, end + 2, json_bytes);
    memcpy(rest, end + 2 + json_bytes, rest_bytes);
    if (test_random_int(random, 0, 2)) json_bytes = fuzz_change_bytes(json, json_bytes, room, random);
    else rest_bytes = fuzz_change_bytes(rest, rest_bytes, room, random);
    if (sizeof head_of_json + sizeof length_field + 24 + json_bytes + rest_bytes > capacity) return size;
    if (test_random_int(random, 0, 3)) declare(json, json_bytes, rest_bytes);
    return put_together(data, json, json_bytes, rest, rest_bytes);
}

const fuzz_target fuzz_target_here = {
    .name = "http_infer",
    .sources = "apps/serve/infer_read.c apps/serve/infer_input.c apps/serve/parameters.c apps/serve/tensors.c apps/serve/body.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
    .change = change,
};
