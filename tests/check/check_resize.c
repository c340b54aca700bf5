// SPDX-License-Identifier: MIT
/* The letterbox's loops over rows of every instruction set, against the plain ones: equal bits, nothing else written or read. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

enum { CASES = 400, MAX_SIDE = 150, MAX_TAPS = 9, PACKED = 3 };

static fov_pixel_map random_map(check *t)
{
    static const int pixels[] = {1, 3, 4};
    fov_pixel_map    map = {.pixel = pixels[test_random_int(&t->random, 0, 2)], .ld = PACKED};
    const bool       reversed = test_random_int(&t->random, 0, 1);
    for (int c = 0; c < 3; c++) {
        map.channel[c] = map.pixel == 1 ? 0 : reversed ? 2 - c : c;
        map.mean[c] = (float)test_random_int(&t->random, 0, 255) / 2;
        map.scale[c] = (float)test_random_int(&t->random, 1, 255) / 128;
    }
    return map;
}

/* Exactly as many bytes as may be read, so that a sanitizer sees those beyond. */
static uint8_t *random_bytes(check *t, size_t n)
{
    uint8_t *bytes = malloc(n);
    if (!bytes) abort();
    for (size_t i = 0; i < n; i++) bytes[i] = (uint8_t)test_random_u64(&t->random);
    return bytes;
}

static void compare(check *t, const guarded *want, const guarded *got, const char *what, int a, int b)
{
    if (memcmp(want->data, got->data, want->floats * sizeof(float)) != 0) check_fail(t, "%s of %d, %d differs", what, a, b);
    if (!guarded_intact(got)) check_fail(t, "%s of %d, %d wrote outside", what, a, b);
}

static void check_blend(check *t, const fov_resize_rows *plain)
{
    for (int i = 0; i < CASES; i++) {
        const int       n = test_random_int(&t->random, 1, 4 * MAX_SIDE), taps = test_random_int(&t->random, 1, MAX_TAPS);
        const ptrdiff_t pitch = n + test_random_int(&t->random, 0, 7);
        uint8_t        *in = random_bytes(t, (size_t)(pitch * (taps - 1) + n));
        guarded         want = guarded_new((size_t)n, 0), got = guarded_new((size_t)n, (size_t)test_random_int(&t->random, 0, 15));
        float           weight[MAX_TAPS];
        for (int k = 0; k < taps; k++) weight[k] = (float)test_random_int(&t->random, 0, 1 << 20) / (float)(1 << 20);
        plain->blend(want.data, in, pitch, weight, taps, (size_t)n);
        t->rows_now.blend(got.data, in, pitch, weight, taps, (size_t)n);
        compare(t, &want, &got, "blend", n, taps);
        guarded_free(&want);
        guarded_free(&got);
        free(in);
    }
}

static void check_resample(check *t, const fov_resize_rows *plain)
{
    for (int i = 0; i < CASES; i++) {
        const fov_pixel_map map = random_map(t);
        const int           in = test_random_int(&t->random, 1, MAX_SIDE), out = test_random_int(&t->random, 1, MAX_SIDE);
        const size_t        bytes = fov_taps_bytes(in, out, FOV_RESIZE_LANES);
        const size_t        row_pixels = (size_t)in + (size_t)fov_taps_most(in, out), packed = PACKED * (size_t)out;
        const size_t        floats = row_pixels * (size_t)map.pixel + FOV_RESIZE_OVERREAD;
        void               *memory = aligned_alloc(64, bytes);
        float              *row = calloc(floats, sizeof *row);
        guarded             want = guarded_new(packed, 0), got = guarded_new(packed, 1);
        fov_taps            taps;
        if (!memory || !row) abort();
        for (int k = 0; k < in * map.pixel; k++) row[k] = (float)test_random_int(&t->random, 0, 255 << 10) / 1024;
        fov_taps_make(&taps, in, 0, in, out, FOV_RESIZE_LANES, memory);
        plain->resample(&map, &taps, row, want.data, out);
        t->rows_now.resample(&map, &taps, row, got.data, out);
        compare(t, &want, &got, "resample", in, out);
        guarded_free(&want);
        guarded_free(&got);
        free(memory);
        free(row);
    }
}

static void check_convert(check *t, const fov_resize_rows *plain)
{
    for (int i = 0; i < CASES; i++) {
        const fov_pixel_map map = random_map(t);
        const int           width = test_random_int(&t->random, 1, MAX_SIDE);
        const size_t        packed = PACKED * (size_t)width;
        uint8_t            *in = random_bytes(t, (size_t)width * (size_t)map.pixel);
        guarded             want = guarded_new(packed, 0), got = guarded_new(packed, 1);
        plain->convert(&map, in, want.data, width);
        t->rows_now.convert(&map, in, got.data, width);
        compare(t, &want, &got, "convert", width, map.pixel);
        guarded_free(&want);
        guarded_free(&got);
        free(in);
    }
}

static void check_one(check *t, const char *name, bool changed, void (*run)(check *, const fov_resize_rows *))
{
    fov_resize_rows plain;
    fov_resize_rows_plain(&plain);
    if (!changed || !check_begin(t, name)) return;
    run(t, &plain);
    check_end(t);
}

void check_resize(check *t)
{
    check_one(t, "resize blend", t->rows_now.blend != t->rows_below.blend, check_blend);
    check_one(t, "resize resample", t->rows_now.resample != t->rows_below.resample, check_resample);
    check_one(t, "resize convert", t->rows_now.convert != t->rows_below.convert, check_convert);
}
