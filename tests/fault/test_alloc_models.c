// SPDX-License-Identifier: MIT
/* Memory runs out while models are read and written that are not as all are: with warnings, with names that are no UTF-8, of other
 * exporters, decoded by plugins of a domain; and while pickles grow at each of their opcodes. */
#include "engines.h"
#include "pictures.h"
#include "starve.h"

#include "base/alloc.h"
#include "base/file.h"
#include "import/pickle.h"
#include "models/model.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static fov_error err;
static char      path[512];

static struct fov_model *bundled(void)
{
    fov_model *model;
    assert_ok(fov_model_load("default", NULL, &model, &err));
    return model;
}

/* ---------------------------------------------------------------- what is told of models */

static fov_status load_and_describe(const void *user, fov_error *e)
{
    fov_model *model = NULL;
    char      *text = NULL;
    fov_status st = fov_model_load(user, NULL, &model, e);
    if (!st && !(text = fov_model_describe_json(model))) st = fov_fail_memory(e, "a description");
    fov_string_free(text);
    fov_model_free(model);
    return st;
}

static void warnings_and_names_of_any_bytes(void **state)
{
    (void)state;
    struct fov_model *model = bundled();
    snprintf(path, sizeof path, "%s/\xff.safetensors", test_folder());
    for (int i = 0; i < model->graph->n_value; i++)
        if (model->graph->value[i].data && model->graph->value[i].dtype == FOV_F32) ((float *)model->graph->value[i].data)[0] = NAN;
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    starve_places("a model of NaN", load_and_describe, path);
}

/* The name is told of up to a number of bytes, which is in the middle of a letter here. */
static void a_name_that_is_cut_in_a_letter(void **state)
{
    (void)state;
    struct fov_model *model = bundled();
    size_t            bytes;
    char              name[400] = "i";
    snprintf(path, sizeof path, "%s/x.safetensors", test_folder());
    assert_ok(fov_model_save(model, path, &err));
    fov_model_free(model);
    char *file = file_read(path, &bytes);
    for (size_t i = 1; i < 301; i++) name[i] = i % 2 ? '\xc3' : '\xa9';
    uint64_t length;
    memcpy(&length, file, sizeof length);
    json_t *tensors = json_loadb(file + sizeof length, length, 0, NULL);
    json_object_set_new(tensors, name,
                        json_pack("{s:s, s:[i], s:[I, I]}", "dtype", "I64", "shape", 0, "data_offsets",
                                  (json_int_t)(bytes - sizeof length - length), (json_int_t)(bytes - sizeof length - length)));
    char *text = json_dumps(tensors, JSON_COMPACT);
    json_decref(tensors);
    const uint64_t now = strlen(text);
    FILE          *out = fopen(path, "wb");
    assert_non_null(out);
    fwrite(&now, sizeof now, 1, out);
    fwrite(text, 1, now, out);
    fwrite(file + sizeof length + length, 1, bytes - sizeof length - length, out);
    fclose(out);
    free(text);
    free(file);
    starve_places("a name that is cut in a letter", load_and_describe, path);
}

static fov_status export(const void *user, fov_error *e)
{
    return fov_model_save(user, path, e);
}

/* Of no family, and with an input of another name. */
static void a_model_of_another_exporter(void **state)
{
    (void)state;
    struct fov_model *model = small_engine_model();
    fov_value        *input = &model->graph->value[model->graph->input[0]];
    fov_free(input->name);
    input->name = fov_strdup("pixels");
    snprintf(path, sizeof path, "%s/x.onnx", test_folder());
    starve_places("write a model of no family", export, model);
    fov_model_free(model);
}

/* ---------------------------------------------------------------- plugins */

static fov_status decode_by_plugin(const void *user, fov_error *e)
{
    fov_plugin *plugin = NULL;
    fov_model  *model = NULL;
    fov_status  st = fov_plugin_load(getenv("FOVEA_EXAMPLE_PLUGIN"), &plugin, e);

    const fov_plugin *plugins[] = {plugin};
    fov_model_options options = {.plugins = plugins, .n_plugin = 1, .head_plugin = user};
    if (!st) st = fov_model_load("default", &options, &model, e);
    fov_plugin_unload(plugin);
    if (!st) st = fov_model_save(model, path, e);
    fov_model_free(model);
    return st;
}

static void a_plugin_by_its_domain(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/plugin.onnx", test_folder());
    starve_places("a plugin by its domain", decode_by_plugin, "org.fovea.examples::FaceDecode");
}

/* ---------------------------------------------------------------- pickles */

static fov_status unpickle(const void *user, fov_error *e)
{
    static const fov_pickle_global allowed[] = {{"collections", "OrderedDict", FOV_PICKLE_CALL_DICT, 1}};
    static const fov_pickle_rules  rules = {"x.pth", "data.pkl ", allowed, 1};
    const fov_buffer              *pickle = user;
    fov_pickle                     p;
    fov_bytes                      in = {pickle->data, pickle->size, 0};
    const fov_status               st = fov_pickle_load(&in, &rules, &p, e);
    fov_pickle_clear(&p);
    return st;
}

/* A tuple of many times what the opcodes make. @param shift things of one value and one cell, and `odd` one of a value more, that
 * come first, so that room ends at another opcode */
static void starve_pickle(const char *opcodes, int shift, bool odd)
{
    enum { TIMES = 600 };
    unsigned char bytes[32768] = "\x80\x02(";
    size_t        size = 3;
    for (int i = 0; i < shift; i++) size += (size_t)snprintf((char *)bytes + size, sizeof bytes - size, ")\x85");
    if (odd) bytes[size++] = ')';
    for (int i = 0; i < TIMES; i++) size += (size_t)snprintf((char *)bytes + size, sizeof bytes - size, "%s", opcodes);
    size += (size_t)snprintf((char *)bytes + size, sizeof bytes - size, "t.");
    starve_places(opcodes, unpickle, &(fov_buffer){bytes, size});
}

static void pickles_grow_at_each_opcode(void **state)
{
    (void)state;
    static const char        ordered[] = {"ccollections\nOrderedDict\n]))\x86\141\x85R"}; /* of a pair; \141 is an a */
    static const char *const opcodes[] = {"(t",   ")\x85", "))\x86", ")))\x87", "(l",    "(d",   "()t",
                                          "())d", "]()e",  "])a",    "}))s",    "}())u", ordered};
    for (size_t i = 0; i < sizeof opcodes / sizeof *opcodes; i++)
        for (int shift = 0; shift < 12; shift++) starve_pickle(opcodes[i], shift / 2, shift % 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(warnings_and_names_of_any_bytes), cmocka_unit_test(a_name_that_is_cut_in_a_letter),
        cmocka_unit_test(a_model_of_another_exporter),     cmocka_unit_test(a_plugin_by_its_domain),
        cmocka_unit_test(pickles_grow_at_each_opcode),
    };
    return cmocka_run_group_tests_name("alloc_models", tests, NULL, NULL);
}
