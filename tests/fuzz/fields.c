// SPDX-License-Identifier: MIT
#include "fields.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 512, MAX_VARINT = 10, VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

typedef struct field {
    size_t at, size;     /* of all of it */
    size_t body, length; /* what stands behind the key, or behind the length */
    int    wire;
} field;

typedef struct output {
    unsigned char *data;
    size_t         size, capacity;
    bool           full;
} output;

static void add(output *out, const void *bytes, size_t count)
{
    if (count > out->capacity - out->size) out->full = true;
    if (out->full || !count) return;
    memcpy(out->data + out->size, bytes, count);
    out->size += count;
}

static void add_varint(output *out, uint64_t value)
{
    unsigned char bytes[MAX_VARINT];
    size_t        count = 0;
    for (; value > 127; value >>= 7) bytes[count++] = (unsigned char)(value | 128);
    bytes[count++] = (unsigned char)value;
    add(out, bytes, count);
}

static bool take_varint(const unsigned char *data, size_t size, size_t *at, uint64_t *value)
{
    *value = 0;
    for (int i = 0; i < MAX_VARINT && *at < size; i++) {
        const unsigned char byte = data[(*at)++];
        *value |= (uint64_t)(byte & 127) << (7 * i & 63);
        if (byte < 128) return true;
    }
    return false;
}

static bool take_field(const unsigned char *data, size_t size, size_t *at, field *out)
{
    uint64_t key, length = 0;
    *out = (field){.at = *at};
    if (!take_varint(data, size, at, &key) || key < 8) return false;
    out->wire = (int)(key & 7);
    out->body = *at;
    if (out->wire == VARINT && !take_varint(data, size, at, &key)) return false;
    if (out->wire == LENGTH && !take_varint(data, size, at, &length)) return false;
    if (out->wire == LENGTH) out->body = *at;
    if (out->wire == FIXED64 || out->wire == FIXED32) length = out->wire == FIXED64 ? 8 : 4;
    if (out->wire > FIXED32 || out->wire == 3 || out->wire == 4 || length > size - *at) return false;
    *at += (size_t)length;
    out->length = *at - out->body;
    out->size = *at - out->at;
    return true;
}

/* @return how many fields these bytes are, 0: they are no message */
static int find_fields(const unsigned char *data, size_t size, field out[MAX_FIELDS])
{
    int count = 0;
    for (size_t at = 0; at < size; count++)
        if (count == MAX_FIELDS || !take_field(data, size, &at, &out[count])) return 0;
    return count;
}

/* Bytes that are no message: text, packed numbers, a tensor's data. */
static void change_leaf(const unsigned char *data, size_t size, output *out, test_random *random)
{
    const size_t before = out->size;
    add(out, data, size);
    if (!out->full) out->size = before + fuzz_change_bytes(out->data + before, size, out->capacity - before, random);
}

static uint64_t unlucky(test_random *random)
{
    static const uint64_t values[] = {0, 1, 2, 3, 7, 10, 11, 64, 255, 0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX, 1ULL << 62};
    return values[test_random_int(random, 0, sizeof values / sizeof *values - 1)];
}

static void change_message(const unsigned char *data, size_t size, output *out, test_random *random);

/* The new body is made first, for its length stands before it. */
static void change_body(const unsigned char *data, const field *f, output *out, test_random *random)
{
    size_t   at = f->at;
    uint64_t key;
    output   body = {malloc(out->capacity), 0, out->capacity, false};
    if (!body.data) abort();
    change_message(data + f->body, f->length, &body, random);
    out->full |= body.full;
    take_varint(data, f->at + f->size, &at, &key);
    add_varint(out, key);
    add_varint(out, body.size);
    add(out, body.data, body.size);
    free(body.data);
}

static void change_field(const unsigned char *data, const field *f, output *out, test_random *random)
{
    const size_t key_bytes = f->body - f->at;
    if (f->wire == LENGTH) {
        change_body(data, f, out, random);
    } else if (f->wire == VARINT) {
        add(out, data + f->at, key_bytes);
        add_varint(out, unlucky(random));
    } else {
        const size_t before = out->size;
        add(out, data + f->at, f->size);
        if (!out->full) fuzz_change_bytes(out->data + before + key_bytes, f->length, f->length, random);
    }
}

/* One field goes, comes twice, changes places with another, or changes; the others stay. */
static void change_message(const unsigned char *data, size_t size, output *out, test_random *random)
{
    field     fields[MAX_FIELDS];
    const int count = find_fields(data, size, fields);
    if (!count) {
        change_leaf(data, size, out, random);
        return;
    }
    const int    way = test_random_int(random, 0, 11);
    const field *one = &fields[test_random_int(random, 0, count - 1)], *other = &fields[test_random_int(random, 0, count - 1)];
    add(out, data, one->at);
    if (way == 0) add(out, data + other->at, other->size);
    else if (way == 1) add(out, data + one->at, one->size);
    if (way > 2) change_field(data, one, out, random);
    else if (way < 2) add(out, data + one->at, one->size);
    add(out, data + one->at + one->size, size - one->at - one->size);
}

size_t fields_change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    static unsigned char work[FUZZ_MAX_BYTES];
    output               out = {work, 0, capacity < sizeof work ? capacity : sizeof work, false};
    change_message(data, size, &out, random);
    if (out.full) return size;
    memcpy(data, work, out.size);
    return out.size;
}
