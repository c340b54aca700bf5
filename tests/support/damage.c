// SPDX-License-Identifier: MIT
#include "damage.h"

#include "alloc_probe.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NEAR = 4096, MAX_SPAN = 512, MAX_GROWTH = 4096 };

/* A position in [0, size); half of them close to an end. */
static size_t place(test_random *r, size_t size)
{
    size_t near = size < NEAR ? size : NEAR;
    if (!size) return 0;
    switch (test_random_int(r, 0, 3)) {
    case 0:
        return test_random_u64(r) % near;
    case 1:
        return size - 1 - test_random_u64(r) % near;
    default:
        return test_random_u64(r) % size;
    }
}

static size_t span_at(test_random *r, size_t size, size_t at)
{
    size_t longest = size - at < MAX_SPAN ? size - at : MAX_SPAN;
    return longest ? 1 + test_random_u64(r) % longest : 0;
}

static void describe(damage *d, const char *how, size_t at, size_t count)
{
    size_t used = strlen(d->what);
    snprintf(d->what + used, sizeof d->what - used, "%s at %zu, %zu bytes", how, at, count);
}

static void flip_bits(test_random *r, damage *d)
{
    int    count = 1 << test_random_int(r, 0, 5);
    size_t at = place(r, d->size);
    for (int i = 0; i < count && d->size; i++) {
        d->data[at] ^= (unsigned char)(1 << test_random_int(r, 0, 7));
        if (i + 1 < count) at = place(r, d->size);
    }
    describe(d, "bits flipped, the last", at, (size_t)count);
}

static void resize(damage *d, size_t size)
{
    unsigned char *data = realloc(d->data, size ? size : 1);
    if (!data) abort();
    d->data = data;
    d->size = size;
}

static void cut(test_random *r, damage *d)
{
    size_t size = place(r, d->size);
    describe(d, "cut", size, d->size - size);
    resize(d, size);
}

static void grow(test_random *r, damage *d)
{
    size_t size = d->size, more = 1 + test_random_u64(r) % MAX_GROWTH;
    resize(d, size + more);
    for (size_t i = 0; i < more; i++) d->data[size + i] = (unsigned char)test_random_u64(r);
    describe(d, "garbage added", size, more);
}

static void repeat_span(test_random *r, damage *d)
{
    size_t at = place(r, d->size), count = span_at(r, d->size, at), size = d->size;
    resize(d, size + count);
    memmove(d->data + at + count, d->data + at, size - at);
    describe(d, "span repeated", at, count);
}

static void remove_span(test_random *r, damage *d)
{
    size_t at = place(r, d->size), count = span_at(r, d->size, at);
    memmove(d->data + at, d->data + at + count, d->size - at - count);
    resize(d, d->size - count);
    describe(d, "span removed", at, count);
}

static void fill_span(test_random *r, damage *d)
{
    bool   ones = test_random_int(r, 0, 1);
    size_t at = place(r, d->size), count = span_at(r, d->size, at);
    if (count) memset(d->data + at, ones ? 0xff : 0, count);
    describe(d, ones ? "span set to ff" : "span zeroed", at, count);
}

/* Numbers at which sizes, counts and offsets go wrong; the old value plus or minus one is the last. */
static uint64_t unlucky(test_random *r, uint64_t old)
{
    static const uint64_t values[] = {0,         1,          0x7f,       0x80,        0xff,       0x7fff,
                                      0x8000,    0xffff,     0x7fffffff, 0x80000000U, 0xffffffff, 0x100000000,
                                      INT64_MAX, 1ULL << 63, UINT64_MAX, 1ULL << 62};
    enum { COUNT = sizeof values / sizeof *values };
    int i = test_random_int(r, 0, COUNT + 1);
    return i < COUNT ? values[i] : i == COUNT ? old + 1 : old - 1;
}

static void change_number(test_random *r, damage *d)
{
    size_t   width = (size_t)1 << test_random_int(r, 0, 3);
    bool     big_endian = test_random_int(r, 0, 3) == 0;
    size_t   at = place(r, d->size);
    uint64_t value = 0;
    if (width > d->size - at) width = d->size - at;
    for (size_t i = 0; i < width; i++) value |= (uint64_t)d->data[at + i] << 8 * (big_endian ? width - 1 - i : i);
    value = unlucky(r, value);
    for (size_t i = 0; i < width; i++) d->data[at + i] = (unsigned char)(value >> 8 * (big_endian ? width - 1 - i : i));
    describe(d, "number changed", at, width);
}

void damage_make(const void *data, size_t size, const char *name, uint64_t seed, uint64_t k, damage *out)
{
    static void (*const ways[])(test_random *, damage *) = {flip_bits, change_number, cut,           flip_bits,   change_number,
                                                            grow,      fill_span,     change_number, repeat_span, remove_span};
    test_random r = {seed * 0x2545f4914f6cdd1dU + k};

    *out = (damage){malloc(size ? size : 1), size, ""};
    if (!out->data) abort();
    if (size) memcpy(out->data, data, size);
    snprintf(out->what, sizeof out->what, "variant %llu of %.60s: ", (unsigned long long)k, name);
    ways[k % (sizeof ways / sizeof *ways)](&r, out);
}

void damage_clear(damage *d)
{
    free(d->data);
    *d = (damage){0};
}

/* Of the processor, not of the wall: a neighbour's load is no hang. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* A target that never returns ends the program. */
/* Under a sanitizer, time is its own; what does not end is still seen. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { SLOWER = 20 };
#else
enum { SLOWER = 1 };
#endif

static void limit_wall_time(const damage_limits *limits)
{
    if (limits->seconds > 0) alarm((unsigned)limits->seconds * 30 * SLOWER + 1);
}

fov_status damage_check(const damage *d, const damage_limits *limits, damage_target *target)
{
    fov_error err = {0};
    double    start = now();
    limit_wall_time(limits);
    alloc_probe_start(0, limits->max_bytes);
    fov_status  status = target(d->data, d->size, d->what, &err);
    alloc_probe after = alloc_probe_stop();
    if (limits->seconds > 0) alarm(0);
    double seconds = now() - start;

    if (after.blocks) fail_msg("%s: %lld blocks not given back", d->what, (long long)after.blocks);
    if (status == FOV_ERR_INTERNAL || status == FOV_ERR_ARGUMENT) fail_msg("%s: %s", d->what, err.message);
    if (status && (!err.message[0] || err.code != status)) fail_msg("%s: failed without a message", d->what);
    if (status == FOV_ERR_MEMORY)
        fail_msg("%s: asked for more than %lld bytes: %s", d->what, (long long)limits->max_bytes, err.message);
    if (limits->seconds > 0 && seconds > SLOWER * limits->seconds) fail_msg("%s: took %.1f s", d->what, seconds);
    return status;
}

void damage_try(const void *data, size_t size, const char *name, uint64_t seed, damage_limits limits, damage_target *target)
{
    int refused = 0;
    for (int k = 0; k < limits.variants; k++) {
        damage d;
        damage_make(data, size, name, seed, (uint64_t)k, &d);
        refused += damage_check(&d, &limits, target) != FOV_OK;
        damage_clear(&d);
    }
    print_message("%s: %d damaged variants refused, %d accepted\n", name, refused, limits.variants - refused);
}
