// SPDX-License-Identifier: MIT
/* Settings from several places: inside the model, in the file beside it, given as an option. */
#include "support.h"

#include "base/file.h"

#include <string.h>

static fov_error err;

static void write_text(const char *path, const char *text)
{
    assert_ok(fov_file_write(path, text, strlen(text), &err));
}

/* Four levels, of which the file beside the model gives the anchors and the option the strides: neither is complete alone. */
static void sources_complete_each_other(void **state)
{
    (void)state;
    fov_model *model;
    char       path[256], beside[300];
    snprintf(path, sizeof path, "%s/m.safetensors", test_folder());
    snprintf(beside, sizeof beside, "%s.settings", path);
    assert_ok(fov_model_load("default", NULL, &model, &err));
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    write_text(beside, "anchors = 16,32 / 64,128 / 256,512 / 700,900\n");
    assert_int_equal(fov_model_load(path, NULL, &model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "anchors has 4 levels, strides has 3"));
    /* understood, and then refused for the right reason */
    assert_int_equal(fov_model_load(path, &(fov_model_options){.settings = "strides = 8,16,32,64"}, &model, &err),
                     FOV_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "4 levels"));
    assert_int_equal(fov_model_load(path, &(fov_model_options){.settings = "strides = x"}, &model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "option:1: strides: 'x'"));
    write_text(beside, "leaky = 0.1\nleeky = 0\n");
    assert_int_equal(fov_model_load(path, NULL, &model, &err), FOV_ERR_FORMAT);
    assert_non_null(strstr(err.message, "m.safetensors.settings:2: unknown key 'leeky'"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(sources_complete_each_other)};
    return cmocka_run_group_tests_name("settings_sources", tests, NULL, NULL);
}
