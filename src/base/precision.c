// SPDX-License-Identifier: MIT
/* Precisions by name. */
#include "base/error.h"

#include <string.h>

static const char *const names[] = {
    [FOV_PRECISION_AUTO] = "auto", [FOV_PRECISION_FP32] = "fp32", [FOV_PRECISION_BF16] = "bf16",
    [FOV_PRECISION_FP16] = "fp16", [FOV_PRECISION_INT8] = "int8", [FOV_PRECISION_MIXED] = "mixed",
};

enum { N_NAMES = sizeof names / sizeof *names };

const char *fov_precision_name(fov_precision precision)
{
    return (unsigned)precision < N_NAMES ? names[precision] : NULL;
}

fov_status fov_precision_parse(const char *name, fov_precision *precision, fov_error *err)
{
    for (int i = 0; i < N_NAMES; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *precision = (fov_precision)i;
        return FOV_OK;
    }
    return fov_fail(err, FOV_ERR_ARGUMENT, "'%s' is no precision: there are auto, fp32, bf16, fp16, int8 and mixed", name);
}
