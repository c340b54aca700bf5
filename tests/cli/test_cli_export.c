// SPDX-License-Identifier: MIT
/* fovea export triton and fovea convert --qdq: what they write for other servers and runtimes, and what they refuse. Whether Triton
 * takes it: tests/serve/triton_backend.py; whether ONNX Runtime does: test_onnx_qdq.c. */
#include "pictures.h"
#include "program.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *bundled(void)
{
    return source_path("models/fovea_mnet025.fov");
}

static void check_says(program p, int code, const char *part)
{
    check_code(&p, code);
    check_contains(p.err, part);
    assert_string_equal(p.out, "");
    program_clear(&p);
}

/* ---------------------------------------------------------------- Triton */

/* @param words must stand in config.pbtxt, in this order; ends with NULL */
static void check_config(const char *path, const char *const *words)
{
    size_t bytes;
    char  *text = file_read(in_folder(path), &bytes), *at = text;
    for (; *words; words++) {
        char *found = strstr(at, *words);
        if (!found) fail_msg("%s: '%s' is missing, or not behind what goes before it:\n%s", path, *words, text);
        at = found + strlen(*words);
    }
    free(text);
}

static void a_repository_is_made_for_triton(void **state)
{
    (void)state;
    size_t bytes, again;
    check_says(RUN("export", "triton", bundled(), "-o", "models", "--name", "faces", "--instances", "3"), 0,
               "models/faces: written, version 1");
    check_config("models/faces/config.pbtxt",
                 (const char *[]){"name: \"faces\"\nbackend: \"fovea\"", "max_batch_size: 8\n",
                                  "name: \"photo\" data_type: TYPE_STRING", "optional: true", "allow_ragged_batch: true",
                                  "output [", "{ kind: KIND_CPU count: 3 }", NULL});
    char *engine = file_read(bundled(), &bytes), *copy = file_read(in_folder("models/faces/1/model.fov"), &again);
    assert_int_equal(bytes, again);
    assert_memory_equal(engine, copy, bytes);
    free(engine);
    free(copy);

    check_says(RUN("export", "triton", bundled(), "-o", "models", "--name", "faces", "--as-version", "2", "--backend", "cuda",
                   "--device", "0,2", "--batch", "16", "--batch-delay", "1.5"),
               0, "version 2");
    check_config("models/faces/config.pbtxt", (const char *[]){"max_batch_size: 16\n", "kind: KIND_GPU", "gpus: [ 0, 2 ]",
                                                               "dynamic_batching { max_queue_delay_microseconds: 1500 }", NULL});
    assert_int_equal(access(in_folder("models/faces/1/model.fov"), R_OK), 0);
    assert_int_equal(access(in_folder("models/faces/2/model.fov"), R_OK), 0);
}

/* Links with the names that config.pbtxt has had while it was written: what they lead to is nobody's to write to. */
static void planted_links_are_not_followed(void **state)
{
    (void)state;
    static const char *const names[] = {"planted/m/config.pbtxt", "planted/m/config.pbtxt.partial"};
    size_t                   bytes;
    file_write(in_folder("victim"), "mine", 4);
    assert_false(mkdir(in_folder("planted"), 0777) || mkdir(in_folder("planted/m"), 0777));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(symlink(in_folder("victim"), in_folder(names[i])), 0);
    check_says(RUN("export", "triton", bundled(), "-o", "planted", "--name", "m"), 0, "written");
    char *victim = file_read(in_folder("victim"), &bytes);
    assert_int_equal(bytes, 4);
    assert_memory_equal(victim, "mine", 4);
    free(victim);
    struct stat info;
    assert_int_equal(lstat(in_folder("planted/m/config.pbtxt"), &info), 0);
    assert_true(S_ISREG(info.st_mode));
}

static void what_triton_could_not_use_is_refused(void **state)
{
    (void)state;
    const char *engine = bundled();
    check_says(RUN("export", "triton"), 2, "needs what for, and a model");
    check_says(RUN("export", "onnx", engine, "-o", "never"), 2, "needs what for, and a model");
    check_says(RUN("export", "triton", engine), 2, "needs a folder");
    check_says(RUN("export", "triton", engine, "-o", "never", "--name", "a/b"), 2, "'a/b' cannot be a model's name");
    check_says(RUN("export", "triton", engine, "-o", "never", "--name", ".hidden"), 2, "cannot be a model's name");
    check_says(RUN("export", "triton", engine, "-o", "never", "--device", "0"), 2, "goes with --backend cuda");
    check_says(RUN("export", "triton", engine, "-o", "never", "--batch", "0", "--batch-delay", "2"), 2, "nothing to wait for");
    check_says(RUN("export", "triton", engine, "-o", "never", "--batch", "65"), 2, "--batch 65");
    check_says(RUN("export", "triton", "nosuch.fov", "-o", "never"), 3, "nosuch.fov");
    assert_int_not_equal(access(in_folder("never"), F_OK), 0);
    file_write(in_folder("file"), "", 0);
    check_says(RUN("export", "triton", engine, "-o", "file"), 4, "file: cannot be written");
}

/* ---------------------------------------------------------------- QDQ */

static void engines_become_onnx_with_scales(void **state)
{
    (void)state;
    size_t  bytes;
    program p = RUN("convert", "--qdq", bundled(), "scales.onnx");
    check_code(&p, 0);
    program_clear(&p);
    char *file = file_read(in_folder("scales.onnx"), &bytes);
    assert_non_null(memmem(file, bytes, "QuantizeLinear", 14));
    assert_non_null(memmem(file, bytes, "DequantizeLinear", 16));
    free(file);
    p = RUN("convert", "--qdq", source_path("tests/fixtures/v1/fp32.fov"), "floats.onnx");
    check_code(&p, 0);
    check_contains(p.err, "the engine is in fp32, so nothing in it is quantised");
    program_clear(&p);
}

static void what_has_no_scales_is_refused(void **state)
{
    (void)state;
    check_says(RUN("convert", "--qdq", bundled(), "scales.wts"), 2, "--qdq writes ONNX");
    check_says(RUN("convert", "--qdq", "--repair", bundled(), "x.onnx"), 2, "--qdq takes an engine, --repair a model");
    check_says(RUN("convert", "--qdq", source_path("models/fovea_mnet025.safetensors"), "x.onnx"), 3,
               "--qdq takes an engine, which 'fovea build' makes");
    check_says(RUN("convert", "--qdq", bundled(), "no/such/x.onnx"), 4, "no/such/x.onnx");
    assert_int_not_equal(access(in_folder("x.onnx"), F_OK), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_repository_is_made_for_triton),      cmocka_unit_test(planted_links_are_not_followed),
        cmocka_unit_test(what_triton_could_not_use_is_refused), cmocka_unit_test(engines_become_onnx_with_scales),
        cmocka_unit_test(what_has_no_scales_is_refused),
    };
    return cmocka_run_group_tests_name("cli_export", tests, NULL, NULL);
}
