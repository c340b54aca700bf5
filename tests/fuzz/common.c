// SPDX-License-Identifier: MIT
#include "fuzz.h"

#include "engines.h"
#include "pictures.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char *fuzz_file(const void *data, size_t size)
{
    static char path[64];
    static int  file = -1;
    if (file < 0) file = memfd_create("fuzz", MFD_CLOEXEC);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    if (file < 0 || ftruncate(file, 0) || pwrite(file, data, size, 0) != (ssize_t)size) abort();
    return path;
}

void fuzz_seed_file(const char *path)
{
    size_t size;
    char  *data = file_read(path, &size);
    fuzz_seed(data, size);
    free(data);
}

void fuzz_seed_text(const char *text)
{
    fuzz_seed(text, strlen(text));
}

fov_model *fuzz_model(void)
{
    static const headed_net net = {.levels = 1, .anchors = 1, .channels = 4, .precision = FOV_PRECISION_FP32, .seed = 1};
    fov_error               err;
    fov_model              *model;
    char                    path[256];
    fov_engine             *engine = headed_engine(&net, NULL);
    snprintf(path, sizeof path, "%s/model.onnx", test_folder());
    assert_ok(fov_engine_export_onnx(engine, path, &err));
    assert_ok(fov_model_load(path, NULL, &model, &err));
    fov_engine_free(engine);
    unlink(path);
    return model;
}
