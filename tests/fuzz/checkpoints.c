// SPDX-License-Identifier: MIT
#include "checkpoints.h"

#include "import/pth.h"

/* Too few tensors to make a network of are no fault of a file. */
fov_status checkpoints_run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    const fov_source source = {.data = data, .size = bytes, .name = name, .settings = ""};
    fov_weights      weights = {0};
    fov_model       *model = NULL;
    fov_status       st = fov_pth_load_weights(&source, &weights, err);
    fov_weights_clear(&weights);
    if (!st && fov_model_load_memory(data, bytes, name, NULL, &model, NULL) == FOV_OK) fov_model_free(model);
    return st;
}

void checkpoints_seed(checkpoint_form form)
{
    static const float    six[6] = {0, 1, 2, 3, 4, 5};
    static const uint16_t half[6] = {0x3c00, 0, 0x8000, 0x7c00, 1, 0x3555};
    const checkpoint      all[] = {
        {.storage = {{"FloatStorage", "0", 6, six, sizeof six}},
              .n_storage = 1,
              .view = {{"a.weight", 0, 0, 2, {2, 3}, {3, 1}, false}, {"a.bias", 0, 2, 1, {2}, {2}, true}},
              .n_view = 2},
        {.wrapper = "state_dict",
              .storage = {{"HalfStorage", "0", 6, half, sizeof half}, {"LongStorage", "1", 3, six, sizeof six}},
              .n_storage = 2,
              .view = {{"module.body.stage1.weight", 0, 0, 3, {1, 2, 3}, {6, 3, 1}, false}, {"n", 1, 0, 0, {0}, {0}, false}},
              .n_view = 2},
        {.storage = {{"BFloat16Storage", "7", 6, half, sizeof half}},
              .n_storage = 1,
              .view = {{"fpn.weight", 0, 0, 2, {2, 2}, {0, 1}, true}},
              .n_view = 1,
              .big_endian = true},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        checkpoint_bytes file;
        checkpoint_write(&file, &all[i], form);
        fuzz_seed(file.data, file.size);
    }
}
