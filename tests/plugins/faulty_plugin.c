// SPDX-License-Identifier: MIT
/* Plugins with one fault each, which FAULT names: tests/meson.build builds one for each. With FAULT NONE, the operator gives a
 * table without faces behind any heads. */
#include "fovea/plugin.h"

#include <stdio.h>

enum {
    NONE,
    WRONG_ABI,
    NO_TABLE,
    SHORT_TABLE,
    LONG_TABLE,
    SHORT_OPERATOR,
    NO_OPERATORS,
    NULL_OPERATORS,
    NULL_OPERATOR,
    TWICE,
    NO_NAME,
    NO_DOMAIN,
    NO_RUN,
    NO_INFER,
    NO_OUTPUTS,
    MANY_INPUTS,
    NO_FLOATS,
    WRONG_RANK,
    WRONG_DIMENSION,
    WRONG_TABLE,
    HUGE_OUTPUT,
    HUGE_WORKSPACE,
    INFER_FAILS,
    INFER_FAILS_SILENTLY,
    CREATE_FAILS,
    RUN_FAILS,
};

static int create(const fovea_plugin_attribute *const *attributes, size_t count, void **state, const fovea_plugin_message *why)
{
    (void)attributes, (void)count;
    *state = NULL;
    if (FAULT != CREATE_FAILS) return 0;
    snprintf(why->text, why->size, "bad\tattributes");
    return 7;
}

static int supports(int is_input, int32_t index, int32_t type)
{
    (void)is_input, (void)index;
    return FAULT == NO_FLOATS ? type == FOVEA_PLUGIN_U8 : type == FOVEA_PLUGIN_F32;
}

static int infer_shape(const void *state, const fovea_plugin_shape *const *in, int32_t n_in, fovea_plugin_shape *out, int32_t n_out,
                       const fovea_plugin_message *why)
{
    (void)state, (void)n_in, (void)n_out;
    if (FAULT == INFER_FAILS) {
        for (size_t i = 0; i < why->size; i++) why->text[i] = 'x'; /* and no NUL at the end */
        return 1;
    }
    if (FAULT == INFER_FAILS_SILENTLY) return -1;
    out[0] = (fovea_plugin_shape){3, {in[0]->dims[0], 4, FAULT == WRONG_TABLE ? 14 : 15}};
    if (FAULT == WRONG_RANK) out[0].rank = 1000;
    if (FAULT == WRONG_DIMENSION) out[0].dims[1] = -4;
    if (FAULT == HUGE_OUTPUT) out[0].dims[1] = INT64_MAX / 4;
    return 0;
}

static size_t workspace(const void *state, const fovea_plugin_shape *const *in, int32_t n_in)
{
    (void)state, (void)in, (void)n_in;
    return FAULT == HUGE_WORKSPACE ? SIZE_MAX - 3 : 1000;
}

static int run(const void *state, const fovea_plugin_tensor *const *in, int32_t n_in, const fovea_plugin_tensor *const *out,
               int32_t n_out, void *memory, const fovea_plugin_message *why)
{
    (void)state, (void)in, (void)n_in, (void)n_out;
    if ((uintptr_t)memory % 64 != 0) return 1;
    ((char *)memory)[0] = ((char *)memory)[999] = 1;
    for (int64_t i = 0; i < out[0]->dims[0] * out[0]->strides[0]; i++) ((float *)out[0]->data)[i] = 0;
    if (FAULT != RUN_FAILS) return 0;
    snprintf(why->text, why->size, "out of luck");
    return 1;
}

static const fovea_plugin_operator operator_of_fault = {
    .size = FAULT == SHORT_OPERATOR ? 24 : sizeof operator_of_fault,
    .name = FAULT == NO_NAME ? "" : "NoFaces",
    .domain = FAULT == NO_DOMAIN ? NULL : "test",
    .min_inputs = 1,
    .max_inputs = FAULT == MANY_INPUTS ? 100000 : 64,
    .min_outputs = FAULT == NO_OUTPUTS ? 0 : 1,
    .max_outputs = 1,
    .supports = supports,
    .create = create,
    .infer_shape = FAULT == NO_INFER ? NULL : infer_shape,
    .workspace = workspace,
    .run = FAULT == NO_RUN ? NULL : run,
};

static const fovea_plugin_operator *const operators[] = {FAULT == NULL_OPERATOR ? NULL : &operator_of_fault, &operator_of_fault};

static const fovea_plugin_library library = {
    .abi = FAULT == WRONG_ABI ? 99 : FOVEA_PLUGIN_ABI,
    .size = FAULT == SHORT_TABLE  ? 8
            : FAULT == LONG_TABLE ? (size_t)1 << 40
                                  : sizeof library,
    .name = "faulty",
    .version = "1",
    .count = FAULT == NO_OPERATORS ? 0
             : FAULT == TWICE      ? 2
                                   : 1,
    .operators = FAULT == NULL_OPERATORS ? NULL : operators,
};

const fovea_plugin_library *fovea_plugin(void)
{
    return FAULT == NO_TABLE ? NULL : &library;
}
