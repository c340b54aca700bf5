// SPDX-License-Identifier: MIT
/* Plugins' tables. The bytes are numbers of a table and its operators, and the letters of their names. */
#include "fuzz.h"

#include "base/bytes.h"
#include "base/text.h"
#include "plugin/plugin.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 8, NAME = 80 };

/* Stand in a table, and are never called. */
static int infer_shape(const void *state, const fovea_plugin_shape *const *inputs, int32_t n_inputs, fovea_plugin_shape *outputs,
                       int32_t n_outputs, const fovea_plugin_message *why)
{
    (void)state, (void)inputs, (void)n_inputs, (void)outputs, (void)n_outputs, (void)why;
    abort();
}

static int run_operator(const void *state, const fovea_plugin_tensor *const *inputs, int32_t n_inputs,
                        const fovea_plugin_tensor *const *outputs, int32_t n_outputs, void *workspace,
                        const fovea_plugin_message *why)
{
    (void)state, (void)inputs, (void)n_inputs, (void)outputs, (void)n_outputs, (void)workspace, (void)why;
    abort();
}

static uint64_t take(fov_bytes *in, size_t width)
{
    uint64_t value = 0;
    if (!fov_bytes_le(in, width, &value)) in->pos = in->size;
    return value;
}

/* Ends where the bytes do, or has no end in its room. @return NULL: the table has none */
static const char *take_name(fov_bytes *in, char room[NAME])
{
    size_t length = take(in, 1);
    if (length > NAME) return NULL;
    memset(room, 0, NAME);
    const unsigned char *letters = fov_bytes_take(in, length);
    if (letters) memcpy(room, letters, length);
    room[NAME - 1] = '\0';
    return room;
}

static void take_operator(fov_bytes *in, char names[2][NAME], fovea_plugin_operator *op)
{
    op->size = take(in, 8);
    op->name = take_name(in, names[0]);
    op->domain = take_name(in, names[1]);
    op->min_inputs = (int32_t)take(in, 4);
    op->max_inputs = (int32_t)take(in, 4);
    op->min_outputs = (int32_t)take(in, 4);
    op->max_outputs = (int32_t)take(in, 4);
    op->infer_shape = take(in, 1) ? infer_shape : NULL;
    op->run = take(in, 1) ? run_operator : NULL;
}

static fov_status run(const void *data, size_t bytes, const char *name, fov_error *err)
{
    static char                  names[MOST][2][NAME];
    fovea_plugin_operator        op[MOST] = {{0}};
    const fovea_plugin_operator *list[MOST];
    fov_bytes                    in = {data, bytes, 0};
    fovea_plugin_library         library = {.abi = (uint32_t)take(&in, 4), .size = take(&in, 8), .count = take(&in, 1)};
    if (library.count > MOST) library.count = MOST;
    library.operators = take(&in, 1) ? list : NULL;
    for (size_t i = 0; i < library.count; i++) {
        list[i] = take(&in, 1) ? &op[i] : NULL;
        take_operator(&in, names[i], &op[i]);
    }
    return fov_plugin_check(&library, name, err);
}

/* ---------------------------------------------------------------- seeds */

static void put(fov_text *out, uint64_t value, int width)
{
    for (int i = 0; i < width; i++) fov_text_add(out, &(unsigned char){(unsigned char)(value >> 8 * i)}, 1);
}

static void put_operator(fov_text *out, const char *name, const char *domain)
{
    put(out, 1, 1);
    put(out, sizeof(fovea_plugin_operator), 8);
    put(out, strlen(name), 1);
    fov_text_print(out, "%s", name);
    put(out, strlen(domain), 1);
    fov_text_print(out, "%s", domain);
    for (int i = 0; i < 4; i++) put(out, (uint64_t)i / 2 + 1, 4);
    put(out, 0x0101, 2);
}

static void seeds(void)
{
    fov_text out = {0};
    put(&out, FOVEA_PLUGIN_ABI, 4);
    put(&out, sizeof(fovea_plugin_library), 8);
    put(&out, 2, 1);
    put(&out, 1, 1);
    put_operator(&out, "FaceDecode", "org.example");
    put_operator(&out, "Other", "");
    assert_false(out.failed);
    fuzz_seed(out.data, out.size);
    fov_text_clear(&out);
}

const fuzz_target fuzz_target_here = {
    .name = "plugin_table",
    .sources = "src/plugin/check.c",
    .run = run,
    .max_bytes = 1 << 20,
    .more_bytes = 0,
    .seeds = seeds,
};
