// SPDX-License-Identifier: MIT
/* Engine files, loaded, run and written again. Checksums stop accidents; somebody who means harm makes them fit. */
#include "fuzz.h"

#include "engines.h"

#include "base/alloc.h"
#include "engine/golden.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PIXELS = 64 * 64 /* of all vectors */ };

static const double MOST_MACS = 5e7; /* some seconds of instrumented plain kernels */

/* How much a network computes is its own affair: windows may lie in padding of thousands, say, which a few bytes ask for. */
static bool is_small(const fov_engine *engine)
{
    char       *text = NULL;
    const char *macs = fov_engine_describe_json(engine, 64, 48, &text, NULL) ? NULL : strstr(text, "\"macs\":");
    const bool  small = macs && atof(macs + strlen("\"macs\":")) <= MOST_MACS;
    fov_string_free(text);
    return small;
}

static bool are_small(const fov_golden *golden)
{
    size_t pixels = 0;
    for (size_t i = 0; golden && i < golden->count; i++)
        pixels += (size_t)golden->vector[i].width * (size_t)golden->vector[i].height;
    return pixels <= MOST_PIXELS;
}

/* Those of an even size keep their weights, and are written again. */
static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const fov_engine_options options = {.keep_weights = bytes % 2 == 0};
    fov_engine              *engine = NULL;
    fov_status               st = fov_engine_load_memory(data, bytes, name, &options, &engine, err);
    const bool               small = !st && is_small(engine);
    if (small) engine_use(engine);
    if (small && are_small(engine->golden)) engine_verify(engine);
    if (!st && options.keep_weights) fov_engine_save(engine, "/dev/null", NULL);
    if (!st && options.keep_weights) fov_engine_export_onnx(engine, "/dev/null", NULL);
    fov_engine_free(engine);
    return st;
}

/* With vectors that are replayed in no time. */
static fov_engine *recorded(fov_precision precision)
{
    const headed_net net = {.levels = 1, .anchors = 1, .channels = 4, .precision = precision, .seed = 1};
    fov_engine      *engine = headed_engine(&net, NULL);
    fov_error        err;
    assert_ok(fov_golden_make(engine, &(fov_golden_input){16, 24, NULL}, 1, &engine->golden, &err));
    return engine;
}

static void seed(fov_engine *engine)
{
    size_t         size;
    unsigned char *bytes = engine_bytes(engine, &size);
    fuzz_seed(bytes, size);
    fov_free(bytes);
    fov_engine_free(engine);
}

static void seeds(void)
{
    static const fov_precision precisions[] = {FOV_PRECISION_FP32, FOV_PRECISION_INT8, FOV_PRECISION_MIXED};
    for (size_t i = 0; i < sizeof precisions / sizeof *precisions; i++) seed(recorded(precisions[i]));
    seed(small_engine(FOV_PRECISION_MIXED, NULL));
}

static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    size = fuzz_change_bytes(data, size, capacity, random);
    if (test_random_int(random, 0, 15)) engine_seal(data, size);
    return size;
}

const fuzz_target fuzz_target_here = {
    .name = "engine",
    .sources = "src/engine_file src/api/engine_file.c src/api/verify.c src/engine",
    .run = run,
    .max_bytes = 64 << 20,
    .more_bytes = 4096,
    .seeds = seeds,
    .change = change,
};
