// SPDX-License-Identifier: MIT
/* Calibration caches, Fovea's and TensorRT's: read alone, and for a network, whose names they may lack. */
#include "fuzz.h"

#include "pictures.h"

#include "quant/cache.h"

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_calibration *calibration = NULL;
    (void)name;
    const char *path = fuzz_file(data, bytes);
    fov_status  st = fov_calibration_load(path, NULL, NULL, &calibration, err);
    if (st) return st;
    fov_string_free(fov_calibration_describe_json(calibration));
    fov_cache_rename(calibration, "images = input\n# no such tensor\nx = y\n", NULL);
    fov_calibration_free(calibration);
    return FOV_OK;
}

static void seeds(void)
{
    fuzz_seed_text("TRT-8601-EntropyCalibration2\ninput: 3c010a14\n(Unnamed Layer* 0) [Convolution]_output: 3d000000\nx:y: 0\n");
    fuzz_seed_text("Fovea calibration 1\nmethod min-max\nphotos 3\ndigest -\nsymmetric no\n"
                   "tensor input -123 151 1.07450986 3\nlow -123 -117 -104\nhigh 132 138 151\nmean 1 2 3\n"
                   "tensor a%20b 0 6 0.0235294122 0\ninput Conv_0 Conv 0 input 1.07450986\nend\n");
    fuzz_seed_text("Fovea calibration 1\nmethod entropy\nphotos 0\ndigest 0123456789abcdef\nsymmetric yes\nend\n");
}

const fuzz_target fuzz_target_here = {
    .name = "calibration",
    .sources = "src/quant/cache.c src/quant/cache_fovea.c src/quant/cache_tensorrt.c src/quant/cache_mapping.c "
               "src/quant/ranges.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 256,
    .seeds = seeds,
};
