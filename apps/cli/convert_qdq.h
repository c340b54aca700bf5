// SPDX-License-Identifier: MIT
#ifndef FOVEA_CLI_CONVERT_QDQ_H
#define FOVEA_CLI_CONVERT_QDQ_H

#include "exit_codes.h"

/** Write the engine file `in` as ONNX with QuantizeLinear and DequantizeLinear. Says what failed. */
cli_exit cli_convert_qdq(const char *in, const char *out);

#endif
