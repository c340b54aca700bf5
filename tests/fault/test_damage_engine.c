// SPDX-License-Identifier: MIT
/* Damaged engine files. Checksums stop accidents; somebody who means harm makes them fit. So most variants here have theirs put
 * right again, and what is accepted must run without harm. */
#include "damage.h"
#include "engines.h"

#include "base/alloc.h"
#include "engine_file/format.h"

#include <stdlib.h>
#include <string.h>

enum { ENTRY_OFFSET = 8, ENTRY_SIZE = 16 };

static const damage_limits limits = {.variants = 1500, .seconds = 4, .max_bytes = 512 << 20};

static fov_status load(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_engine *engine = NULL;
    fov_status  st = fov_engine_load_memory(data, bytes, name, NULL, &engine, err);
    if (st && engine) fail_msg("%s: failed, but gave an engine", name);
    if (!st) engine_verify(engine);
    if (!st) engine_use(engine);
    fov_engine_free(engine);
    return st;
}

static fov_status load_sealed(const void *data, size_t bytes, const char *name, fov_error *err)
{
    unsigned char *copy = malloc(bytes ? bytes : 1); /* of exactly this size, for sanitizers */
    if (bytes) memcpy(copy, data, bytes);
    engine_seal(copy, bytes);
    fov_status st = load(copy, bytes, name, err);
    free(copy);
    return st;
}

static void damage_engine(fov_precision precision, damage_target *target)
{
    size_t         size;
    fov_engine    *engine = small_engine(precision, NULL);
    unsigned char *bytes = engine_bytes(engine, &size), *copy = malloc(size);
    memcpy(copy, bytes, size);
    fov_free(bytes); /* damage_try() counts the library's blocks */
    fov_engine_free(engine);
    damage_try(copy, size, fov_precision_name(precision), (uint64_t)precision, limits, target);
    free(copy);
}

static void checksums_stop_accidents(void **state)
{
    (void)state;
    damage_engine(FOV_PRECISION_MIXED, load);
}

static void fp32_with_checksums_put_right(void **state)
{
    (void)state;
    damage_engine(FOV_PRECISION_FP32, load_sealed);
}

static void fp16_with_checksums_put_right(void **state)
{
    (void)state;
    damage_engine(FOV_PRECISION_FP16, load_sealed);
}

static void int8_with_checksums_put_right(void **state)
{
    (void)state;
    damage_engine(FOV_PRECISION_INT8, load_sealed);
}

static void mixed_with_checksums_put_right(void **state)
{
    (void)state;
    damage_engine(FOV_PRECISION_MIXED, load_sealed);
}

/* Bits of the sections that say what is where; most of a file are numbers, which may be any. */
static void every_bit_of_graph_and_scales(void **state)
{
    (void)state;
    size_t         size;
    fov_engine    *engine = small_engine(FOV_PRECISION_MIXED, NULL);
    unsigned char *bytes = engine_bytes(engine, &size);
    int            refused = 0, accepted = 0;
    fov_engine_free(engine);
    for (size_t s = 1; s <= 3; s += 2) { /* graph, scales */
        const unsigned char *entry = bytes + FOV_FILE_HEADER_BYTES + s * FOV_FILE_ENTRY_BYTES;
        uint64_t             offset, count;
        memcpy(&offset, entry + ENTRY_OFFSET, sizeof offset);
        memcpy(&count, entry + ENTRY_SIZE, sizeof count);
        for (size_t i = 0; i < count; i++) {
            fov_error           err = {0};
            const unsigned char bit = (unsigned char)(1 << (i * 5 + s) % 8);
            bytes[offset + i] ^= bit;
            fov_status st = load_sealed(bytes, size, "a bit", &err);
            bytes[offset + i] ^= bit;
            if (st == FOV_ERR_INTERNAL || st == FOV_ERR_MEMORY) fail_msg("byte %zu: %s", offset + i, err.message);
            *(st ? &refused : &accepted) += 1;
        }
    }
    print_message("%d changed bits refused, %d accepted\n", refused, accepted);
    assert_true(refused > accepted / 4);
    fov_free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_stop_accidents),       cmocka_unit_test(fp32_with_checksums_put_right),
        cmocka_unit_test(fp16_with_checksums_put_right),  cmocka_unit_test(int8_with_checksums_put_right),
        cmocka_unit_test(mixed_with_checksums_put_right), cmocka_unit_test(every_bit_of_graph_and_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
