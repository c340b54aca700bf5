// SPDX-License-Identifier: MIT
/* safetensors: the length of the header, JSON, numbers. */
#include "fuzz.h"

#include <string.h>

enum { LENGTH_BYTES = 8 };

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_model *model = NULL;
    fov_status st = fov_model_load_memory(data, bytes, name, NULL, &model, err);
    fov_model_free(model);
    return st;
}

static void set_length(unsigned char *data, uint64_t length)
{
    for (int i = 0; i < LENGTH_BYTES; i++) data[i] = (unsigned char)(length >> 8 * i);
}

static void seed(const char *json, size_t data_bytes)
{
    unsigned char file[1024] = {0};
    set_length(file, strlen(json));
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): data follow, without an end of the text */
    memcpy(file + LENGTH_BYTES, json, strlen(json));
    fuzz_seed(file, LENGTH_BYTES + strlen(json) + data_bytes);
}

static void seeds(void)
{
    seed(
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":"
        "[24,26]}}",
        26);
    seed("{\"__metadata__\":{\"format\":\"pt\",\"fovea.settings\":\"leaky = 0\\nmean = 1,2,3\\n\"},"
         "\"body.stage1.weight\":{\"dtype\":\"BF16\",\"shape\":[8,3,3,3],\"data_offsets\":[0,432]}}",
         432);
    seed("{\"body.conv.weight\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
         "\"n\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[8,16]}}      ",
         16);
}

/* The header's text grows or shrinks, or the numbers behind it change; the length tells which is which. */
static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    uint64_t length = 0;
    if (size < LENGTH_BYTES || !test_random_int(random, 0, 15)) return fuzz_change_bytes(data, size, capacity, random);
    for (int i = 0; i < LENGTH_BYTES; i++) length |= (uint64_t)data[i] << 8 * i;
    const size_t   most = size - LENGTH_BYTES, header = length < most ? (size_t)length : most, behind = most - header;
    unsigned char *json = data + LENGTH_BYTES, numbers[FUZZ_MAX_BYTES];
    if (behind > sizeof numbers) return size;
    if (!test_random_int(random, 0, 3)) return LENGTH_BYTES + header + fuzz_change_bytes(json + header, behind, behind, random);
    memcpy(numbers, json + header, behind);
    const size_t now = fuzz_change_bytes(json, header, capacity - LENGTH_BYTES - behind, random);
    memcpy(json + now, numbers, behind);
    set_length(data, now);
    return LENGTH_BYTES + now + behind;
}

const fuzz_target fuzz_target_here = {
    .name = "safetensors",
    .sources = "src/import/safetensors.c src/import/numbers.c",
    .run = run,
    .max_bytes = 4 << 20,
    .more_bytes = 64,
    .seeds = seeds,
    .change = change,
};
