// SPDX-License-Identifier: MIT
/* States of calibrators: a run goes on from one, and ranges are made of it. */
#include "fuzz.h"

#include "pictures.h"

#include <string.h>
#include <unistd.h>
#include <xxhash.h>

enum { SIDE = 32, CHECKSUM_BYTES = 8, SELDOM = 32 };

static fov_model *model;

static void begin(void)
{
    model = fuzz_model();
}

static fov_calibrator *new_calibrator(void)
{
    fov_error       err;
    fov_calibrator *calibrator;
    assert_ok(fov_calibrator_new(model, &(fov_calibrator_options){.threads = 1}, &calibrator, &err));
    return calibrator;
}

static void add_photo(fov_calibrator *calibrator, uint64_t seed)
{
    static uint8_t  pixels[3 * SIDE * SIDE];
    const fov_image image = {pixels, SIDE, SIDE, 3 * SIDE, FOV_RGB8};
    test_random     random = {seed};
    for (size_t i = 0; i < sizeof pixels; i++) pixels[i] = (uint8_t)test_random_u64(&random);
    fov_calibrator_add(calibrator, &image, "photo", NULL);
}

/* By the size. Entropy is looked for seldom: it takes twenty times as long as all else. */
static fov_calibration_method method_for(size_t bytes)
{
    return bytes % SELDOM ? (fov_calibration_method)(bytes % FOV_CALIBRATE_ENTROPY) : FOV_CALIBRATE_ENTROPY;
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_calibrator  *calibrator = new_calibrator();
    fov_calibration *calibration = NULL;
    (void)name;
    fov_status st = fov_calibrator_resume(calibrator, fuzz_file(data, bytes), err);
    if (!st) add_photo(calibrator, 3);
    if (!st) fov_calibrator_finish(calibrator, method_for(bytes), 99.9, &calibration, NULL);
    fov_calibration_free(calibration);
    fov_calibrator_free(calibrator);
    return st;
}

static void seeds(void)
{
    fov_error err;
    char      path[256];
    snprintf(path, sizeof path, "%s/state", test_folder());
    for (uint64_t photos = 0; photos < 3; photos++) {
        fov_calibrator *calibrator = new_calibrator();
        for (uint64_t i = 0; i < photos; i++) add_photo(calibrator, i);
        assert_ok(fov_calibrator_save(calibrator, path, &err));
        fuzz_seed_file(path);
        fov_calibrator_free(calibrator);
    }
    unlink(path);
}

/* With a checksum that fits. */
static size_t change(unsigned char *data, size_t size, size_t capacity, test_random *random)
{
    size = fuzz_change_bytes(data, size, capacity, random);
    if (size < CHECKSUM_BYTES || !test_random_int(random, 0, 15)) return size;
    const uint64_t sum = XXH3_64bits(data, size - CHECKSUM_BYTES);
    memcpy(data + size - CHECKSUM_BYTES, &sum, sizeof sum);
    return size;
}

const fuzz_target fuzz_target_here = {
    .name = "calibrator_state",
    .sources = "src/build/calibrator_state.c src/build/calibrator_finish.c src/quant/tally.c src/quant/histogram.c "
               "src/quant/entropy.c src/quant/mse.c src/quant/percentile.c src/quant/min_max.c",
    .begin = begin,
    .run = run,
    .max_bytes = 64 << 20,
    .more_bytes = 64,
    .seeds = seeds,
    .change = change,
};
