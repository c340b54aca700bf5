// SPDX-License-Identifier: MIT
/* Calibration caches, Fovea's and TensorRT's: read alone, and for a network, whose names they may lack. */
#include "fuzz.h"

#include "pictures.h"

#include <unistd.h>

static fov_model *model;

static void begin(void)
{
    model = fuzz_model();
}

/* What was read can be written in both formats. */
static void write_again(const fov_calibration *calibration)
{
    fov_calibration_save(calibration, "/dev/null", false, NULL);
    fov_calibration_save(calibration, "/dev/null", true, NULL);
    fov_string_free(fov_calibration_describe_json(calibration));
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    static const char mapping[] = "images = input\n# no such tensor\nx = y\n";
    fov_calibration  *calibration = NULL, *fitted = NULL;
    (void)name;
    const char *path = fuzz_file(data, bytes);
    fov_status  st = fov_calibration_load(path, NULL, NULL, &calibration, err);
    if (!st) write_again(calibration);
    if (!st && fov_calibration_load(path, model, mapping, &fitted, NULL) == FOV_OK) write_again(fitted);
    fov_calibration_free(calibration);
    fov_calibration_free(fitted);
    return st;
}

/* With a range for every tensor of the network. */
static void seed_fitting(void)
{
    static const uint8_t pixels[3 * 32 * 32];
    const fov_image      image = {pixels, 32, 32, (ptrdiff_t)3 * 32, FOV_RGB8};
    fov_error            err;
    fov_calibrator      *calibrator;
    fov_calibration     *calibration;
    char                 path[256];
    snprintf(path, sizeof path, "%s/cache", test_folder());
    assert_ok(fov_calibrator_new(model, &(fov_calibrator_options){.threads = 1}, &calibrator, &err));
    assert_ok(fov_calibrator_add(calibrator, &image, "photo", &err));
    assert_ok(fov_calibrator_finish(calibrator, FOV_CALIBRATE_MIN_MAX, 0, &calibration, &err));
    for (int tensorrt = 0; tensorrt < 2; tensorrt++) {
        assert_ok(fov_calibration_save(calibration, path, tensorrt, &err));
        fuzz_seed_file(path);
    }
    fov_calibration_free(calibration);
    fov_calibrator_free(calibrator);
    unlink(path);
}

static void seeds(void)
{
    fuzz_seed_text("TRT-8601-EntropyCalibration2\ninput: 3c010a14\n(Unnamed Layer* 0) [Convolution]_output: 3d000000\nx:y: 0\n");
    fuzz_seed_text("Fovea calibration 1\nmethod min-max\nphotos 3\ndigest -\nsymmetric no\n"
                   "tensor input -123 151 1.07450986 3\nlow -123 -117 -104\nhigh 132 138 151\nmean 1 2 3\n"
                   "tensor a%20b 0 6 0.0235294122 0\ninput Conv_0 Conv 0 input 1.07450986\nend\n");
    seed_fitting();
    fuzz_seed_text("Fovea calibration 1\nmethod entropy\nphotos 0\ndigest 0123456789abcdef\nsymmetric yes\nend\n");
}

const fuzz_target fuzz_target_here = {
    .name = "calibration",
    .sources = "src/quant/cache.c src/quant/cache_fovea.c src/quant/cache_tensorrt.c src/quant/cache_mapping.c "
               "src/quant/ranges.c",
    .begin = begin,
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 256,
    .seeds = seeds,
};
