// SPDX-License-Identifier: MIT
/* TensorRTx's text of weights. */
#include "fuzz.h"

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_model *model = NULL;
    fov_status st = fov_model_load_memory(data, bytes, name, NULL, &model, err);
    fov_model_free(model);
    return st;
}

static void seeds(void)
{
    fuzz_seed_text("2\na.weight 4 3f800000 40000000 bf800000 0\nb 1 7f800000\n");
    fuzz_seed_text("3\r\nbody.stage1.weight 2  3F8 c0000000\r\nfpn.weight 1 1\r\nhead.bias 0\r\n");
}

const fuzz_target fuzz_target_here = {
    .name = "wts",
    .sources = "src/import/wts.c src/import/import.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 64,
    .seeds = seeds,
};
