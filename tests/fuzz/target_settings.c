// SPDX-License-Identifier: MIT
/* Settings: what is taken is printed and read back to the same. */
#include "fuzz.h"

#include "base/alloc.h"
#include "models/settings.h"

#include <string.h>

static void come_back(const fov_settings *settings)
{
    fov_error    err = {0};
    fov_text     text = {0};
    fov_settings back = fov_settings_default();
    fov_settings_print(settings, &text);
    if (!text.failed) assert_ok(fov_settings_parse(&back, text.data, "printed", &err));
    if (!text.failed) assert_true(fov_settings_equal(settings, &back));
    fov_text_clear(&text);
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_settings settings = fov_settings_default();
    char        *text = fov_strndup(data, bytes);
    if (!text) return fov_fail_memory(err, name);
    fov_status st = fov_settings_parse(&settings, text, name, err);
    if (!st) assert_int_equal(fov_settings_check(text, name, NULL), FOV_OK);
    if (!st) come_back(&settings);
    fov_free(text);
    return st;
}

static void seeds(void)
{
    fuzz_seed_text("leaky = 0.1\nanchors = 16,32 / 64,128 / 256,512\nstrides = 8,16,32\nvariances = 0.1,0.2\n"
                   "mean = 104,117,123 # of Caffe\nscale = 1,1,1\ncolor = rgb\n");
    fuzz_seed_text("strides = 8\nanchors = 16\n");
    fuzz_seed_text("# nothing\n\n\tscale=0.017,1e-2,.5\r\n");
}

const fuzz_target fuzz_target_here = {
    .name = "settings",
    .sources = "src/models/settings.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
