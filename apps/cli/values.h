// SPDX-License-Identifier: MIT
/* What may stand where a command line has a value: values.def. */
#ifndef FOVEA_CLI_VALUES_H
#define FOVEA_CLI_VALUES_H

#include "inputs.h"

/* Closed lists of words, for options' tables and those who read their values; words.h walks over them. */
#define CLI_PRECISIONS "auto|fp32|bf16|fp16|int8"    /* mixed follows from photos: 'fovea build' alone takes them */
#define CLI_METHODS "mse|min-max|percentile|entropy" /* in the order of fov_calibration_method */
#define CLI_CPU_LEVELS "generic|avx2|avxvnni|avx512|avx512vnni|avx512bf16|avx512fp16|amx"

#define CLI_MODEL_ENDINGS ".pth .wts .safetensors .onnx"
#define CLI_ENGINE_ENDING ".fov"
#define CLI_FOLDERS "/" /* in place of endings: no files */

/**
 * Print what may stand there, a line each: a word, and behind a tab what it means where that is known; for files ":files" and their
 * endings, or "*" for all, or ":folders".
 * @param value as a table has it, such as "native|long:N" or "MODEL"
 * @param before what each word is to begin with, such as "--size=", or ""
 */
void cli_value_offer(const char *value, const char *before);

#endif
