// SPDX-License-Identifier: MIT
/* Every importer on a thousand damaged files: an answer with a message in bounded time and memory, and everything given back. */
#include "damage.h"

#include "base/file.h"

#include <string.h>

static const damage_limits limits = {.variants = 1000, .seconds = 2, .max_bytes = 256 << 20};

static fov_status load(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_model *model = NULL;
    fov_status st = fov_model_load_memory(data, bytes, name, NULL, &model, err);
    if (st && model) fail_msg("%s: failed, but gave a model", name);
    fov_model_free(model);
    return st;
}

static void damage_file(const char *path, uint64_t seed)
{
    fov_error  err = {0};
    fov_buffer file;
    assert_ok(fov_file_read(path, 1 << 26, &file, &err));
    assert_ok(load(file.data, file.size, path, &err));
    damage_try(file.data, file.size, strrchr(path, '/') + 1, seed, limits, load);
    fov_buffer_clear(&file);
}

/* The bundled model, written in a format that a fresh clone has no file of. */
static void damage_written(const char *name, uint64_t seed)
{
    char       path[256];
    fov_error  err = {0};
    fov_model *model;
    snprintf(path, sizeof path, "%s/%s", test_folder(), name);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    damage_file(path, seed);
}

static void test_pth_zip(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/default/fovea_mnet025.pth");
    damage_file(path, 1);
}

static void test_pth_legacy(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mobilenet0.25_Final.pth");
    damage_file(path, 2);
}

static void test_safetensors(void **state)
{
    (void)state;
    damage_written("default.safetensors", 3);
}

static void test_wts(void **state)
{
    (void)state;
    damage_written("default.wts", 4);
}

static void test_onnx_of_ours(void **state)
{
    (void)state;
    damage_written("default.onnx", 5);
}

static void test_onnx_of_others(void **state)
{
    (void)state;
    NEED_SHARED(path, "models/retinaface/mnet025_official_opset14.onnx");
    damage_file(path, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pth_zip), cmocka_unit_test(test_pth_legacy),   cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_wts),     cmocka_unit_test(test_onnx_of_ours), cmocka_unit_test(test_onnx_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
