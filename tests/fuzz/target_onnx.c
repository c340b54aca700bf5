// SPDX-License-Identifier: MIT
/* ONNX files, imported, made into an engine and run. */
#include "fuzz.h"

#include "engines.h"
#include "fields.h"
#include "pictures.h"

#include <unistd.h>

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    fov_model  *model = NULL;
    fov_engine *engine = NULL;
    fov_status  st = fov_model_load_memory(data, bytes, name, NULL, &model, err);
    if (!st && fov_engine_build(model, NULL, &engine, NULL) == FOV_OK) engine_use(engine);
    fov_engine_free(engine);
    fov_model_free(model);
    return st;
}

static void seed(fov_engine *engine)
{
    fov_error err;
    char      path[256];
    snprintf(path, sizeof path, "%s/seed.onnx", test_folder());
    assert_ok(fov_engine_export_onnx(engine, path, &err));
    fuzz_seed_file(path);
    unlink(path);
    fov_engine_free(engine);
}

static void seeds(void)
{
    for (int levels = 1; levels <= 3; levels++)
        seed(headed_engine(
            &(headed_net){levels, .anchors = 1 + levels % 2, .channels = 4, .precision = FOV_PRECISION_FP32, .seed = 1}, NULL));
    seed(small_engine(FOV_PRECISION_FP32, NULL));
}

const fuzz_target fuzz_target_here = {
    .name = "onnx",
    .sources = "src/import/onnx.c src/import/onnx_body.c src/import/onnx_graph.c src/import/onnx_names.c "
               "src/import/onnx_node.c src/import/onnx_tensor.c src/import/onnx_wire.c src/import/heads.c "
               "src/import/heads_anchors.c src/import/heads_columns.c src/import/heads_proof.c "
               "src/import/heads_tail.c",
    .run = run,
    .max_bytes = 64 << 20,
    .more_bytes = 4096,
    .seeds = seeds,
    .change = fields_change,
};
